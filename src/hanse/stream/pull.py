"""Pulling: a remote's server modules, asked for in one round trip, and accepted whole or not at all."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import msgspec

from hanse.errors import FormatError, StatusError, StreamError, UsageError
from hanse.formats.decoding import shorten
from hanse.formats.server_entry import ServerEntry, build_digest, decode_server_entry
from hanse.limits import LIMITS, Limits
from hanse.net import Client, Reply
from hanse.stream.builds import Build
from hanse.stream.cache import StreamCache
from hanse.stream.container import Pulled, read_stream
from hanse.stream.keys import KeyRing
from hanse.stream.proof import Asked, prove
from hanse.stream.requests import STREAM_TYPE, encode_request, wanted_files
from hanse.stream.seal import Binding, open_sealed
from hanse.stream.signing import Publishers
from hanse.urls import join, normalise, origin

__all__ = ["Announced", "Supplier", "pull", "pull_announced", "read_entry"]

# What a seal and a container add to the modules themselves, at most.
ENVELOPE: float = 1.01
# An entry that was read a moment before a deploy belongs to another build than the stream after it.
STALE_ENTRY = frozenset({"seal", "build"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier:
    """A remote, as a consumer of its server modules knows it.

    Attributes:
        remote: Its name.
        server: The base URL of its server; the endpoints are below it, in `_hanse/`.
        ring: The keys shared with it.
        publishers: Whose signatures count, for each remote.
        deadline: Seconds that it has to answer; None for the client's own.
        trace: The trace that it is asked for, as W3C's `traceparent` has it; None where it is for nobody's.
    """

    remote: str
    server: str
    ring: KeyRing
    publishers: Publishers = field(repr=False)
    deadline: float | None = None
    trace: str | None = None

    def endpoint(self, name: str) -> str:
        """Return the URL of an endpoint, normalised.

        Raises:
            UsageError: The server's URL is none.
        """
        base = normalise(self.server)
        url = None if base is None else join(base if base.endswith("/") else f"{base}/", f"_hanse/{name}")
        if url is None or origin(url) is None:
            raise UsageError("this is no server's URL", subject=self.server, hint="write it with https://")
        return url


@dataclass(frozen=True, slots=True)
class Announced:
    """A server entry, as a remote announced it.

    Nobody has signed it yet: what pulls the build compares the stream, which is signed, with its digest.

    Attributes:
        entry: The document, decoded.
        document: The document as it came.
        etag: What to ask with for the next one; None where the server gave none.
    """

    entry: ServerEntry
    document: bytes = field(repr=False)
    etag: str | None


async def read_entry(
    client: Client,
    supplier: Supplier,
    *,
    etag: str | None = None,
    wait: float = 0.0,
    now: Callable[[], float] = time.time,
    limits: Limits = LIMITS,
) -> Announced | None:
    """Ask a remote which build it publishes.

    Args:
        client: Sends the request; the server's origin has to be allowed.
        supplier: The remote.
        etag: That of the build that is known.
        wait: Seconds that the remote may wait for a build with another tag before it answers.
        now: Seconds of Unix time.
        limits: The caps.

    Returns:
        What is announced, or None where it is the build that is known.

    Raises:
        FetchError: It could not be had.
        FormatError: It is no server entry, or another remote's.
    """
    patient = wait > 0 and etag is not None
    deadline = limits.fetch_deadline if supplier.deadline is None else supplier.deadline
    reply = await ask(
        client,
        supplier,
        "server-entry.json",
        cap=limits.server_entry_bytes,
        etag=etag,
        more={"prefer": f"wait={wait:.0f}"} if patient else {},
        deadline=deadline + wait if patient else deadline,
        patient=patient,
        now=now,
    )
    if reply.status == 304:
        return None
    subject = supplier.endpoint("server-entry.json")
    entry = decode_server_entry(reply.body, subject=subject, limits=limits)
    if entry.name != supplier.remote:
        raise FormatError(
            "this is another remote's server entry",
            subject=subject,
            path="$.name",
            found=repr(shorten(entry.name)),
            expected=repr(supplier.remote),
        )
    return Announced(entry, reply.body, reply.etag)


async def pull(
    client: Client,
    supplier: Supplier,
    *,
    cache: StreamCache,
    exposes: Collection[str] | None = None,
    known: Announced | None = None,
    now: Callable[[], float] = time.time,
    limits: Limits = LIMITS,
) -> Build:
    """Pull the build that a remote publishes, all of it verified.

    Entry and stream are asked for at the same time, so that the modules are here after one round trip. What
    the cache has of them does not travel. Where entry and stream turn out to be of different builds, as they
    are around a deploy, both are asked for once more.

    Args:
        client: Sends the requests; the server's origin has to be allowed.
        supplier: The remote.
        cache: Knows the serial that was accepted last, and keeps what is accepted now.
        exposes: The keys of exposed modules, and the paths of pages, that are wanted with all they import;
            None for the whole build.
        known: The entry, where it was read already.
        now: Seconds of Unix time.
        limits: The caps.

    Raises:
        FetchError: It could not be had.
        StreamError: It must not be used; its `reason` says why.
        IntegrityError: A module has another digest than was signed.
        FormatError: It is no stream, outside a cap, or lacks what was asked for.
        OSError: The cache cannot be read or written.
    """
    build, announced = await pull_announced(
        client, supplier, cache=cache, exposes=exposes, known=known, now=now, limits=limits
    )
    await asyncio.to_thread(cache.keep, build, announced.document)
    return build


async def pull_announced(
    client: Client,
    supplier: Supplier,
    *,
    cache: StreamCache,
    exposes: Collection[str] | None = None,
    known: Announced | None = None,
    now: Callable[[], float] = time.time,
    limits: Limits = LIMITS,
) -> tuple[Build, Announced]:
    """Pull a build, and return it with its announcement; arguments and errors are those of `pull`.

    Nothing of it is kept yet: until `cache.keep(build, announced.document)` its serial binds nobody.
    """
    deadline = limits.fetch_deadline if supplier.deadline is None else supplier.deadline
    wish = Wish(
        client=client,
        supplier=supplier,
        cache=cache,
        exposes=exposes,
        until=asyncio.get_running_loop().time() + deadline,
        now=now,
        limits=limits,
    )
    try:
        return await pull_once(wish, known)
    except StreamError as error:
        if error.reason not in STALE_ENTRY:
            raise
    return await pull_once(wish, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The arguments of one `pull`; `until` is its deadline on the event loop's clock."""

    client: Client
    supplier: Supplier
    cache: StreamCache
    exposes: Collection[str] | None
    until: float
    now: Callable[[], float]
    limits: Limits


async def pull_once(wish: Wish, known: Announced | None) -> tuple[Build, Announced]:
    """Ask once, and accept what comes; for the errors see `pull`."""
    remote, now, limits = wish.supplier.remote, wish.now, wish.limits
    have = await asyncio.to_thread(have_of, wish.cache, remote, known)
    nonce = secrets.token_urlsafe(24)
    asking = asyncio.create_task(
        ask(
            wish.client,
            wish.supplier,
            "stream",
            content=encode_request(nonce, exposes=wish.exposes, have=have),
            cap=int(limits.stream_bytes * ENVELOPE),
            accept=STREAM_TYPE,
            more={"content-type": "application/json"},
            deadline=max(wish.until - asyncio.get_running_loop().time(), 0.001),
            now=now,
        )
    )
    try:
        announced = known or await read_entry(wish.client, wish.supplier, now=now, limits=limits)
        reply = await asking
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    if announced is None:
        message = "it answered 304 to a request without a tag"
        raise StatusError(message, status=304, subject=wish.supplier.endpoint("server-entry.json"))
    build = await asyncio.to_thread(accept, wish, announced, reply.body, nonce=nonce, have=have)
    return build, announced


def have_of(cache: StreamCache, remote: str, known: Announced | None) -> dict[str, bytes]:
    """Return what the cache has of the build that is announced, or else of the one that was accepted last."""
    rows = () if known is None else (module.digest for module in known.entry.modules.values())
    return cache.have(frozenset(rows) | cache.known(remote))


def accept(
    wish: Wish, announced: Announced, sealed: bytes, *, nonce: str, have: Mapping[str, bytes]
) -> Build:
    """Open and verify a stream; for the errors see `pull`."""
    supplier, entry, limits = wish.supplier, announced.entry, wish.limits
    binding = Binding(remote=supplier.remote, version=entry.version, direction="answer")
    pulled = read_stream(
        open_sealed(sealed, ring=supplier.ring, binding=binding, limits=limits),
        remote=supplier.remote,
        publishers=supplier.publishers,
        nonce=nonce,
        now=wish.now(),
        in_use=wish.cache.in_use(supplier.remote),
        have=have,
        limits=limits,
    )
    check_build(pulled, announced, limits)
    wanted = wanted_files(entry, wish.exposes)
    if missing := next((name for name in sorted(wanted) if name not in pulled.modules), None):
        raise FormatError(f"it lacks `{shorten(missing)}`, which was asked for", subject=supplier.remote)
    return Build(msgspec.structs.replace(entry, serial=pulled.header.serial), pulled.modules)


def check_build(pulled: Pulled, announced: Announced, limits: Limits) -> None:
    """Raise unless a stream is of the build that was announced.

    The signed header has the digest of the whole entry: so what the entry says of exposes, pages and shared
    packages is the publisher's too.

    Raises:
        StreamError: `build`: it is of another one, or its table is not the entry's.
    """
    header, entry = pulled.header, announced.entry
    digest = build_digest(announced.document, subject=header.remote, limits=limits)
    if header.build != digest or entry.build != digest or header.version != entry.version:
        raise StreamError(
            f"it is of the build {header.build[:23]}…, and the server entry of {digest[:23]}…",
            reason="build",
            subject=header.remote,
        )
    for row in header.modules:
        module = entry.modules.get(row.name)
        said = None if module is None else (module.digest, module.size, module.imports)
        if said != (row.digest, row.size, row.imports):
            raise StreamError(
                f"`{shorten(row.name)}` is not the module that the server entry describes",
                reason="build",
                subject=header.remote,
            )


async def ask(
    client: Client,
    supplier: Supplier,
    name: str,
    *,
    cap: int,
    now: Callable[[], float],
    deadline: float,
    content: bytes | None = None,
    etag: str | None = None,
    accept: str = "application/json",
    more: Mapping[str, str] | None = None,
    patient: bool = False,
) -> Reply:
    """Send a request with its proof to an endpoint of a remote.

    Raises:
        FetchError: It could not be had.
    """
    url = supplier.endpoint(name)
    start = origin(url) or ""
    asked = Asked(
        method="GET" if content is None else "POST",
        authority=start.partition("://")[2],
        path=url[len(start) :],
    )
    nonce = secrets.token_urlsafe(24)
    proof = prove(asked, content or b"", ring=supplier.ring, remote=supplier.remote, nonce=nonce, now=now())
    # What travels is deflated already, or small: another coding gains nothing, and bombs are made of them.
    headers = {**(more or {}), **proof, "accept-encoding": "identity"}
    if supplier.trace is not None:
        headers["traceparent"] = supplier.trace
    try:
        return await client.ask(
            url,
            cap=cap,
            headers=headers,
            content=content,
            etag=etag,
            accept=accept,
            deadline=deadline,
            patient=patient,
        )
    except StatusError as error:
        raise explain(error) from None


def explain(error: StatusError) -> StatusError:
    """Say what a publisher's refusal most often means; it does not say so itself."""
    hints = {
        401: "compare the keys and the clocks of both servers; the publisher's log says what was wrong",
        403: "the publisher has a list of addresses, and this server's is not on it",
        404: "see whether a publisher is mounted there, under `/_hanse`",
        429: "the publisher is asked too often",
    }
    hint = hints.get(error.status, error.hint)
    return StatusError(error.message, status=error.status, subject=error.subject, hint=hint)
