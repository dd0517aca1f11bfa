"""A rendering that comes in pieces out of a machine that still runs."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from threading import BoundedSemaphore, Event
from typing import Final

from hanse.engines.base import Shell
from hanse.engines.wasm.host import Host, Sink
from hanse.engines.wasm.machine import Ended
from hanse.errors import EngineError

__all__ = ["Pieces", "WasmStream"]

# Pieces that wait to be taken: then the machine waits too, on its call's time.
AHEAD: Final = 16
LOOK: Final = 0.05


class Pieces(Sink):
    """Brings pieces from a machine's thread to the event loop, a bounded number at a time.

    Args:
        deadline: When the machine is ended, on `time.monotonic()`'s clock.
    """

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self.cancelled = Event()
        self.left: deque[str] = deque()
        self.changed = asyncio.Event()
        self.begun = False
        self._deadline = deadline
        self._loop = asyncio.get_running_loop()
        self._room = BoundedSemaphore(AHEAD)

    def piece(self, text: str) -> None:
        """Take a piece, on the machine's thread; wait where too many have not been taken yet."""
        while not self._room.acquire(timeout=LOOK):
            if self.cancelled.is_set():
                raise Ended("ended", "it was cancelled")
            if time.monotonic() > self._deadline:
                raise Ended("timeout", "nobody took its pieces in time")
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._add, text)

    def next(self) -> str:
        """Return the next piece, on the event loop, and make room for another."""
        piece = self.left.popleft()
        self._room.release()
        return piece

    def _add(self, text: str) -> None:
        self.begun = True
        self.left.append(text)
        self.changed.set()


class WasmStream:
    """Pieces of HTML as they are made; see `RenderStream`.

    Args:
        pieces: Where they come from.
        host: The machine's, which knows what it uses.
        future: Done when the machine has ended.
    """

    def __init__(self, pieces: Pieces, host: Host, future: asyncio.Future[None]) -> None:
        self._pieces, self._host, self._future = pieces, host, future
        future.add_done_callback(lambda _: pieces.changed.set())

    async def shell(self) -> Shell:
        """Wait until the first piece is there; see `RenderStream.shell`."""
        while not self._pieces.begun and not self._future.done():
            await self._change()
        if not self._pieces.begun:
            self._raise()
        return Shell(status=self._pieces.status, head=self._pieces.head, modules=self.modules)

    async def __aiter__(self) -> AsyncIterator[str]:
        """Iterate over the pieces; see `RenderStream.__aiter__`."""
        while True:
            while self._pieces.left:
                yield self._pieces.next()
            if self._future.done() and not self._pieces.left:
                break
            await self._change()
        self._raise()

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules used so far."""
        return self._host.modules

    async def aclose(self) -> None:
        """Cancel it where it is under way; its machine ends as soon as it gives a piece or waits."""
        self._pieces.cancelled.set()

    async def _change(self) -> None:
        self._pieces.changed.clear()
        if not self._future.done():
            await self._pieces.changed.wait()

    def _raise(self) -> None:
        if self._future.cancelled():
            raise EngineError("it was cancelled", reason="ended")
        error = self._future.exception()
        if error is not None:
            raise error
