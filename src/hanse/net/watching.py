"""Following a stream of server-sent events for as long as anybody wants to, through all its interruptions."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from typing import Final

from hanse.errors import DeadlineError, HanseError, NetworkError, StatusError, UsageError
from hanse.limits import Limits
from hanse.net.event_parser import Event, EventParser
from hanse.net.event_stream import EventStream

__all__ = ["Hear", "Interrupted", "Opened", "follow_stream"]

# A stream that lasted so long was a good one: the waits between attempts begin anew, in seconds.
LASTED: Final = 5.0


@dataclass(frozen=True, slots=True)
class Opened:
    """The stream is open; `again` tells that it was before, so that something may have been missed."""

    again: bool


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The stream is not open; `retry_in` is in seconds."""

    error: HanseError
    retry_in: float


Hear = Callable[[Event | Opened | Interrupted], object]
"""Called with what happens to a stream, in its order."""

Open = Callable[[EventParser], AbstractAsyncContextManager[EventStream]]


async def follow_stream(open_stream: Open, hear: Hear, *, url: str, limits: Limits) -> None:
    """Open a stream, again and again, until this is cancelled or the origin says 204.

    The waits between two attempts are doubled and jittered; the stream's own `retry` is where they begin.

    Args:
        open_stream: Opens it once, with a parser that knows the last id.
        hear: What is called.
        url: What is opened, for messages.
        limits: The bounds.

    Raises:
        UsageError: It cannot be opened by this client, ever.
    """
    loop = asyncio.get_running_loop()
    failures, opened, last_id, base = 0, False, "", limits.event_retry
    while True:
        parser = EventParser(cap=limits.event_bytes, last_id=last_id)
        since: float | None = None
        error: HanseError = NetworkError("the origin ended its stream", subject=url)
        try:
            async with open_stream(parser) as stream, aclosing(stream.events()) as events:
                since = loop.time()
                hear(Opened(again=opened))
                opened = True
                async for event in events:
                    hear(event)
        except UsageError:
            raise
        except HanseError as caught:
            if isinstance(caught, StatusError) and caught.status == 204:
                return
            error = caught
        last_id = parser.last_id
        if parser.retry is not None:
            base = min(max(parser.retry / 1000, limits.event_retry), limits.event_retry_most)
        quiet = isinstance(error, DeadlineError) and since is not None
        failures = 0 if quiet or (since is not None and loop.time() - since >= LASTED) else failures + 1
        wait = delay(failures, base, limits)
        hear(Interrupted(error, wait))
        await asyncio.sleep(wait)


def delay(failures: int, base: float, limits: Limits) -> float:
    """Return how long to wait after so many failures in a row, in seconds: half of it is by chance."""
    longest = min(limits.event_retry_most, base * 2.0 ** min(max(0, failures - 1), 16))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - many servers must not come back together
