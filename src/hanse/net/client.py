"""The client every document comes through: guard, cache, single flight, and the last good copy.

The order of a fetch: the URL is checked; a fresh copy answers at once; a stale one may answer while it
is being renewed; else the origin is asked, by one request however many are waiting. What comes is checked
(digest, then the caller's own check) before it becomes the good copy, and where anything of this fails,
the copy at hand answers, marked as stale and with the reason.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from typing import Final, Self

import httpx2

from hanse.errors import HanseError, IntegrityError, StatusError, UsageError
from hanse.limits import LIMITS, Limits
from hanse.net.breaker import BreakerState
from hanse.net.cache import Cache, Entry, Key
from hanse.net.documents import Document, Reply, Stats, Status, make_document
from hanse.net.event_parser import EventParser
from hanse.net.event_stream import EventStream, open_stream
from hanse.net.flights import Flights
from hanse.net.guard import Access, Target, check_url
from hanse.net.integrity import verify_integrity
from hanse.net.resolver import Resolver, SystemResolver
from hanse.net.sender import Delivery, Order, Sender
from hanse.net.transport import GuardedTransport
from hanse.net.watching import Hear, follow_stream
from hanse.urls import origin

__all__ = ["Client", "Validate"]

# Checks a body before it becomes the good copy; raises a HanseError to refuse it.
Validate = Callable[[bytes], object]

# A header that goes back to the origin is short and plain, or is not sent at all.
VALIDATOR_LENGTH: Final = 1024

# What of an answer's headers is kept: what decides whether, and how, a browser uses a module.
KEPT_HEADERS: Final = ("access-control-allow-origin", "cache-control", "content-type", "vary")

# Gone, and not to be shown for legal reasons: what the origin took back is not served from a copy.
GONE: Final = frozenset({410, 451})


@dataclass(frozen=True, slots=True)
class Wish:
    """What one caller of `fetch` wants, and the copy at hand that would do, fresh or not."""

    target: Target
    access: Access
    accept: str
    cap: int
    integrity: str | None
    validate: Validate | None
    seconds: float
    copy: Entry | None

    @property
    def key(self) -> Key:
        """What the cache knows the document by."""
        return (self.target.url, self.accept)

    @property
    def flight(self) -> Hashable:
        """What two wishes have to agree in to be served by one request.

        A conditional request serves only those who can use the copy it is about, and everybody who waits
        gives up when the first one does, so all have to be as patient. A redirect that one may follow is
        refused to another.
        """
        return (self.target, self.access, self.accept, self.cap, self.seconds, self.copy is None)


class Client:
    """Fetches documents, for one federation, on one event loop. Close it with `aclose` or `async with`.

    Args:
        access: The origins that may be asked; may be replaced later by setting `access`.
        limits: Deadlines, sizes, counts.
        clock: Seconds, monotonic: freshness and breakers go by it, deadlines by the event loop's.
        resolver: Looks names up; the operating system's if not given.
        transport: Sends single requests, in place of real connections and without the check of their
            addresses; for tests and for applications in the same process.
        ssl_context: How certificates are verified; the system's certificates if not given.
        origin: What to say in the `Origin` header, as a browser does for a module; nothing if not given.
    """

    def __init__(
        self,
        access: Access,
        *,
        limits: Limits = LIMITS,
        clock: Callable[[], float] = time.monotonic,
        resolver: Resolver | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        ssl_context: ssl.SSLContext | None = None,
        origin: str | None = None,
    ) -> None:
        self._access = access
        self._limits = limits
        self._clock = clock
        self._names = SystemResolver(limits.name_lookups)
        self._transport = transport or GuardedTransport(
            resolver or self._names, limits=limits, ssl_context=ssl_context
        )
        # Streams last: in one pool with documents they would take all of its places.
        self._streams = transport or GuardedTransport(
            resolver or self._names,
            limits=replace(limits, connections=limits.event_streams),
            ssl_context=ssl_context,
        )
        self._sender = Sender(self._transport, limits=limits, clock=clock, origin=origin)
        most = limits.event_streams
        waiting = replace(limits, connections=most, connections_per_origin=most)
        self._waiter = Sender(self._streams, limits=waiting, clock=clock, origin=origin)
        self._cache = Cache(limits)
        self._flights: Flights[tuple[Entry, Status]] = Flights()
        self._renewals: dict[Key, asyncio.Task[None]] = {}
        self._counts: Counter[Status] = Counter()
        self._errors: Counter[str] = Counter()
        self._closed = False

    def beside(self, *, limits: Limits, origin: str | None = None) -> Client:
        """Make a client on the same connections, with a cache, counts and breakers of its own.

        What it finds of an origin is not held against that origin here. Close it before this one.

        Args:
            limits: Its deadlines, sizes and counts.
            origin: As for `Client`.
        """
        shared = SharedTransport(self._transport)
        return Client(self._access, limits=limits, clock=self._clock, transport=shared, origin=origin)

    @property
    def access(self) -> Access:
        """The origins that may be asked."""
        return self._access

    @access.setter
    def access(self, access: Access) -> None:
        self._access = access
        self._sender.forget(access.origins)
        self._waiter.forget(access.origins)

    async def fetch(
        self,
        url: str,
        *,
        cap: int,
        integrity: str | None = None,
        accept: str = "application/json",
        deadline: float | None = None,
        validate: Validate | None = None,
        revalidate: bool = False,
        access: Access | None = None,
    ) -> Document:
        """Fetch a document, or answer from the copy at hand.

        Args:
            url: Absolute; its origin has to be in `access`.
            cap: Decoded bytes at most.
            integrity: A subresource integrity value the bytes have to match.
            accept: The `Accept` header.
            deadline: Seconds in all, queueing included; `limits.fetch_deadline` if not given.
            validate: Called with the bytes before they become the good copy; raises to refuse them.
            revalidate: Ask the origin even though the copy is fresh.
            access: The origins that may be asked by this fetch; the client's own if not given.

        Raises:
            FetchError: It could not be had, and there is no copy that may stand in.
            IntegrityError: The bytes do not match `integrity`.
            HanseError: What `validate` raised.
            UsageError: The client is closed.
        """
        if self._closed:
            raise UsageError("this client is closed", subject=url, hint="make a new one")
        seconds = self._limits.fetch_deadline if deadline is None else deadline
        wish = self._wish(
            url,
            access=access or self._access,
            cap=cap,
            integrity=integrity,
            accept=accept,
            validate=validate,
            seconds=seconds,
        )
        document = None if revalidate else self._from_cache(wish)
        if document is None:
            document = await self._from_origin(wish, insist=revalidate)
        self._counts[document.status] += 1
        return document

    async def watch(self, url: str, hear: Hear, *, access: Access | None = None) -> None:
        """Follow a stream of server-sent events until this is cancelled, or the origin answers 204.

        A stream that cannot be opened, ends or breaks is opened again, later each time, with the last id
        that it has named. While the origin's breaker is open nothing is sent; what becomes of streams does
        not count for that breaker.

        Args:
            url: Absolute; its origin has to be allowed.
            hear: Called with each `Event`, and with `Opened` and `Interrupted`.
            access: The origins that may be asked; what `access` is at the time if not given.

        Raises:
            UsageError: The client is closed.
        """

        def open_once(parser: EventParser) -> AbstractAsyncContextManager[EventStream]:
            if self._closed:
                raise UsageError("this client is closed", subject=url, hint="make a new one")
            allowed = access or self._access
            target = check_url(url, allowed)
            self._sender.check(target)
            return open_stream(self._streams, target, access=allowed, parser=parser, limits=self._limits)

        await follow_stream(open_once, hear, url=url, limits=self._limits)

    async def ask(
        self,
        url: str,
        *,
        cap: int,
        headers: Mapping[str, str],
        content: bytes | None = None,
        etag: str | None = None,
        accept: str = "application/json",
        deadline: float | None = None,
        patient: bool = False,
        access: Access | None = None,
    ) -> Reply:
        """Send one request that is this caller's alone, a signed one for instance.

        The guard, the bounds and the breaker are those of `fetch`. Nothing is kept or shared, no copy stands
        in, and a redirect is refused: the headers are for this URL.

        Args:
            url: Absolute; its origin has to be in `access`.
            cap: Decoded bytes at most.
            headers: What to say beside `Accept`; it is sent as it is.
            content: The body, for a POST; None for a GET.
            etag: The tag of the caller's copy, which the origin may confirm.
            accept: The `Accept` header.
            deadline: Seconds in all, queueing included; `limits.fetch_deadline` if not given.
            patient: The origin is asked to wait before it answers: the request takes the place of a stream of
                events, and not one of a document.
            access: The origins that may be asked; the client's own if not given.

        Raises:
            FetchError: It could not be had.
            UsageError: The client is closed.
        """
        if self._closed:
            raise UsageError("this client is closed", subject=url, hint="make a new one")
        allowed = access or self._access
        target = check_url(url, allowed)
        validators = {} if etag is None else {"if-none-match": etag}
        seconds = self._limits.fetch_deadline if deadline is None else deadline
        order = Order(
            target=target,
            access=allowed,
            accept=accept,
            cap=cap,
            deadline_at=asyncio.get_running_loop().time() + seconds,
            validators=validators,
            validated_url=target.url,
            headers=headers,
            content=content,
        )
        answer = (await (self._waiter if patient else self._sender).send(order)).answer
        kind = answer.headers.get("content-type", "")
        return Reply(answer.status, answer.body, kind, read_validator(answer.headers, "etag"))

    def breakers(self) -> dict[str, BreakerState]:
        """Return the breaker's state of each origin that has been asked."""
        return self._sender.breakers()

    def stats(self) -> Stats:
        """Return the counts so far."""
        count = self._counts
        return Stats(
            fresh=count["fresh"],
            revalidated=count["revalidated"],
            cached=count["cached"],
            stale=count["stale"],
            errors=dict(self._errors),
            in_flight=len(self._flights),
            cache_entries=len(self._cache),
            cache_bytes=self._cache.size,
        )

    async def aclose(self) -> None:
        """End what is under way and close all connections; whoever still waits gets a NetworkError."""
        self._closed = True
        renewals = list(self._renewals.values())
        for renewal in renewals:
            renewal.cancel()
        await asyncio.gather(*renewals, return_exceptions=True)
        await self._flights.cancel()
        await self._transport.aclose()
        await self._streams.aclose()
        self._names.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _wish(
        self,
        url: str,
        *,
        access: Access,
        cap: int,
        integrity: str | None,
        accept: str,
        validate: Validate | None,
        seconds: float,
    ) -> Wish:
        """Check what is asked for, and look up the copy of it that may be used."""
        target = check_url(url, access)
        entry = self._cache.get((target.url, accept))
        usable = entry is not None and is_usable(entry, access, cap, integrity)
        copy = entry if usable else None
        return Wish(target, access, accept, cap, integrity, validate, seconds, copy)

    def _from_cache(self, wish: Wish) -> Document | None:
        """Answer from the copy if it is fresh, or if it may be used while it is being renewed."""
        copy, now = wish.copy, self._clock()
        if copy is None:
            return None
        if copy.fresh_for(now) > 0:
            return make_document(wish.target.url, copy, now=now, status="cached")
        if not copy.serves_while_revalidating(now):
            return None
        self._renew(wish)
        trouble = self._cache.trouble(wish.key)
        return make_document(wish.target.url, copy, now=now, status="stale", reason=trouble)

    async def _from_origin(self, wish: Wish, *, insist: bool) -> Document:
        """Ask the origin, and fall back to the copy where anything goes wrong.

        Args:
            wish: What is wanted.
            insist: Ask even though the origin refused a moment ago.
        """
        error = None if insist else self._cache.refusal(wish.key, self._clock())
        if error is None:
            try:
                entry, status = await self._flights.join(wish.flight, lambda: self._fly(wish))
                accept_body(wish, entry.body)
                self._cache.put(wish.key, entry)
                return make_document(wish.target.url, entry, now=self._clock(), status=status)
            except HanseError as caught:
                error = caught
                error.subject = error.subject or wish.target.url
                self._cache.note(wish.key, error, self._clock())
        self._errors[error.code] += 1
        return self._stand_in(wish, error)

    def _stand_in(self, wish: Wish, error: HanseError) -> Document:
        """Answer from the copy although the origin failed, or raise the failure."""
        copy, now = wish.copy, self._clock()
        gone = isinstance(error, StatusError) and error.status in GONE
        if copy is None or gone or not copy.serves_on_error(now, self._limits):
            # The same error may be raised many times: it must not collect a traceback each time.
            raise error.with_traceback(None)
        return make_document(wish.target.url, copy, now=now, status="stale", reason=error)

    async def _fly(self, wish: Wish) -> tuple[Entry, Status]:
        """Send the request, conditional if there is a copy, and make an entry of the answer."""
        started, copy = self._clock(), wish.copy
        order = Order(
            target=wish.target,
            access=wish.access,
            accept=wish.accept,
            cap=wish.cap,
            deadline_at=asyncio.get_running_loop().time() + wish.seconds,
            validators=copy.validators if copy else {},
            validated_url=copy.final_url if copy else "",
        )
        delivery = await self._sender.send(order)
        if copy is not None and delivery.answer.status == 304:
            return confirm(copy, delivery, started), "revalidated"
        return make_entry(delivery, started), "fresh"

    def _renew(self, wish: Wish) -> None:
        """Ask the origin in the background, once at a time for each document."""
        if wish.key not in self._renewals:
            renewal = asyncio.create_task(self._renew_quietly(wish))
            self._renewals[wish.key] = renewal
            renewal.add_done_callback(lambda _: self._renewals.pop(wish.key, None))

    async def _renew_quietly(self, wish: Wish) -> None:
        """Renew the copy; a failure is noted in the cache, and shows in the documents it gives."""
        with suppress(HanseError):
            await self._from_origin(wish, insist=False)


class SharedTransport(httpx2.AsyncBaseTransport):
    """Another client's transport, which it closes itself."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request on the other's connections."""
        return await self._transport.handle_async_request(request)


def is_usable(entry: Entry, access: Access, cap: int, integrity: str | None) -> bool:
    """Tell whether a copy fits what is asked for now, which may be less than what it was fetched for."""
    if len(entry.body) > cap or origin(entry.final_url) not in access.origins:
        return False
    return integrity is None or has_integrity(entry.body, integrity)


def has_integrity(body: bytes, integrity: str) -> bool:
    """Tell whether bytes have the digest that is asked for."""
    try:
        verify_integrity(body, integrity)
    except IntegrityError:
        return False
    return True


def accept_body(wish: Wish, body: bytes) -> None:
    """Check a body before it becomes the good copy.

    Raises:
        HanseError: It has another digest, or the caller's own check refuses it.
    """
    if wish.integrity is not None:
        verify_integrity(body, wish.integrity, subject=wish.target.url)
    if wish.validate is not None:
        wish.validate(body)


def make_entry(delivery: Delivery, received: float) -> Entry:
    """Make a copy of a whole answer."""
    headers = delivery.answer.headers
    return Entry(
        body=delivery.answer.body,
        final_url=delivery.final_url,
        content_type=headers.get("content-type", ""),
        etag=read_validator(headers, "etag"),
        last_modified=read_validator(headers, "last-modified"),
        freshness=delivery.freshness,
        received=received,
        headers={name: text for name in KEPT_HEADERS if (text := read_validator(headers, name)) is not None},
    )


def confirm(copy: Entry, delivery: Delivery, received: float) -> Entry:
    """Make the copy young again; a confirmation that says nothing about freshness leaves it as it was."""
    headers, found = delivery.answer.headers, delivery.freshness
    silent = "cache-control" not in headers and "expires" not in headers
    freshness = replace(copy.freshness, age=found.age) if silent else found
    return replace(copy, freshness=freshness, received=received)


def read_validator(headers: httpx2.Headers, name: str) -> str | None:
    """Return a header that can be sent back as it is; None if it is long, or not plain text."""
    value: str | None = headers.get(name)
    plain = value is not None and value.isascii() and value.isprintable()
    return value if value and plain and len(value) <= VALIDATOR_LENGTH else None
