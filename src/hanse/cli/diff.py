"""`hanse diff`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from cyclopts import Parameter

from hanse.cli.differences import render
from hanse.cli.failing import FOUND
from hanse.cli.options import NO_OPTIONS, NO_ORIGIN, Json, OriginOptions, PolicyOptions, Quiet
from hanse.cli.output import warn, write_json, write_text
from hanse.cli.views import read_view
from hanse.resolve.compare import compare

__all__ = ["diff"]

SOURCE = "A manifest, hanse.toml or import map (a path or URL), or a folder."


def diff(
    old: Annotated[str, Parameter(help=SOURCE)],
    new: Annotated[str, Parameter(help=SOURCE)],
    *,
    origin: OriginOptions = NO_ORIGIN,
    options: PolicyOptions = NO_OPTIONS,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Compare two federations or import maps: mappings, versions, owners, copies, costs.

    Packages, remotes and costs are compared where both sides are federations. The exit code is 1 where
    anything differs.

    Args:
        old: A manifest, hanse.toml or import map (a path or URL), or a folder.
        new: The same for what it is compared with.
        origin: What the manifests do not say.
        options: How they are resolved.
        quiet: Write no warnings.
        json: Write JSON; errors, too.

    Raises:
        HanseError: One of them cannot be had, or resolved.
    """
    before, troubles = read_view(old, origin, options)
    after, more = read_view(new, origin, options)
    found = compare(before, after)
    if json:
        write_json({"same": found.same, **msgspec.structs.asdict(found)})
    else:
        write_text(render(found))
    if not quiet:
        warn([*troubles, *more])
    return 0 if found.same else FOUND
