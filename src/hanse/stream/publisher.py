"""The publisher: an ASGI app by which a remote gives out its server modules, to those who have its key.

Mounted under `/_hanse` it answers `GET server-entry.json` and `POST stream`, and nothing else. Every refusal
is one short body; why, and to whom, stands in the log (`hanse.stream`). What is checked, in this order: the
address, the rate, the path, the proof (from headers alone: nobody without one can send a body), whether it
was used before, the body's size and time, its digest, and only then what it says.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from hanse.errors import FormatError, RefusedError, UsageError
from hanse.limits import LIMITS, Limits
from hanse.stream.arrival import Arrival, Receive, Scope, Send, arrive, read_body, send_whole
from hanse.stream.container import Offer, PackedModule, pick_modules, write_stream
from hanse.stream.keys import KeyRing, check_length, key_ring, read_key, read_keys
from hanse.stream.peers import Allowance, Rates, is_listed, read_networks
from hanse.stream.proof import ReplayWindow, check_body, check_proof
from hanse.stream.published import Edition, record_folder
from hanse.stream.requests import STREAM_TYPE, StreamRequest, decode_request, wanted_files
from hanse.stream.seal import NONCE_BYTES, Binding, seal
from hanse.stream.shelf import Shelf
from hanse.urls import normalise, origin

__all__ = ["Publisher"]

LOG: Final = logging.getLogger("hanse.stream")

STATUSES: Final = {"address": 403, "rate": 429, "path": 404, "size": 413, "time": 408, "request": 400}
REFUSAL: Final = b'{"error":"refused"}'
HEADERS: Final = {"cache-control": "private, no-cache", "x-content-type-options": "nosniff"}
# What is smaller is sealed in a millisecond; the event loop waits for nothing longer.
LARGE: Final = 1 << 18
WAIT: Final = re.compile(r"\s*wait=(\d{1,4})\s*")


class Publisher:
    """Gives out the builds of one remote. Make one with `from_folder`.

    Args:
        shelf: What is given out.
        ring: The shared keys: each of them proves, and its asker gets an answer sealed with the same.
        private: The ed25519 key that signs, 32 bytes.
        allow: The networks that may ask; everybody who has a proof where it is empty.
        trusted_proxies: The networks of proxies whose `X-Forwarded-For` counts.
        development: Let programs on this machine ask without a proof.
        url: The base URL by which consumers know the server, where a proxy changes host or path.
        now: Seconds of Unix time.
        clock: Seconds, monotonic.
        limits: The caps.

    Raises:
        UsageError: A network, the URL or a key cannot be used.
    """

    def __init__(
        self,
        shelf: Shelf,
        *,
        ring: KeyRing,
        private: bytes,
        allow: Iterable[str] = (),
        trusted_proxies: Iterable[str] = (),
        development: bool = False,
        url: str | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        limits: Limits = LIMITS,
    ) -> None:
        check_length(private)
        self._shelf = shelf
        self._ring = ring
        self._private = private
        self._allow = read_networks(allow)
        self._proxies = read_networks(trusted_proxies)
        self._development = development
        self._base = None if url is None else read_base(url)
        self._now = now
        self._limits = limits
        self._clock = clock
        self._rates = Rates(limits, clock=clock)
        self._lines = Allowance(limits.publisher_burst, limits.publisher_rate, clock())
        self._unsaid = 0
        self._replays = ReplayWindow(self.remote, limits)
        self._answers = asyncio.Semaphore(limits.publisher_answers)
        self._waiting = 0

    @classmethod
    def from_folder(
        cls,
        folder: str | Path,
        *,
        key: KeyRing | bytes | str,
        private_key: bytes | str,
        record: str | Path | None = None,
        allow: Iterable[str] = (),
        trusted_proxies: Iterable[str] = (),
        development: bool = False,
        url: str | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        limits: Limits = LIMITS,
    ) -> Publisher:
        """Publish the build of a folder, and each that takes its place there.

        Args:
            folder: It has `server-entry.json` and the modules that it names.
            key: The key shared with consumers: its text, or several with white space between them, the one in
                use first; or a ring.
            private_key: The key that signs, or its text.
            record: A folder of the publisher's own, where it writes down serials and keeps the last builds;
                beside the folder, and called `….published`, if not given.
            allow: As for the class; so is what follows.
            trusted_proxies: As above.
            development: As above.
            url: As above.
            now: As above.
            clock: As above.
            limits: As above.

        Raises:
            HanseError: The build is broken and none was published before, or a key or a network is none.
            OSError: The folder cannot be read, or the record not written.
        """
        place = Path(folder)
        beside = record_folder(place) if record is None else Path(record)
        return cls(
            Shelf(place, beside, now=now, clock=clock, limits=limits),
            ring=read_ring(key, limits),
            private=private_key if isinstance(private_key, bytes) else read_private(private_key),
            allow=allow,
            trusted_proxies=trusted_proxies,
            development=development,
            url=url,
            now=now,
            clock=clock,
            limits=limits,
        )

    def hang_up(self) -> None:
        """Answer those who wait for another build, since the server is about to end; from its event loop."""
        self._shelf.hang_up()

    @property
    def remote(self) -> str:
        """The remote's name, as its server entry has it."""
        return self._shelf.edition.entry.name

    @property
    def serial(self) -> int:
        """The serial that is given out."""
        return self._shelf.edition.entry.serial

    async def refresh(self) -> int:
        """Look at the folder now, and return the serial that is given out after that."""
        return (await self._shelf.refresh()).entry.serial

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI has it."""
        if scope["type"] == "lifespan":
            await live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; of what goes wrong its sender learns a status."""
        arrival = arrive(scope, proxies=self._proxies, base=self._base)
        slow = self._limits.answer_deadline
        try:
            self._shelf.look()
            status, body, headers = await self._serve(arrival, receive)
        except RefusedError as error:
            self._log(arrival, error)
            status, body = STATUSES.get(error.reason, 401), REFUSAL
            headers = {"content-type": "application/json", "cache-control": "no-store"}
        if not await send_whole(send, status, body, {**HEADERS, **headers}, deadline=slow):
            LOG.warning("%s was too slow to take its answer", arrival.peer or "somebody")

    def _log(self, arrival: Arrival, error: RefusedError) -> None:
        """Log a refusal; those that come as a flood are counted, so that the log is none."""
        if not self._lines.take(self._clock()):
            self._unsaid += 1
            return
        more = f" (and {self._unsaid} others before)" if self._unsaid else ""
        self._unsaid = 0
        LOG.warning(
            "%s: %s was refused (%s): %s%s",
            self.remote,
            arrival.peer or "somebody",
            error.reason,
            error.message,
            more,
        )

    async def _serve(self, arrival: Arrival, receive: Receive) -> tuple[int, bytes, Mapping[str, str]]:
        """Check who asks, and answer.

        Raises:
            RefusedError: They may not.
        """
        places = {("GET", "/server-entry.json"): self._tell, ("POST", "/stream"): self._stream}
        if self._allow and not is_listed(arrival.peer, self._allow):
            raise self._refuse("address", "its address is not on the list")
        if not self._rates.admit(arrival.peer):
            raise self._refuse("rate", "it asks too often")
        answer = places.get((arrival.asked.method, arrival.place))
        if answer is None:
            raise self._refuse("path", f"it asks for {arrival.asked.method} {arrival.asked.path[:200]!r}")
        ring, body = await self._prove(arrival, receive)
        return await answer(arrival, body, ring)

    async def _prove(self, arrival: Arrival, receive: Receive) -> tuple[KeyRing, bytes]:
        """Return the ring to answer with, whose key in use is the asker's, and the body that was signed.

        Raises:
            RefusedError: There is no proof, or it is none.
        """
        free = self._development and arrival.local and not arrival.header("signature-input")
        limits, remote = self._limits, self.remote
        ring, proof = self._ring, None
        if not free:
            now = self._now()
            proof = check_proof(
                arrival.asked, arrival.headers, ring=ring, remote=remote, now=now, limits=limits
            )
            self._replays.admit(proof, now=now)
            ring = replace(ring, in_use=proof.key)
        cap = limits.stream_request_bytes if arrival.asked.method == "POST" else 0
        body = await read_body(receive, arrival, cap=cap, deadline=limits.request_deadline, remote=remote)
        if proof is not None:
            check_body(proof, body, remote=remote)
        return ring, body

    async def _tell(self, arrival: Arrival, _: bytes, ring: KeyRing) -> tuple[int, bytes, Mapping[str, str]]:
        """Answer with the server entry; wait for the next one if the asker has this one and likes to."""
        del ring
        known = arrival.header("if-none-match")
        wish = WAIT.fullmatch(arrival.header("prefer"))
        if wish and known == self._shelf.edition.etag and self._waiting < self._limits.publisher_waiters:
            self._waiting += 1
            try:
                seconds = min(float(wish[1]), self._limits.publisher_wait)
                await self._shelf.changed(known, seconds=seconds)
            finally:
                self._waiting -= 1
        edition = self._shelf.edition
        headers = {"etag": edition.etag}
        if known == edition.etag:
            return 304, b"", headers
        return 200, edition.document, {**headers, "content-type": "application/json"}

    async def _stream(self, _: Arrival, body: bytes, ring: KeyRing) -> tuple[int, bytes, Mapping[str, str]]:
        """Answer with a sealed stream.

        Raises:
            RefusedError: `request`: it cannot be read, or asks for what is not published; `rate`: too many
                streams are being made.
        """
        edition = self._shelf.edition
        try:
            request = decode_request(body, subject=self.remote, limits=self._limits)
            names = wanted_files(edition.entry, request.exposes)
        except FormatError as error:
            raise self._refuse("request", str(error)) from None
        modules = pick_modules(edition.packed, names, subject=self.remote)
        try:
            async with asyncio.timeout(self._limits.answer_deadline), self._answers:
                sealed = await self._seal(edition, modules, request, ring)
        except TimeoutError:
            raise self._refuse("rate", "too many streams are being made") from None
        return 200, sealed, {"content-type": STREAM_TYPE, "cache-control": "no-store"}

    async def _seal(
        self, edition: Edition, modules: tuple[PackedModule, ...], request: StreamRequest, ring: KeyRing
    ) -> bytes:
        """Write and seal a stream, a large one in a thread."""
        entry = edition.entry
        offer = Offer(
            remote=entry.name,
            version=entry.version,
            build=entry.build,
            serial=entry.serial,
            expires=int(self._now() + self._limits.stream_lifetime),
            nonce=request.nonce,
        )
        binding = Binding(remote=entry.name, version=entry.version, direction="answer")
        have = frozenset(request.have)

        def make() -> bytes:
            container = write_stream(
                modules, offer=offer, private=self._private, have=have, limits=self._limits
            )
            return seal(container, ring=ring, binding=binding, nonce=secrets.token_bytes(NONCE_BYTES))

        large = sum(len(one.deflated) for one in modules if one.row.digest not in have) > LARGE
        return await asyncio.to_thread(make) if large else make()

    def _refuse(self, reason: str, message: str) -> RefusedError:
        """Say why a request is turned away."""
        return RefusedError(message, reason=reason, subject=self.remote)


async def live(receive: Receive, send: Send) -> None:
    """Follow a server's life: there is nothing to begin or to end."""
    while (message := await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    if message["type"] == "lifespan.shutdown":
        await send({"type": "lifespan.shutdown.complete"})


def read_ring(key: KeyRing | bytes | str, limits: Limits) -> KeyRing:
    """Return a ring of shared keys, however they are given.

    Raises:
        HanseError: One is no shared key.
    """
    if isinstance(key, KeyRing):
        return key
    if isinstance(key, bytes):
        return key_ring([key])
    return key_ring(read_keys(key, "key", subject="the publisher's key", limits=limits))


def read_private(text: str) -> bytes:
    """Return the key that signs.

    Raises:
        FormatError: It is no private key.
    """
    return read_key(text, "private", subject="the publisher's private_key")


def read_base(url: str) -> tuple[str, str]:
    """Return authority and path, without a slash at its end, of a server's base URL.

    Raises:
        UsageError: It is no web URL, or has a query.
    """
    whole, start = normalise(url), origin(url)
    if whole is None or start is None or "?" in whole or "#" in whole:
        raise UsageError("this is no base URL", subject=url, hint="write it as https://shop.example/")
    return start.partition("://")[2], whole[len(start) :].rstrip("/")
