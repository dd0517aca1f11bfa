"""Single flight: those who want the same thing at the same time wait for one task that gets it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Generic, TypeVar

from hanse.errors import NetworkError

__all__ = ["Flights"]

T = TypeVar("T")


class Flight(Generic[T]):
    """A task, and how many wait for it."""

    def __init__(self, task: asyncio.Task[T]) -> None:
        self.task = task
        self.waiters = 0


class Flights(Generic[T]):
    """Running tasks by key. A waiter that is cancelled leaves; with the last one goes the task."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, Flight[T]] = {}
        # Also those nobody waits for any more, which are still closing their connection.
        self._tasks: set[asyncio.Task[T]] = set()

    def __len__(self) -> int:
        return len(self._flights)

    async def join(self, key: Hashable, start: Callable[[], Coroutine[None, None, T]]) -> T:
        """Wait for the task of this key, which is started if there is none.

        Args:
            key: What is wanted.
            start: Makes the coroutine that gets it; called only if nobody is getting it yet.

        Raises:
            NetworkError: The task was cancelled by `cancel`.
            Exception: What the task raised.
        """
        flight = self._flights.get(key) or self._start(key, start)
        flight.waiters += 1
        try:
            # Unlike `await task`, this leaves the task alone when the waiter is cancelled.
            await asyncio.wait({flight.task})
        finally:
            flight.waiters -= 1
            if not flight.waiters and not flight.task.done():
                self._land(key, flight)
                flight.task.cancel()
        if flight.task.cancelled():
            raise NetworkError("the client was closed while it was being fetched")
        return flight.task.result()

    async def cancel(self) -> None:
        """Cancel all flights, and wait until they have cleaned up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, key: Hashable, start: Callable[[], Coroutine[None, None, T]]) -> Flight[T]:
        flight = self._flights[key] = Flight(asyncio.create_task(start()))
        self._tasks.add(flight.task)
        flight.task.add_done_callback(lambda _: self._land(key, flight))
        return flight

    def _land(self, key: Hashable, flight: Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if flight.task.done():
            self._tasks.discard(flight.task)
            # All waiters may have left: then nobody else looks at the error.
            _ = flight.task.cancelled() or flight.task.exception()
