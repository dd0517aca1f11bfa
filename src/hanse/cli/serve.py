"""`hanse serve`."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Annotated

from cyclopts import Parameter
from msgspec import UNSET

from hanse.cli.options import NO_OPTIONS, NO_ORIGIN, Json, Manifest, OriginOptions, PolicyOptions
from hanse.cli.output import write_address, write_text
from hanse.cli.sources import find_document, is_toml, make_federation
from hanse.errors import UsageError
from hanse.federation import Federation
from hanse.formats.config import Modules
from hanse.limits import LIMITS
from hanse.web.server import serve as run

__all__ = ["serve"]


def serve(
    manifest: Manifest = "hanse.toml",
    *,
    host: Annotated[str, Parameter(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="The port; the next one that is free where it is taken.")] = 4200,
    refresh: Annotated[
        float | None,
        Parameter(
            help=f"Seconds between two refreshes, 0 for never (hanse.toml's, or {LIMITS.refresh_interval:g})."
        ),
    ] = None,
    cache_folder: Annotated[
        str | None,
        Parameter(help="Where the last good documents are kept for a restart (hanse.toml's, or nowhere)."),
    ] = None,
    modules: Annotated[
        Modules | None,
        Parameter(
            help="Read the files behind the map, skip them, or lock the map to them (hanse.toml's, or read).",
            show_default=False,
        ),
    ] = None,
    origin: OriginOptions = NO_ORIGIN,
    options: PolicyOptions = NO_OPTIONS,
    json: Json = False,
) -> int:
    """Serve a federation: import map, manifest, health, explanations, metrics, and a page that shows it.

    Ends at SIGINT or SIGTERM, after the requests that are under way.

    Args:
        manifest: A manifest or hanse.toml (a path or URL), or a folder that has one.
        host: The address to listen on.
        port: The port; the next one that is free where it is taken, 0 for any.
        refresh: Seconds between two refreshes, 0 for never; counts before hanse.toml's.
        cache_folder: Where the last good documents are kept for a restart; counts before hanse.toml's.
        modules: What is done about the files behind the map; counts before hanse.toml's.
        origin: What the manifest does not say.
        options: How it is resolved.
        json: Announce the address as JSON; write errors as JSON, too.

    Raises:
        HanseError: There is nothing to serve, or nowhere to serve it.
    """
    federation = make(manifest, refresh, cache_folder, modules, origin, options)
    announce = write_address if json else write_text
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    asyncio.run(run(federation, host=host, port=port, announce=announce))
    sys.stdout.flush()
    return 0


def make(
    manifest: str,
    refresh: float | None,
    cache_folder: str | None,
    modules: Modules | None,
    origin: OriginOptions,
    options: PolicyOptions,
) -> Federation:
    """Make the federation that is served; what is given counts before what a hanse.toml says.

    Raises:
        HanseError: A folder has neither manifest nor hanse.toml, or what is there or given is wrong.
    """
    document = find_document(manifest)
    if document is None:
        raise UsageError("there is no hanse.toml or manifest.json in this folder", subject=manifest)
    interval = LIMITS.refresh_interval if refresh is None else refresh
    federation, policy = make_federation(
        document, origin, options, refresh=interval, cache_folder=cache_folder, modules=modules
    )
    if not is_toml(document):
        return federation
    # Single options change the file's own policy, which is known only now.
    return Federation.from_toml(
        document,
        policy=policy,
        refresh_interval=UNSET if refresh is None else refresh,
        cache_folder=UNSET if cache_folder is None else cache_folder,
        modules=modules,
    )
