"""Sending requests in an orderly way: a bound on all, a bound and a breaker for each origin, redirects.

A deadline here is a time on the event loop's clock (`loop.time()`), so that queueing, all connections and
all redirects of one request share it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx2

from hanse.errors import BlockedError, DeadlineError, NetworkError, StatusError, TooLargeError
from hanse.limits import Limits
from hanse.net.breaker import Breaker, BreakerState, Permit
from hanse.net.exchange import Answer, exchange
from hanse.net.freshness import Freshness, read_freshness
from hanse.net.guard import Access, Target, check_redirect

__all__ = ["REDIRECTS", "Delivery", "Order", "Sender", "advise"]

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be fetched, within which bounds.

    `validators` are sent only to `validated_url`, whose answer they came with: a server that redirects
    must not take them for its own. `headers` belong to `target`, and `content` is the body of a POST: an
    order that has one of them is not redirected.
    """

    target: Target
    access: Access
    accept: str
    cap: int
    deadline_at: float
    validators: Mapping[str, str] = field(default_factory=dict)
    validated_url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The last answer of a chain of redirects, where it came from, and how long the chain is fresh."""

    answer: Answer
    final_url: str
    freshness: Freshness


class Line:
    """What is kept of an origin: its breaker and its places."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.breaker = Breaker(limits, clock)
        self.places = asyncio.Semaphore(limits.connections_per_origin)


class Sender:
    """Sends orders, each at most `limits.redirects` redirects far.

    Args:
        transport: Sends one request; it is closed by whoever made it.
        limits: The bounds.
        clock: Seconds, monotonic, for the breakers.
        origin: What to say in the `Origin` header; nothing if not given.
    """

    def __init__(
        self,
        transport: httpx2.AsyncBaseTransport,
        *,
        limits: Limits,
        clock: Callable[[], float],
        origin: str | None = None,
    ) -> None:
        self._origin = {} if origin is None else {"origin": origin}
        self._transport = transport
        self._limits = limits
        self._clock = clock
        self._places = asyncio.Semaphore(limits.connections)
        self._lines: dict[str, Line] = {}

    async def send(self, order: Order) -> Delivery:
        """Send an order and follow the answers' redirects.

        Raises:
            FetchError: Any of them; the subject is the URL that failed.
        """
        target = order.target
        freshness: Freshness | None = None
        for _ in range(self._limits.redirects + 1):
            answer = await self._ask(target, order)
            found = read_freshness(answer.headers)
            freshness = found if freshness is None else found.shortened(freshness)
            location = answer.headers.get("location")
            if answer.status not in REDIRECTS or location is None:
                return Delivery(require_content(answer, target, order), target.url, freshness)
            if order.headers or order.content is not None:
                raise BlockedError(
                    "it redirects a request that is meant for this URL alone",
                    subject=target.url,
                    hint="name the URL where the redirects end",
                )
            target = check_redirect(location, source=target, access=order.access)
        raise BlockedError(
            f"it redirects more than {self._limits.redirects} times",
            subject=order.target.url,
            hint="name the URL where the redirects end",
        )

    def check(self, target: Target) -> None:
        """Raise where an origin is left alone at the moment; nothing is sent.

        Raises:
            BreakerError: Its breaker is open, or its one probe is under way.
        """
        line = self._lines.get(target.origin)
        if line is not None:
            line.breaker.check(target.url)

    def breakers(self) -> dict[str, BreakerState]:
        """Return the state of each origin that has been asked."""
        return {origin: line.breaker.state() for origin, line in self._lines.items()}

    def forget(self, origins: frozenset[str]) -> None:
        """Drop what is kept of all origins but these; requests under way are not touched."""
        self._lines = {origin: line for origin, line in self._lines.items() if origin in origins}

    async def _ask(self, target: Target, order: Order) -> Answer:
        line = self._lines.setdefault(target.origin, Line(self._limits, self._clock))
        line.breaker.check(target.url)
        async with self._place(line, target, order):
            permit = line.breaker.admit(target.url)
            return await self._exchange(target, order, breaker=line.breaker, permit=permit)

    @asynccontextmanager
    async def _place(self, line: Line, target: Target, order: Order) -> AsyncIterator[None]:
        """Wait for a place, first at the origin: a slow origin must not hold places of all the others."""
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout_at(order.deadline_at):
                    await held.enter_async_context(line.places)
                    await held.enter_async_context(self._places)
            except TimeoutError:
                raise DeadlineError(
                    "the deadline passed while it waited for a free connection",
                    subject=target.url,
                    hint="its origin, or many others, are slow at the moment",
                ) from None
            yield

    async def _exchange(self, target: Target, order: Order, *, breaker: Breaker, permit: Permit) -> Answer:
        """Make one exchange, and tell the breaker what was learned about the origin."""
        learn = breaker.release
        try:
            async with asyncio.timeout_at(order.deadline_at):
                headers = {**self._origin, **make_headers(target, order)}
                answer = await exchange(
                    self._transport,
                    target,
                    headers,
                    cap=order.cap,
                    limits=self._limits,
                    content=order.content,
                )
            learn = breaker.fail if answer.status >= 500 else breaker.succeed
            return answer
        except TimeoutError:
            learn = breaker.fail
            raise late(target.url) from None
        except NetworkError:
            learn = breaker.fail
            raise
        except TooLargeError:
            learn = breaker.succeed
            raise
        finally:
            learn(permit)


def make_headers(target: Target, order: Order) -> dict[str, str]:
    """Return what to say to the origin; credentials are never among it."""
    validators = order.validators if target.url == order.validated_url else {}
    return {"accept": order.accept, **validators, **order.headers}


def late(url: str) -> DeadlineError:
    """Make the error for a deadline that passed while the origin was being asked."""
    return DeadlineError(
        "the deadline passed before its body was here", subject=url, hint="see why that origin is slow"
    )


def require_content(answer: Answer, target: Target, order: Order) -> Answer:
    """Refuse an answer that is neither a whole document nor a confirmation of the one at hand.

    Raises:
        StatusError: Its status says so.
    """
    confirmed = answer.status == 304 and order.validators and target.url == order.validated_url
    if answer.status in {200, 203} or confirmed:
        return answer
    raise StatusError(
        f"it answered {answer.status}", status=answer.status, subject=target.url, hint=advise(answer.status)
    )


def advise(status: int) -> str:
    """Say what a status most often means for somebody who deploys front ends."""
    if status in {401, 403, 407}:
        return "no credentials are sent: the document has to be public to this machine"
    if status in {404, 410}:
        return "see whether it has been deployed, and under this path"
    if status >= 500:
        return "see the logs of that origin"
    return "a whole document was expected, with the status 200"
