"""Bodies that come bit by bit, from an app's event loop to wherever they are written out."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Self

from hanse.federation.background import run_in
from hanse.web.conversation import Conversation, Part
from hanse.web.stopping import ending_at_signals

__all__ = ["AsyncStream", "Flow", "Stream"]


@dataclass(frozen=True, slots=True)
class Flow:
    """A body that comes bit by bit: its first part, and the conversation that yields the others.

    `silence` is how long it may be silent, in seconds; `under_way` are all conversations that stream on the
    app's loop, which this one is among until it ends.
    """

    loop: asyncio.AbstractEventLoop
    conversation: Conversation
    first: bytes
    silence: float
    under_way: set[Conversation]

    async def next(self) -> bytes | None:
        """Return the next part, on the app's loop; None at the end, or where it was silent for too long.

        Raises:
            Exception: What the app raised in the middle of it.
        """
        try:
            async with asyncio.timeout(self.silence):
                item = await self.conversation.next()
        except TimeoutError:
            item = None
        except asyncio.CancelledError:
            self.leave()
            raise
        if isinstance(item, Part) and (item.more or item.body):
            return item.body
        fault = self.conversation.fault
        self.leave()
        if fault is not None and item is None:
            raise fault
        return None

    def leave(self) -> None:
        """Tell the app that nobody listens any more, on the app's loop."""
        self.under_way.discard(self.conversation)
        self.conversation.leave()

    def close(self) -> None:
        """Tell the app that nobody listens any more, from any thread, without waiting for it."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.leave)


class Stream:
    """The parts of a body for code that does not await; `close` it when the client has gone.

    No generator: closing one that has not begun runs nothing.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._first: bytes | None = flow.first

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        first, self._first = self._first, None
        part = first or run_in(self._flow.loop, self._flow.next())
        if part is None:
            raise StopIteration
        return part

    def close(self) -> None:
        """Tell the app that the client has gone; idempotent."""
        self._flow.close()


class AsyncStream:
    """The parts of a body for code that awaits, on any event loop; `close` it when the client has gone.

    Made on the loop that will write it out. Where that is a server's, it ends as soon as the server is told
    to, for servers wait for what is under way.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._first: bytes | None = flow.first
        self._loop = asyncio.get_running_loop()
        self._heeding = ExitStack()
        self._heeding.enter_context(ending_at_signals(flow.close))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        first, self._first = self._first, None
        part = first or await at(self._flow)
        if part is None:
            self._heeding.close()
            raise StopAsyncIteration
        return part

    def close(self) -> None:
        """Tell the app that the client has gone, from any thread, without waiting for it; idempotent."""
        self._flow.close()
        # Signals are the main thread's.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._heeding.close)


async def at(flow: Flow) -> bytes | None:
    """Take the next part of a flow from whichever event loop this is."""
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(flow.next(), flow.loop))
