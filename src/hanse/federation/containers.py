"""Containers of a federation: their documents read, beside each other, and decoded.

A manifest comes with stats where its build has put them beside it (`mf-manifest.json`, `mf-stats.json`), and
older builds have federated stats. Both only say more: that they are not there is no fault. The operator may
name the manifest of the same container's build for servers, too. What is wrong with that, or with stats, is
a finding, and costs the browser's part nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeVar

import msgspec

from hanse.errors import BreakerError, FormatError, HanseError, StatusError
from hanse.federation.places import Place, ServerPlace
from hanse.federation.reading import AT_ONCE, CONTAINERS_MARK, Received, read
from hanse.federation.telling import tell
from hanse.formats.container import Container, ContainerFinding, bare_container, with_finding
from hanse.formats.federated_stats import decode_federated_stats
from hanse.formats.mf_manifest import decode_mf_manifest
from hanse.formats.mf_stats import decode_mf_stats, stats_name
from hanse.formats.mf_structs import MfManifest
from hanse.formats.read_container import read_container
from hanse.formats.server_build import server_fault, with_server_script
from hanse.limits import Limits
from hanse.net import Access, Client, digest
from hanse.urls import join

__all__ = [
    "NO_PAPERS",
    "TAKEN_BACK",
    "Papers",
    "ServerPaper",
    "decode_container",
    "exports_of",
    "is_script",
    "read_papers",
    "receive",
    "receive_all",
    "with_facades",
    "work_out",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# What remote entries of native federation have, and no Module Federation manifest.
NATIVE_MARK: Final = b'"outFileName"'
FEDERATED: Final = "federated-stats.json"
SCRIPTS: Final = (".js", ".mjs", ".cjs")
# From here on an answer says nothing about whether a document is there.
SERVER_ERRORS: Final = 500
# Gone, and withheld for legal reasons: what an origin takes back is not served any longer.
TAKEN_BACK: Final = frozenset({410, 451})


class Decoder(Protocol[T_co]):
    """Decodes a document, or raises `FormatError`."""

    def __call__(self, data: bytes, *, subject: str, limits: Limits) -> T_co:
        """Decode it."""


@dataclass(frozen=True, slots=True)
class ServerPaper:
    """The manifest of a container's build for servers: where it lies, and its bytes.

    `fault` says why it could not be had, or, where there are bytes, why these are an old copy.
    """

    url: str
    body: bytes | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Papers:
    """What there is beside a container's manifest: bytes, None where there is nothing.

    `server` is there where the operator has named a manifest of the build for servers.
    """

    stats: bytes | None = None
    federated: bytes | None = None
    server: ServerPaper | None = None


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


async def receive_all(
    place: Place,
    server: ServerPlace | None,
    client: Client,
    limits: Limits,
    *,
    integrity: str | None = None,
    before: Papers = NO_PAPERS,
    deadline: float | None = None,
    server_deadline: float | None = None,
) -> tuple[Received, Papers]:
    """Read a container's manifest and what lies beside it, and at the same time that of its server build.

    Args:
        place: The manifest's.
        server: That of the manifest of its build for servers, if one is named.
        client: Asks the web.
        limits: The caps.
        integrity: The digest that the manifest should have.
        before: What there was before, see `read_papers`.
        deadline: Seconds for each.
        server_deadline: Seconds for the manifest of the build for servers.

    Raises:
        HanseError: The manifest could not be had.
    """
    asked = asyncio.ensure_future(
        read_server(server, client, limits, before=before.server, deadline=server_deadline)
    )
    try:
        received = await receive(place, client, limits, integrity=integrity, deadline=deadline)
        papers = await read_papers(place, client, limits, before=before, deadline=deadline)
        return received, replace(papers, server=await asked)
    finally:
        asked.cancel()
        await asyncio.wait([asked])


async def read_server(
    server: ServerPlace | None,
    client: Client,
    limits: Limits,
    *,
    before: ServerPaper | None,
    deadline: float | None,
) -> ServerPaper | None:
    """Read the manifest of a build for servers; the one of before stays where it cannot be had now."""
    if server is None:
        return None
    place = server.place
    if server.fault is not None:
        return ServerPaper(place.url, fault=tell(server.fault))
    known = before if before is not None and before.url == place.url else None
    body = None if known is None else known.body
    try:
        found = await read(place, client, cap=limits.remote_entry_bytes, deadline=deadline)
    except HanseError as error:
        gone = isinstance(error, StatusError) and error.status in TAKEN_BACK
        return ServerPaper(place.url, None if gone else body, first_fault(error, known))
    fault = None if found.trouble is None else first_fault(found.trouble, known)
    return ServerPaper(place.url, found.body, fault)


def first_fault(error: HanseError, known: ServerPaper | None) -> str:
    """Say why a document failed in the first place, where its origin is only left alone for that."""
    earlier = None if known is None else known.fault
    return earlier if isinstance(error, BreakerError) and earlier is not None else tell(error)


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

    own = stats_name(name_of(place.url))
    stats, federated = await asyncio.gather(ask(own, before.stats), ask(FEDERATED, before.federated))
    return Papers(stats, federated)


def name_of(url: str) -> str:
    """Return the name of the file that a URL ends with."""
    return url.partition("#")[0].partition("?")[0].rpartition("/")[2]


def url_beside(url: str, name: str) -> str:
    """Return the URL of a file beside another, relative where that is; the query stays."""
    path, mark, query = url.partition("#")[0].partition("?")
    folder, slash, _ = path.rpartition("/")
    return folder + slash + name + mark + query


def place_beside(place: Place, name: str) -> Place | None:
    """Find the place of a document beside another; the query stays, for it may tell builds apart."""
    if place.file is not None:
        return Place(name, place.file.with_name(name), place.folder)
    url = join(place.url, url_beside(place.url, name))
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
    server = None if papers.server is None else papers.server.body
    size = sum(len(one or b"") for one in (body, papers.stats, papers.federated, server))
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
    faults: list[ContainerFinding] = []
    server = decode_server(papers.server, limits, faults)
    if is_script(url):
        found = bare_container(name, url)
        found = found if server is None else with_server_script(found, server, origins)
    else:
        found = put_together(body, papers, name, url, limits, origins, server, faults)
    for fault in faults:
        found = with_finding(found, fault)
    return found


def put_together(
    body: bytes,
    papers: Papers,
    name: str,
    url: str,
    limits: Limits,
    origins: Collection[str],
    server: tuple[MfManifest, str] | None,
    faults: list[ContainerFinding],
) -> Container:
    """Decode a manifest and what lies beside it, and work out what they come to.

    Raises:
        FormatError: The manifest is no proper one, or one of a build for servers.
    """
    if NATIVE_MARK in body and CONTAINERS_MARK not in body:
        raise FormatError(
            "this is no Module Federation manifest",
            subject=url,
            found="a remote entry of native federation",
            expected="what a build of Module Federation writes",
            hint='leave `"type": "mf"` out',
        )
    manifest = decode_mf_manifest(body, subject=url, limits=limits)
    beside = url_beside(url, stats_name(name_of(url)))
    stats = decode_notes(decode_mf_stats, papers.stats, beside, limits, faults)
    beside = url_beside(url, FEDERATED)
    federated = decode_notes(decode_federated_stats, papers.federated, beside, limits, faults)
    found = read_container(
        manifest, name=name, url=url, stats=stats, federated=federated, server=server, origins=origins
    )
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


def decode_notes(
    decode: Decoder[T], body: bytes | None, url: str, limits: Limits, faults: list[ContainerFinding]
) -> T | None:
    """Decode a build's notes beside its manifest; what is wrong with them is added to the faults."""
    if body is None:
        return None
    try:
        return decode(body, subject=url, limits=limits)
    except FormatError as error:
        text = f"the build's notes beside it are not used: {tell(error)}"
        faults.append(ContainerFinding("stats-fault", error.path, text))
        return None


def decode_server(
    paper: ServerPaper | None, limits: Limits, faults: list[ContainerFinding]
) -> tuple[MfManifest, str] | None:
    """Decode the manifest of a build for servers, with its URL; what is wrong is added to the faults."""
    if paper is None:
        return None
    if paper.fault is not None:
        state = "could not be had" if paper.body is None else "could not be renewed, and an old copy is used"
        text = f"the manifest of its build for servers {state}: {paper.fault}"
        faults.append(ContainerFinding("server-fault", "$", text))
    if paper.body is None:
        return None
    try:
        return decode_mf_manifest(paper.body, subject=paper.url, limits=limits), paper.url
    except FormatError as error:
        faults.append(server_fault(error))
        return None
