"""The realms of one generation: so many as there should be, replaced where they end.

Written against the protocol of engines. A realm that can end by itself says so by `alive` and `wait`, as
`Mortal` has them; of others it is noticed when a call says so.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeVar, runtime_checkable

from hanse.engines.asking import deadline_of
from hanse.engines.base import Engine, EngineLimits, Generation, Realm
from hanse.engines.pool_counts import Tally
from hanse.engines.turns import Turns
from hanse.errors import EngineError, HanseError

__all__ = ["Fleet", "PoolOptions", "Ship"]

T = TypeVar("T")
GONE: Final = frozenset({"ended", "memory"})


@runtime_checkable
class Mortal(Protocol):
    """A realm that can end by itself."""

    @property
    def alive(self) -> bool:
        """Whether it takes calls."""
        ...

    async def wait(self) -> EngineError:
        """Wait until it has ended; return why."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolOptions:
    """How many realms there are, and what for; times in seconds.

    Attributes:
        size: Realms that work at once.
        isolation: `generation`: realms live as long as their generation. `request`: each has one call.
        spares: With `request`, realms that wait for their call, opened beforehand.
        drain: How long calls under way may take after a switch.
        backoff: The wait before a realm is opened again that has ended without having answered anything;
            doubled each time.
        backoff_most: It doubles no further than this.
    """

    size: int = 2
    isolation: Literal["generation", "request"] = "generation"
    spares: int = 2
    drain: float = 10.0
    backoff: float = 0.1
    backoff_most: float = 10.0


class Ship:
    """A realm and what it does.

    Attributes:
        realm: The realm.
        mortal: The same, if it can end by itself.
        busy: Calls under way in it.
        answered: Whether it has answered one.
        gone: Whether it takes no more.
    """

    def __init__(self, realm: Realm) -> None:
        self.realm = realm
        # Looking at what a class has takes as long as the rest of a call; once is enough.
        self.mortal = realm if isinstance(realm, Mortal) else None
        self.busy = 0
        self.answered = False
        self.gone = False

    @property
    def fit(self) -> bool:
        """Whether it takes calls."""
        return not self.gone and (self.mortal is None or self.mortal.alive)


class Fleet:
    """The realms of one generation.

    Args:
        engine: What opens them.
        generation: What they have.
        limits: What each may use.
        options: How many there are.
        tally: Where it is counted.

    Attributes:
        users: Calls under way or waiting, and whoever holds this generation.
    """

    def __init__(
        self,
        engine: Engine,
        generation: Generation,
        limits: EngineLimits,
        *,
        options: PoolOptions,
        tally: Tally,
    ) -> None:
        self.generation = generation
        self.limits = limits
        self.users = 0
        self._engine = engine
        self._options = options
        self._tally = tally
        self._once = options.isolation == "request"
        self._ships: set[Ship] = set()
        each = 1 if self._once else limits.at_once
        self.turns = Turns(options.size * each, limits.queue)
        self._each = each
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._endings: set[asyncio.Task[None]] = set()
        self._misses = 0
        self._error: HanseError | None = None
        self._closed = False

    @property
    def ready(self) -> int:
        """Realms that are open."""
        return sum(ship.fit for ship in self._ships)

    async def start(self) -> None:
        """Open all realms.

        Raises:
            EngineError: One could not be opened; none is left.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._wanted()):
                    group.create_task(self._open())
        except ExceptionGroup as several:
            await self.close("closed")
            raise several.exceptions[0] from None
        except BaseException:
            await self.close("closed")
            raise
        begin(self._keep(), self._tasks)

    async def run(
        self, subject: str, deadline: float | None, work: Callable[[Ship, float], Awaitable[T]]
    ) -> T:
        """Do something with a realm; once more where another call has ended the realm under it.

        Args:
            subject: What it is about, for errors.
            deadline: The seconds asked for, None for all there are.
            work: What is done; it gets the seconds that are left.

        Raises:
            EngineError: As for `Realm.render`.
        """
        seconds = deadline_of(deadline, self.limits)
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        self.users += 1
        outcome = "cancelled"
        try:
            if not self.turns.take_at_once():
                async with self._within(seconds, subject):
                    await self.turns.take(subject)
            try:
                result = await self._work_twice(until, subject, work)
            finally:
                self.turns.give_back()
            outcome = "ok"
            return result
        except EngineError as error:
            outcome = error.reason
            raise
        finally:
            self._tally.calls[outcome] += 1
            self.leave()

    def leave(self) -> None:
        """Use it no more."""
        self.users -= 1
        self._changed.set()

    async def drain(self) -> None:
        """Wait until nobody uses this generation any more, or the time for it is over; then end it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._options.drain):
                while self.users:
                    await self._next_change()
        await self.close("switched")

    async def close(self, why: str) -> None:
        """End all realms, and whatever is under way in them."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*self._endings, *(self._end(ship, why) for ship in tuple(self._ships)))
        self._changed.set()

    async def _work_twice(self, until: float, subject: str, work: Callable[[Ship, float], Awaitable[T]]) -> T:
        try:
            return await self._work(until, subject, work)
        except EngineError as error:
            if error.reason != "ended" or self._closed or until <= asyncio.get_running_loop().time():
                raise
        self._tally.repeated += 1
        return await self._work(until, subject, work)

    async def _work(self, until: float, subject: str, work: Callable[[Ship, float], Awaitable[T]]) -> T:
        loop = asyncio.get_running_loop()
        ship = self._board_at_once()
        if ship is None:
            async with self._within(until - loop.time(), subject):
                ship = await self._board()
        try:
            result = await work(ship, until - loop.time())
            ship.answered = True
            self._misses = 0
            return result
        except EngineError as error:
            if error.reason in GONE and ship.mortal is None:
                begin(self._end(ship, error.reason), self._endings)
            raise
        finally:
            self._leave(ship)

    @asynccontextmanager
    async def _within(self, seconds: float, subject: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(max(seconds, 0)):
                yield
        except TimeoutError:
            hint = f"the last realm could not be opened: {self._error.message}" if self._error else ""
            raise EngineError(
                "no realm was free in time", reason="timeout", subject=subject, hint=hint
            ) from self._error

    def _board_at_once(self) -> Ship | None:
        """Take the realm that has the least to do; None where there is none.

        Raises:
            EngineError: They are closed.
        """
        if self._closed:
            raise EngineError("its pool was closed", reason="ended")
        free = [ship for ship in self._ships if ship.busy < self._each and ship.fit]
        if not free:
            return None
        ship = min(free, key=lambda one: one.busy)
        ship.busy += 1
        ship.gone = self._once
        self._changed.set()
        return ship

    async def _board(self) -> Ship:
        """Take the realm that has the least to do, and wait where there is none."""
        while (ship := self._board_at_once()) is None:
            await self._next_change()
        return ship

    def _leave(self, ship: Ship) -> None:
        ship.busy -= 1
        if self._once and ship in self._ships:
            begin(self._end(ship, "request"), self._endings)
        self._changed.set()

    async def _next_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _wanted(self) -> int:
        """Return how many realms there should be that take calls."""
        return max(self._options.spares, 1) if self._once else self._options.size

    async def _keep(self) -> None:
        """Open realms where some are missing, and wait longer each time where they end at once."""
        while not self._closed:
            if self.ready >= self._wanted():
                await self._next_change()
                continue
            if self._misses:
                wait = self._options.backoff * 2 ** min(self._misses - 1, 30)
                await asyncio.sleep(min(wait, self._options.backoff_most))
            with contextlib.suppress(HanseError):
                await self._open()

    async def _open(self) -> None:
        try:
            realm = await self._engine.open(self.generation, self.limits)
        except HanseError as error:
            self._error = error
            self._tally.failed += 1
            self._misses += 1
            raise
        self._error = None
        self._tally.started += 1
        ship = Ship(realm)
        self._ships.add(ship)
        self._changed.set()
        if ship.mortal is not None:
            begin(self._watch(ship, ship.mortal), self._tasks)

    async def _watch(self, ship: Ship, realm: Mortal) -> None:
        """Notice that a realm has ended by itself."""
        why = await realm.wait()
        if ship not in self._ships:
            return
        self._ships.discard(ship)
        if not ship.answered:
            self._misses += 1
        self._tally.ended[why.reason] += 1
        self._changed.set()

    async def _end(self, ship: Ship, why: str) -> None:
        if ship in self._ships:
            ship.gone = True
            self._ships.discard(ship)
            self._tally.ended[why] += 1
            await ship.realm.close()
            self._changed.set()


def begin(work: Coroutine[None, None, None], tasks: set[asyncio.Task[None]]) -> None:
    """Do something beside, as one of a set of tasks."""
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
