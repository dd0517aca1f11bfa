"""Who listens while developing: pages, each through a bounded queue, in whichever event loop serves them."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Self

from hanse.errors import UsageError
from hanse.limits import Limits

__all__ = ["Hub", "News", "Override", "Subscription"]

Override = tuple[str, str]
"""An override: a remote's name, and the URL of the entry in its place."""


@dataclass(frozen=True, slots=True)
class News:
    """What a page that is being developed should know.

    Attributes:
        kind: `reload` (a remote was built anew), `failing` (it could not be built or renewed) or `healed`.
        remote: The remote's name.
        snapshot: With `reload`: the digest of the snapshot in which it is built in.
        reason: With `failing`: why, in a sentence.
        override: Which override it is about, so that only pages with it are told; None where it is none.
    """

    kind: Literal["reload", "failing", "healed"]
    remote: str
    snapshot: str = ""
    reason: str = ""
    override: Override | None = None


class Subscription:
    """What one listener has not heard yet: an asynchronous iterator, on the loop it was made on.

    It ends when the hub is closed, when it is closed itself, and when the listener falls too far behind:
    what is not heard in time is of no use later, and a page that comes back is told what fails now.

    Args:
        hub: Where it is taken from.
        known: What the listener hears first.
        overrides: Those the listener's pages have.
        backlog: News it may be behind.
    """

    def __init__(
        self, hub: Hub, known: Iterable[News], *, overrides: frozenset[Override], backlog: int
    ) -> None:
        self._hub = hub
        self._overrides = overrides
        self._loop = asyncio.get_running_loop()
        self._waiting = asyncio.Event()
        self._known = [news for news in known if self.concerns(news)]
        self._news: list[News] = []
        self._backlog = backlog
        self._closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> News:
        while not self._known and not self._news and not self._closed:
            self._waiting.clear()
            await self._waiting.wait()
        if self._closed:
            raise StopAsyncIteration
        return self._known.pop(0) if self._known else self._news.pop(0)

    def close(self) -> None:
        """Hear no more; whoever waits is told that it is over."""
        self._hub.leave(self)
        self.end()

    def concerns(self, news: News) -> bool:
        """Tell whether some news is for this listener: nobody hears of another developer's override."""
        return news.override is None or news.override in self._overrides

    def offer(self, news: News) -> None:
        """Add some news, from any thread."""
        if self.concerns(news):
            self._call(news)

    def end(self) -> None:
        """End it, from any thread."""
        self._call(None)

    def _call(self, news: News | None) -> None:
        # A loop that is closed has nobody left who waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._take, news)

    def _take(self, news: News | None) -> None:
        if news is None or len(self._news) >= self._backlog:
            self._closed = True
            self._hub.leave(self)
        else:
            self._news.append(news)
        self._waiting.set()


class Hub:
    """Passes news on to everybody who listens, and remembers what fails; used from any thread.

    Args:
        limits: `event_subscribers` and `event_backlog` are used.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._listeners: set[Subscription] = set()
        self._failing: OrderedDict[tuple[str, Override | None], News] = OrderedDict()
        self._open = True

    def __len__(self) -> int:
        return len(self._listeners)

    def subscribe(self, overrides: Iterable[Override] = ()) -> Subscription:
        """Listen, on the running loop; what fails at the moment is heard first. Close it in the end.

        Args:
            overrides: Those that should be heard of, too.

        Raises:
            UsageError: The hub is closed, or as many listen as may.
        """
        with self._lock:
            if not self._open:
                raise UsageError("nobody is told anything any more", subject="federation")
            if len(self._listeners) >= self._limits.event_subscribers:
                raise UsageError(
                    f"{len(self._listeners)} pages listen already",
                    subject="federation",
                    hint="close some, or raise event_subscribers",
                )
            found = Subscription(
                self,
                self._failing.values(),
                overrides=frozenset(overrides),
                backlog=self._limits.event_backlog,
            )
            self._listeners.add(found)
            return found

    def publish(self, news: News) -> None:
        """Tell everybody; that something fails is remembered until it is healed, or built anew."""
        with self._lock:
            about = (news.remote, news.override)
            if news.kind != "failing":
                self._failing.pop(about, None)
            elif self._failing.get(about) == news:
                return
            else:
                self._failing[about] = news
            listeners = [*self._listeners]
        for listener in listeners:
            listener.offer(news)

    def leave(self, listener: Subscription) -> None:
        """Forget a listener."""
        with self._lock:
            self._listeners.discard(listener)

    def open(self) -> None:
        """Begin, or begin anew."""
        with self._lock:
            self._open = True

    def close(self) -> None:
        """End all subscriptions, and take no more."""
        with self._lock:
            self._open = False
            listeners = [*self._listeners]
            self._failing.clear()
        for listener in listeners:
            listener.end()
