"""One connection to a stream of server-sent events: guarded like a document's, and never at an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager

import httpx2

from hanse.errors import BlockedError, DeadlineError, HanseError, NetworkError, StatusError, TooLargeError
from hanse.limits import Limits
from hanse.net.event_parser import Event, EventParser
from hanse.net.exchange import FAILURES, make_request, read_coding, read_parts, readdress, translate
from hanse.net.guard import Access, Target, check_redirect, shorten
from hanse.net.sender import REDIRECTS, advise

__all__ = ["Allowance", "EventStream", "open_stream"]

MEDIA_TYPE = "text/event-stream"


class Allowance:
    """Lets so much pass at once, and is refilled at a steady rate.

    Args:
        burst: What may pass at once.
        rate: What is given back a second.
        clock: Seconds, monotonic.
    """

    def __init__(self, *, burst: float, rate: float, clock: Callable[[], float]) -> None:
        self._burst = burst
        self._rate = rate
        self._clock = clock
        self._left = burst
        self._at = clock()

    def take(self, amount: float) -> bool:
        """Take an amount; False where that is more than there is."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate) - amount
        self._at = now
        return self._left >= 0


class EventStream:
    """The events of one open connection.

    Args:
        response: The answer, of which only the headers have been read.
        url: Where it comes from, for messages.
        parser: What its bytes are read with.
        limits: The bounds.
    """

    def __init__(self, response: httpx2.Response, url: str, parser: EventParser, limits: Limits) -> None:
        self._response = response
        self._url = url
        self._parser = parser
        self._limits = limits
        clock = asyncio.get_running_loop().time
        self._events = Allowance(burst=limits.event_burst, rate=limits.events_per_second, clock=clock)
        per_second = limits.event_bytes_per_second
        self._bytes = Allowance(burst=2 * limits.event_bytes, rate=per_second, clock=clock)

    async def events(self) -> AsyncGenerator[Event]:
        """Yield events until the origin ends the stream.

        Raises:
            DeadlineError: Nothing has come for `event_idle`.
            TooLargeError: An event is too large, or they come too fast.
            NetworkError: The connection broke.
        """
        stream = self._response.stream
        if not isinstance(stream, httpx2.AsyncByteStream):
            raise NetworkError("the transport gave a body that cannot be read asynchronously")
        async with aclosing(read_parts(stream)) as parts:
            while (part := await self._next(parts)) is not None:
                self._count(self._bytes, len(part) + 1, "bytes")
                for event in self._parser.feed(part):
                    self._count(self._events, 1, "events")
                    yield event

    async def _next(self, parts: AsyncGenerator[bytes]) -> bytes | None:
        """Wait for the next part; None at the end."""
        try:
            async with asyncio.timeout(self._limits.event_idle):
                return await anext(parts, None)
        except TimeoutError:
            raise DeadlineError(
                f"nothing has come for {self._limits.event_idle:g} s", subject=self._url
            ) from None

    def _count(self, allowance: Allowance, amount: int, what: str) -> None:
        if not allowance.take(amount):
            raise TooLargeError(
                f"its stream floods: too many {what} at a time",
                subject=self._url,
                hint="see whether this is a stream of build notifications at all",
            )


@asynccontextmanager
async def open_stream(
    transport: httpx2.AsyncBaseTransport,
    target: Target,
    *,
    access: Access,
    parser: EventParser,
    limits: Limits,
) -> AsyncIterator[EventStream]:
    """Open a stream, following redirects as a document's; the connection is closed with the block.

    Args:
        transport: Sends one request; it neither follows redirects nor keeps cookies.
        target: A URL the guard has passed.
        access: The origins that may be asked, for redirects.
        parser: What its bytes are read with; its last id is sent along.
        limits: The bounds; the headers have to be there within `fetch_deadline`.

    Raises:
        FetchError: Any of them, also while the stream is read.
    """
    response, url = None, target.url
    try:
        try:
            async with asyncio.timeout(limits.fetch_deadline):
                response, url = await follow(transport, target, access, make_headers(parser.last_id), limits)
        except TimeoutError:
            raise DeadlineError("the deadline passed before its headers were here", subject=url) from None
        check_answer(response, url)
        yield EventStream(response, url, parser, limits)
    except HanseError as error:
        raise readdress(error, error.subject or url) from error.__cause__
    except FAILURES as error:
        raise translate(error, url) from error
    finally:
        if response is not None:
            await response.aclose()


def make_headers(last_id: str) -> Mapping[str, str]:
    """Return what to say; an id that is no plain header is not repeated to the origin."""
    headers = {"accept": MEDIA_TYPE, "accept-encoding": "identity", "cache-control": "no-store"}
    plain = last_id.isascii() and last_id.isprintable() and len(last_id) <= 1024
    return {**headers, "last-event-id": last_id} if last_id and plain else headers


async def follow(
    transport: httpx2.AsyncBaseTransport,
    target: Target,
    access: Access,
    headers: Mapping[str, str],
    limits: Limits,
) -> tuple[httpx2.Response, str]:
    """Send the request, and those that answers with a redirect lead to.

    Raises:
        BlockedError: A redirect leads where it may not, or there are too many.
    """
    for _ in range(limits.redirects + 1):
        response = await transport.handle_async_request(make_request(target, headers))
        location = response.headers.get("location")
        if response.status_code not in REDIRECTS or location is None:
            return response, target.url
        await response.aclose()
        target = check_redirect(location, source=target, access=access)
    raise BlockedError(f"it redirects more than {limits.redirects} times", subject=target.url)


def check_answer(response: httpx2.Response, url: str) -> None:
    """Refuse what is no stream of events.

    Raises:
        StatusError: It has another status than 200.
        NetworkError: It is of another type, or encoded.
    """
    status = response.status_code
    if status != 200:
        raise StatusError(f"it answered {status}", status=status, subject=url, hint=advise(status))
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != MEDIA_TYPE:
        raise NetworkError(
            f"it answered with {shorten(media_type) or 'no type'}, not with {MEDIA_TYPE}",
            subject=url,
            hint="see whether its dev server has build notifications switched on",
        )
    if read_coding(response.headers):
        raise NetworkError(
            "its stream is compressed, which delays events",
            subject=url,
            hint="leave text/event-stream out of what that server compresses",
        )
