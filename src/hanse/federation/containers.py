"""Containers of a federation: their documents read, beside each other, and decoded.

A manifest comes with stats where its build has put them beside it (`mf-manifest.json`, `mf-stats.json`), and
older builds have federated stats. Both only say more: that they are not there is no fault.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from hanse.errors import FormatError, HanseError, StatusError
from hanse.federation.places import Place
from hanse.federation.reading import AT_ONCE, Received, read
from hanse.formats.container import Container, bare_container
from hanse.formats.federated_stats import decode_federated_stats
from hanse.formats.mf_manifest import decode_mf_manifest
from hanse.formats.mf_stats import decode_mf_stats, stats_name
from hanse.formats.read_container import read_container
from hanse.limits import Limits
from hanse.net import Access, Client, digest
from hanse.urls import join

__all__ = [
    "NO_PAPERS",
    "Papers",
    "decode_container",
    "exports_of",
    "is_script",
    "read_papers",
    "receive",
    "with_facades",
    "work_out",
]

FEDERATED: Final = "federated-stats.json"
SCRIPTS: Final = (".js", ".mjs", ".cjs")
# From here on an answer says nothing about whether a document is there.
SERVER_ERRORS: Final = 500


@dataclass(frozen=True, slots=True)
class Papers:
    """What lies beside a container's manifest: bytes, None where there is nothing."""

    stats: bytes | None = None
    federated: bytes | None = None


NO_PAPERS: Final = Papers()


def is_script(url: str) -> bool:
    """Tell whether a URL names a container script, and not a manifest."""
    return url.partition("#")[0].partition("?")[0].endswith(SCRIPTS)


async def receive(
    place: Place,
    client: Client,
    limits: Limits,
    *,
    integrity: str | None = None,
    deadline: float | None = None,
    access: Access | None = None,
) -> Received:
    """Read a container's manifest; of a bare container script only the digest is kept.

    Raises:
        HanseError: It could not be had.
    """
    cap = limits.remote_entry_bytes
    found = await read(place, client, cap=cap, integrity=integrity, deadline=deadline, access=access)
    if not is_script(place.url):
        return found
    return Received(digest(found.body).encode(), found.trouble, found.age, confirmed=found.confirmed)


async def read_papers(
    place: Place,
    client: Client,
    limits: Limits,
    *,
    before: Papers = NO_PAPERS,
    deadline: float | None = None,
    access: Access | None = None,
) -> Papers:
    """Read what lies beside a manifest.

    Args:
        place: The manifest's.
        client: Asks the web.
        limits: The caps.
        before: What lay there before: it stays where the origin cannot be asked, as with any document.
        deadline: Seconds for each.
        access: The origins that may be asked; the client's own if not given.
    """
    if is_script(place.url):
        return NO_PAPERS

    async def ask(name: str, known: bytes | None) -> bytes | None:
        beside = place_beside(place, name)
        if beside is None:
            return None
        try:
            found = await read(
                beside,
                client,
                cap=limits.remote_entry_bytes,
                deadline=deadline,
                # Of what was not there a moment ago nobody asks again at once.
                revalidate=known is not None,
                access=access,
            )
        except StatusError as error:
            return known if error.status >= SERVER_ERRORS else None
        except HanseError:
            return None if beside.file is not None else known
        return found.body if looks_like_object(found.body) else None

    own = place.url.partition("#")[0].partition("?")[0].rpartition("/")[2]
    stats, federated = await asyncio.gather(
        ask(stats_name(own), before.stats), ask(FEDERATED, before.federated)
    )
    return Papers(stats, federated)


def place_beside(place: Place, name: str) -> Place | None:
    """Find the place of a document beside another; the query stays, for it may tell builds apart."""
    if place.file is not None:
        return Place(name, place.file.with_name(name), place.folder)
    query = place.url.partition("#")[0].partition("?")
    url = join(place.url, name + query[1] + query[2])
    return None if url is None else Place(url)


def looks_like_object(body: bytes) -> bool:
    """Tell a document from the page that many servers answer with in the place of what is not there."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


async def decode_container(
    body: bytes,
    papers: Papers,
    *,
    name: str,
    url: str,
    limits: Limits,
    origins: Collection[str] = (),
    facades: Mapping[str, Sequence[str]] | None = None,
) -> Container:
    """Work out what a container comes to, from large documents in a thread.

    Args:
        body: Its manifest, or what `receive` keeps of a script.
        papers: What lies beside it; what cannot be used of that is left out.
        name: Its name in the federation.
        url: Where the manifest, or the script, was read.
        limits: The caps.
        origins: Those its files may have, beside that of the manifest.
        facades: Package -> the names that the container's copy exports, where the operator has said so.

    Raises:
        FormatError: It is no proper manifest, or one of a build for servers.
    """
    found = await decode_documents(body, papers, name, url, limits, origins)
    return with_facades(found, facades)


def with_facades(container: Container, facades: Mapping[str, Sequence[str]] | None) -> Container:
    """Return a container with what the operator says that its copies export."""
    return msgspec.structs.replace(container, facades=exports_of(facades)) if facades else container


def exports_of(facades: Mapping[str, Sequence[str]] | None) -> dict[str, tuple[str, ...]]:
    """Return facades as a container has them."""
    return {package: tuple(names) for package, names in (facades or {}).items()}


async def decode_documents(
    body: bytes, papers: Papers, name: str, url: str, limits: Limits, origins: Collection[str]
) -> Container:
    """Put the documents together, large ones in a thread.

    Raises:
        FormatError: It is no proper manifest, or one of a build for servers.
    """
    size = len(body) + len(papers.stats or b"") + len(papers.federated or b"")
    if size <= AT_ONCE:
        return work_out(body, papers, name, url, limits, origins)
    return await asyncio.to_thread(work_out, body, papers, name, url, limits, origins)


def work_out(
    body: bytes, papers: Papers, name: str, url: str, limits: Limits, origins: Collection[str]
) -> Container:
    """Decode the documents and put them together.

    Raises:
        FormatError: The manifest is no proper one, or one of a build for servers.
    """
    if is_script(url):
        return bare_container(name, url)
    manifest = decode_mf_manifest(body, subject=url, limits=limits)
    stats = federated = None
    try:
        stats = None if papers.stats is None else decode_mf_stats(papers.stats, subject=url, limits=limits)
    except FormatError:
        stats = None
    try:
        if papers.federated is not None:
            federated = decode_federated_stats(papers.federated, subject=url, limits=limits)
    except FormatError:
        federated = None
    found = read_container(manifest, name=name, url=url, stats=stats, federated=federated, origins=origins)
    if found.script is None:
        raise FormatError(
            "this container is built for servers only",
            subject=url,
            path="$.metaData.remoteEntry.type",
            found=repr(found.server_type),
            expected="a type that browsers can load, such as `global` or `module`",
            hint="name the manifest of the build for browsers",
        )
    return found
