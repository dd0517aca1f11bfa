"""Turns: so many at once, so many that wait, and whoever comes then is turned away."""

from __future__ import annotations

import asyncio
from collections import deque

from hanse.errors import EngineError

__all__ = ["Turns"]


class Turns:
    """A queue for `at_once` places in which at most `queue` wait.

    Attributes:
        taken: Places in use.
    """

    def __init__(self, at_once: int, queue: int) -> None:
        self.at_once = at_once
        self.queue = queue
        self.taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed = False

    def take_at_once(self) -> bool:
        """Take a place if one is free; tell whether one was."""
        if self.taken >= self.at_once or self._closed:
            return False
        self.taken += 1
        return True

    async def take(self, subject: str) -> None:
        """Wait for a place.

        Raises:
            EngineError: (`busy`) Too many wait already; (`ended`) it was closed.
        """
        if self.take_at_once():
            return
        self.check(subject)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self._waiting:
                self._waiting.remove(turn)
            elif not turn.cancelled():
                self.give_back()
            raise
        if self._closed:
            raise closed_error(subject)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def check(self, subject: str) -> None:
        """Make sure that one more has room, if only to wait.

        Raises:
            EngineError: (`busy`) Too many wait already; (`ended`) it was closed.
        """
        if self._closed:
            raise closed_error(subject)
        if self.taken >= self.at_once and len(self._waiting) >= self.queue:
            raise EngineError(
                f"{len(self._waiting)} calls wait for their turn already",
                reason="busy",
                subject=subject,
                hint="allow more processes, or a longer queue",
            )

    def give_back(self) -> None:
        """Leave a place to whoever waits longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.taken -= 1

    def close(self) -> None:
        """Turn away whoever waits, and whoever comes."""
        self._closed = True
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)


def closed_error(subject: str) -> EngineError:
    """Return the error of whoever is turned away for good."""
    return EngineError("its realm has been closed", reason="ended", subject=subject)
