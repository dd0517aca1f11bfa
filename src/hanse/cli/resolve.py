"""`hanse resolve`."""

from __future__ import annotations

import msgspec

from hanse.cli.failing import FOUND
from hanse.cli.options import NO_OPTIONS, NO_ORIGIN, Json, Manifest, OriginOptions, PolicyOptions, Quiet
from hanse.cli.output import warn, write_bytes
from hanse.cli.sources import load
from hanse.formats.import_map import serialise

__all__ = ["resolve"]


def resolve(
    manifest: Manifest = "hanse.toml",
    *,
    origin: OriginOptions = NO_ORIGIN,
    options: PolicyOptions = NO_OPTIONS,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Print the finished import map of a federation, and nothing else, on standard output.

    Warnings go to standard error. The exit code is 1 where a remote could not be had and is left out of the
    map.

    Args:
        manifest: A manifest or hanse.toml (a path or URL), or a folder that has one or remote entries.
        origin: What the manifest does not say.
        options: How it is resolved.
        quiet: Write no warnings.
        json: Write the map on one line, byte for byte as it is served; errors as JSON, too.

    Raises:
        HanseError: There is nothing to resolve, or a strict option forbids it.
    """
    loaded = load(manifest, origin, options)
    plan = loaded.plan()
    body = serialise(plan.import_map)
    write_bytes(body if json else msgspec.json.format(body, indent=2))
    if not quiet:
        notices = (f"{notice.remote}: {notice.text}" for notice in plan.notices)
        warn([*loaded.troubles(), *notices])
    return FOUND if loaded.lost else 0
