"""`hanse check`."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from hanse.cli.candidates import read_candidate
from hanse.cli.explanations import say_cost
from hanse.cli.failing import FOUND
from hanse.cli.options import NO_OPTIONS, NO_ORIGIN, Json, Manifest, OriginOptions, PolicyOptions
from hanse.cli.output import progress, visible, warn, write_json, write_text
from hanse.cli.sources import load
from hanse.errors import UsageError
from hanse.resolve import check as analysis
from hanse.share import satisfy

__all__ = ["check"]


def check(
    manifest: Manifest = "hanse.toml",
    *,
    candidate: Annotated[
        str | None,
        Parameter(
            help="The remote entry, or Module Federation manifest, to be deployed: a path or URL. Not given: "
            "the folder is an app's, and its pages are compared with those of the others.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None, Parameter(help="Its name in the manifest; the one its entry has, if not given.")
    ] = None,
    url: Annotated[
        str | None, Parameter(help="Where it will be served; where the remote is now, if not given.")
    ] = None,
    server: Annotated[
        str | None,
        Parameter(
            help="The manifest of a container's build for servers, or its folder, to be deployed with it; "
            "the one that is deployed, if not given.",
            show_default=False,
        ),
    ] = None,
    origin: OriginOptions = NO_ORIGIN,
    options: PolicyOptions = NO_OPTIONS,
    json: Json = False,
) -> int:
    """Say what would break, tear, island or be loaded twice if a remote entry were deployed.

    The exit code is 1 where anything would become worse than it is, and 0 where nothing would. Without a
    candidate the folder is an app's: it is said which pages would be hidden by whose, and the exit code is 1
    where any would.

    Args:
        manifest: A manifest or hanse.toml (a path or URL), or a folder that has one or remote entries.
        candidate: The remote entry, or Module Federation manifest, to be deployed: a path or URL. Not given:
            the folder is an app's, and its pages are compared with those of the others.
        name: Its name in the manifest; the one its entry has, if not given.
        url: Where it will be served; where the remote is now, if not given.
        server: The manifest of a container's build for servers, or its folder, to be deployed with it; the
            one that is deployed, if not given.
        origin: What the manifest does not say.
        options: How it is resolved.
        json: Write JSON; errors, too.

    Raises:
        HanseError: There is no federation, or the candidate is no remote entry.
    """
    if candidate is None:
        return compare_pages(manifest, as_json=json)
    loaded = load(manifest, origin, options, relaxed=True)
    placed = read_candidate(loaded, candidate, name=name, url=url, server=server)
    unseen = [one.name for one in loaded.lost if one.name != placed.name]
    with progress(f"checking {candidate}"):
        report = analysis.check(
            loaded.remotes,
            placed,
            loaded.policy,
            unseen=unseen,
            containers=loaded.containers,
            accepts=satisfy,
        )
    if json:
        write_json({"worse": report.worse, **msgspec.structs.asdict(report)})
    else:
        write_text(render(report))
        warn(loaded.troubles())
    return FOUND if report.worse else 0


def render(report: analysis.Report) -> str:
    """Write a report for people."""
    verb = "joins the federation" if report.joins else "replaces its predecessor"
    lines = [f"{report.candidate} {verb}"]
    lines += [f"  {finding.severity:6}  {finding.kind}: {finding.sentence}" for finding in report.findings]
    before, after = report.cost_before, report.cost_after
    costs = say_cost(before.downloads, before.bytes), say_cost(after.downloads, after.bytes)
    lines.append(f"cost beyond one build of each package: {costs[0]} before, {costs[1]} after")
    if report.unseen:
        lines.append(f"not seen, for they could not be had: {', '.join(report.unseen)}")
    lines.append("verdict: this deployment makes something worse" if report.worse else "verdict: fine")
    return visible("\n".join(lines))


def compare_pages(place: str, *, as_json: bool) -> int:
    """Say which pages of an app and of those it federates with hide each other; return the exit code.

    Raises:
        HanseError: There is no app in the folder.
    """
    from hanse.apps.checking import check_routes
    from hanse.apps.dev.keys import with_keys
    from hanse.apps.project import CONFIG, open_project

    named = Path(place)
    folder = named.parent if named.name == CONFIG else named
    if not (folder / CONFIG).is_file():
        raise UsageError(
            "there is neither a candidate nor an app",
            subject=place,
            hint="--candidate FILE, or an app's folder",
        )
    project = open_project(folder, os.environ)
    with progress(f"asking {', '.join(project.remotes) or 'nobody'}"):
        report = asyncio.run(check_routes(with_keys(project)))
    if as_json:
        write_json(asdict(report))
    else:
        for conflict in report.conflicts:
            write_text(visible(conflict))
        write_text(visible(f"{project.name}: {report.routes} pages, {len(report.conflicts)} of them hidden"))
        warn(f"{name} could not be asked for its pages" for name in report.unseen)
    return FOUND if report.conflicts else 0
