"""`hanse check`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from cyclopts import Parameter

from hanse.cli.candidates import read_candidate
from hanse.cli.explanations import say_cost
from hanse.cli.failing import FOUND
from hanse.cli.options import NO_OPTIONS, NO_ORIGIN, Json, Manifest, OriginOptions, PolicyOptions
from hanse.cli.output import progress, visible, warn, write_json, write_text
from hanse.cli.sources import load
from hanse.resolve import check as analysis
from hanse.share import satisfy

__all__ = ["check"]


def check(
    manifest: Manifest = "hanse.toml",
    *,
    candidate: Annotated[
        str, Parameter(help="The remote entry, or Module Federation manifest, to be deployed: a path or URL.")
    ],
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

    The exit code is 1 where anything would become worse than it is, and 0 where nothing would.

    Args:
        manifest: A manifest or hanse.toml (a path or URL), or a folder that has one or remote entries.
        candidate: The remote entry, or Module Federation manifest, to be deployed: a path or URL.
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
