"""Turns: so many calls at once, so many that wait, and whoever comes then is turned away."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress

from hanse.errors import EngineError

__all__ = ["Turns"]


class Turns:
    """Gives turns in the order they are asked for. It is of one event loop.

    Args:
        at_once: Turns that are given at a time.
        queue: Calls that may wait for one.
    """

    def __init__(self, *, at_once: int, queue: int) -> None:
        self._free = at_once
        self._most = queue
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed = False

    async def take(self, deadline: float, *, subject: str) -> None:
        """Wait for a turn until the deadline, on `time.monotonic()`'s clock.

        Raises:
            EngineError: (`busy`) Too many wait; (`timeout`) the deadline passed; (`ended`) it was closed.
        """
        if self._closed:
            raise EngineError("its realm has been closed", reason="ended", subject=subject)
        if self._free > 0:
            self._free -= 1
            return
        if len(self._waiting) >= self._most:
            raise EngineError(
                f"{self._most} calls wait already", reason="busy", subject=subject, hint="try again later"
            )
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait_for(turn, max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            raise EngineError("it waited too long for its turn", reason="timeout", subject=subject) from None
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give_back()
            raise
        finally:
            with suppress(ValueError):
                self._waiting.remove(turn)
        if self._closed:
            raise EngineError("its realm has been closed", reason="ended", subject=subject)

    def give_back(self) -> None:
        """End a turn: the next in the queue has it."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def close(self) -> None:
        """Turn away whoever waits, and whoever comes."""
        self._closed = True
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(None)
