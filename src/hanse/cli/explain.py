"""`hanse explain`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from cyclopts import Parameter

from hanse.cli.explanations import container_tree, render
from hanse.cli.options import NO_OPTIONS, NO_ORIGIN, Json, Manifest, OriginOptions, PolicyOptions, Quiet
from hanse.cli.output import console, warn, write_json
from hanse.cli.page_explanations import explain_page
from hanse.cli.sources import load
from hanse.errors import NotFoundError, UsageError
from hanse.resolve import Plan
from hanse.resolve import explain as analysis
from hanse.resolve.containers import plan_containers
from hanse.share import satisfy

__all__ = ["explain"]


def explain(
    package: Annotated[
        str | None,
        Parameter(help="A package, or the specifier of one of its entrypoints.", show_default=False),
    ] = None,
    manifest: Manifest = "hanse.toml",
    *,
    page: Annotated[
        str | None, Parameter(help="Explain the preloads of this page instead: its URL.", show_default=False)
    ] = None,
    origin: OriginOptions = NO_ORIGIN,
    options: PolicyOptions = NO_OPTIONS,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Say who offers and who accepts which version of a package, which won and why, and what it costs.

    With --page, say why each preload of a page is there instead. The exit code then is 1 where something is
    preloaded for nothing, needed and not preloaded, or has another hash than it should have.

    Args:
        package: A package, or the specifier of one of its entrypoints.
        page: Explain the preloads of this page instead: its URL.
        manifest: A manifest or hanse.toml (a path or URL), or a folder that has one or remote entries.
        origin: What the manifest does not say.
        options: How it is resolved.
        quiet: Write no warnings.
        json: Write JSON; errors, too.

    Raises:
        HanseError: There is no such package, or no federation.
    """
    if page is not None:
        return explain_page(page, package, origin, json=json)
    if package is None:
        raise UsageError("nothing is to be explained", hint="name a package, or give --page URL")
    loaded = load(manifest, origin, options)
    plan = loaded.plan()
    containers = plan_containers(plan, loaded.containers, accepts=satisfy)
    guests = containers.uses_of(package)
    notices = containers.notices_of(package)
    found = explain_native(plan, package, alone=not guests)
    if json:
        listed = {"containers": msgspec.to_builtins(guests), "notices": msgspec.to_builtins(notices)}
        listed = listed if loaded.containers else {}
        write_json({"package": package, "scopes": msgspec.to_builtins(found), **listed})
    else:
        screen = console()
        for one in found:
            render(one, screen)
        if guests:
            if found:
                screen.print()
            screen.print(container_tree(guests, notices))
    if not quiet:
        warn(loaded.troubles())
    return 0


def explain_native(plan: Plan, package: str, *, alone: bool) -> tuple[analysis.Explanation, ...]:
    """Explain what became of a package among native remotes; nothing where only containers have it.

    Raises:
        NotFoundError: Nobody has it.
    """
    try:
        return analysis.explain(plan, package)
    except NotFoundError:
        if alone:
            raise
        return ()
