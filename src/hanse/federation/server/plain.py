"""Plain server builds and delegates: looked at by their document, and pulled again where it has changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Literal

import msgspec

from hanse.errors import NetworkError
from hanse.federation.delegate_modules import read_delegate
from hanse.federation.reading import decode_entry
from hanse.federation.server.supplies import Supply
from hanse.formats.config_structs import Layer
from hanse.limits import Limits
from hanse.net import Client, digest
from hanse.stream.import_container import import_container
from hanse.stream.import_entries import Imported
from hanse.stream.import_native import import_native

__all__ = ["look_at"]


async def look_at(
    supply: Supply, client: Client, *, known: str, others: Collection[str], limits: Limits
) -> tuple[str, Imported | None]:
    """Look at what a supply has, and get it where it is not what is known.

    Args:
        supply: That of a plain build or a delegate.
        client: Asks the web.
        known: The digest of what was got before; empty for none.
        others: The remotes of the federation.
        limits: The caps.

    Returns:
        The digest, and what was got; None where it is what is known.

    Raises:
        HanseError: It could not be had, or cannot be used.
    """
    if supply.folder is not None:
        return await look_at_delegate(supply, supply.folder, known=known, limits=limits)
    return await pull_plain(
        client,
        supply.url,
        kind="container" if supply.kind == "container" else "native",
        name=supply.remote,
        layer=supply.layer,
        known=known,
        others=others,
        limits=limits,
    )


async def look_at_delegate(
    supply: Supply, folder: Path, *, known: str, limits: Limits
) -> tuple[str, Imported | None]:
    """Read a delegate's files again, which are few and at hand.

    Raises:
        HanseError: One cannot be read.
    """
    member = await read_delegate(supply.url, folder, name=supply.remote, layer=supply.layer, limits=limits)
    now = member.build.entry.build
    if now == known:
        return now, None
    return now, Imported(member.build, formats=member.formats, open=member.open)


async def pull_plain(
    client: Client,
    url: str,
    *,
    kind: Literal["native", "container"],
    name: str,
    layer: Layer,
    known: str,
    others: Collection[str],
    limits: Limits,
) -> tuple[str, Imported | None]:
    """Look at a plain build, and pull it where it is not the one that is known.

    Args:
        client: Asks the web.
        url: Its document: a remote entry, a container's manifest, or its script.
        kind: Which system it was built for.
        name: The remote's name.
        layer: What the build is for.
        known: The digest of the document that was pulled by; empty for none.
        others: The remotes of the federation.
        limits: The caps.

    Returns:
        The digest of the document, and what was pulled; None where it is the one that is known.

    Raises:
        HanseError: It could not be had, or cannot be used.
    """
    accept = "application/json" if url.partition("?")[0].endswith(".json") else "*/*"
    found = await client.fetch(
        url, cap=max(limits.remote_entry_bytes, limits.module_bytes), accept=accept, revalidate=True
    )
    if found.stale_reason is not None:
        raise NetworkError(f"it could not be asked for again: {found.stale_reason}", subject=url)
    now = digest(found.body)
    if now == known:
        return now, None
    if kind == "container":
        return now, await import_container(url, client, name=name, known=others, layer=layer, limits=limits)
    entry = await decode_entry(found.body, subject=url, limits=limits, origins=client.access.origins)
    imported = await import_native(entry, url, client, name=name, layer=layer, limits=limits)
    # Where browsers read the same document, it tells whether they have the same build.
    told = msgspec.structs.replace(imported.build.entry, browser=now)
    return now, replace(imported, build=replace(imported.build, entry=told))
