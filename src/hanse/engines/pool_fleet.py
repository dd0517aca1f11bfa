"""The realms of one generation: so many as there should be, replaced where they end or are held up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, TypeVar

from hanse.engines.asking import deadline_of
from hanse.engines.base import Engine, EngineLimits, Generation
from hanse.engines.pool_boarding import Boarding
from hanse.engines.pool_counts import Tally
from hanse.engines.pool_ship import Holdable, Mortal, Owners, Ship
from hanse.errors import EngineError, HanseError

__all__ = ["Fleet", "PoolOptions"]

T = TypeVar("T")
GONE: Final = frozenset({"ended", "memory"})
# How often a call is begun anew: where it may be to blame for its realm's end, and where it is not.
AGAIN: Final = 1
MOVES: Final = 4
# What a timer may be early, in seconds.
MOMENT: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolOptions:
    """How many realms there are, and what for; times in seconds.

    Attributes:
        size: Realms that work at once; up to as many more where calls hold them up.
        isolation: `generation`: realms live as long as their generation. `request`: each has one call.
        spares: With `request`, realms that wait for their call, opened beforehand.
        drain: How long calls under way may take after a switch.
        backoff: The wait before a realm is opened again that has ended without having answered anything;
            doubled each time.
        backoff_most: It doubles no further than this.
        apart: How long a remote whose call has held up others is kept apart from them, and realms that were
            opened for those stay.
    """

    size: int = 2
    isolation: Literal["generation", "request"] = "generation"
    spares: int = 2
    drain: float = 10.0
    backoff: float = 0.1
    backoff_most: float = 10.0
    apart: float = 10.0


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
        boarding: The way to its realms.
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
        self._changed = asyncio.Event()
        self.boarding = Boarding(
            Owners(generation),
            size=options.size,
            each=1 if self._once else limits.at_once,
            queue=limits.queue,
            once=self._once,
            apart=options.apart,
            changed=self._changed.set,
        )
        self._ships = self.boarding.ships
        self._troubled = float("-inf")
        self._tasks: set[asyncio.Task[None]] = set()
        self._endings: set[asyncio.Task[None]] = set()
        self._misses = 0
        self._error: HanseError | None = None
        self._draining = False
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
        """Do something with a realm; once more where its realm has ended, or another call holds that up.

        Args:
            subject: What it is about, for errors.
            deadline: The seconds asked for, None for all there are.
            work: What is done; it gets the seconds that are left.

        Raises:
            EngineError: As for `Realm.render`.
        """
        until = asyncio.get_running_loop().time() + deadline_of(deadline, self.limits)
        self.users += 1
        outcome = "cancelled"
        try:
            result = await self._work_until(until, subject, work)
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
        if self._draining and not self.users:
            self._changed.set()

    async def drain(self) -> None:
        """Wait until nobody uses this generation any more, or the time for it is over; then end it."""
        self._draining = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._options.drain):
                while self.users:
                    await self._next_change()
        await self.close("switched")

    async def close(self, why: str) -> None:
        """End all realms, and whatever is under way in them."""
        self._closed = True
        self.boarding.close(closed_error())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*self._endings, *(self._end(ship, why) for ship in tuple(self._ships)))
        self._changed.set()

    async def _work_until(self, until: float, subject: str, work: Callable[[Ship, float], Awaitable[T]]) -> T:
        loop = asyncio.get_running_loop()
        for count in range(MOVES + 1):
            try:
                return await self._work(until, subject, work, moved=count > 0)
            except EngineError as error:
                again = count < (MOVES if error.blameless else AGAIN)
                if error.reason != "ended" or self._closed or not again:
                    raise
                if until <= loop.time():
                    raise (self._late_error(subject) if error.blameless else error) from None
            self._tally.repeated += 1
        raise AssertionError

    async def _work(
        self, until: float, subject: str, work: Callable[[Ship, float], Awaitable[T]], *, moved: bool
    ) -> T:
        loop = asyncio.get_running_loop()
        ship = self._board_at_once(subject, moved=moved) or await self._board(until, subject, moved=moved)
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
            self._leave(ship, subject)

    def _board_at_once(self, subject: str, *, moved: bool) -> Ship | None:
        """Take a place where one is free; None where there is none.

        Raises:
            EngineError: They are closed.
        """
        if self._closed:
            raise closed_error()
        return self.boarding.take(subject, moved=moved)

    async def _board(self, until: float, subject: str, *, moved: bool) -> Ship:
        """Wait for a place.

        Raises:
            EngineError: Too many wait already, or there was none in time.
        """
        if not moved:
            self.boarding.check(subject)
        try:
            async with asyncio.timeout_at(until):
                return await self.boarding.wait(subject, moved=moved)
        except TimeoutError:
            raise self._late_error(subject) from self._error

    def _late_error(self, subject: str) -> EngineError:
        """Return the error of a call that no realm has had time for: its own fault if it is a suspect's."""
        hint = f"the last realm could not be opened: {self._error.message}" if self._error else ""
        return EngineError(
            "no realm was free in time",
            reason="timeout",
            subject=subject,
            hint=hint,
            blameless=self._error is None and not self.boarding.suspects(subject),
        )

    def _leave(self, ship: Ship, subject: str) -> None:
        if self._once and ship in self._ships:
            begin(self._end(ship, "request"), self._endings)
        self.boarding.leave(ship, subject)

    async def _next_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _wanted(self) -> int:
        """Return how many realms there should be that take calls."""
        return max(self._options.spares, 1) if self._once else self.boarding.wanted()

    async def _keep(self) -> None:
        """Open realms where some are missing, and wait longer each time where they end at once."""
        while not self._closed:
            if self.ready < self._wanted():
                await self._open_after_misses()
            elif spare := self._find_spare():
                spare.gone = True
                begin(self._end(spare, "spare"), self._endings)
            else:
                await self._next_change()

    async def _open_after_misses(self) -> None:
        if self._misses:
            wait = self._options.backoff * 2 ** min(self._misses - 1, 30)
            await asyncio.sleep(min(wait, self._options.backoff_most))
        with contextlib.suppress(HanseError):
            await self._open()

    def _find_spare(self) -> Ship | None:
        """Return a realm that has nothing to do, where there are too many and all is well."""
        calm = asyncio.get_running_loop().time() - self._troubled > self._options.apart
        if self._once or not calm or self.ready <= self._options.size:
            return None
        return next((ship for ship in self._ships if ship.fit and not ship.busy), None)

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
        if ship.holdable is not None:
            ship.holdable.notify = partial(self._notice, ship, ship.holdable)
        self._ships.add(ship)
        self._settle()
        if ship.mortal is not None:
            begin(self._watch(ship, ship.mortal), self._tasks)

    def _settle(self) -> None:
        """Let aboard whoever may: something has changed."""
        self._changed.set()
        self.boarding.relieve()
        self.boarding.settle()

    def _notice(self, ship: Ship, realm: Holdable) -> None:
        """Notice that a call begins or ceases to hold up others."""
        self.boarding.hold(ship, realm.held_by)
        self._note_trouble()
        self._settle()

    def _note_trouble(self) -> None:
        """Look again, when it is over, at what was opened because of it."""
        loop = asyncio.get_running_loop()
        self._troubled = loop.time()
        loop.call_later(self._options.apart + MOMENT, self._changed.set)

    async def _watch(self, ship: Ship, realm: Mortal) -> None:
        """Notice that a realm has ended by itself."""
        why = await realm.wait()
        if ship not in self._ships:
            return
        self._ships.discard(ship)
        if why.reason == "timeout":
            self.boarding.suspect(why.subject)
            self._note_trouble()
        elif not ship.answered:
            self._misses += 1
        self._tally.ended[why.reason] += 1
        self._settle()

    async def _end(self, ship: Ship, why: str) -> None:
        if ship in self._ships:
            ship.gone = True
            self._ships.discard(ship)
            self._tally.ended[why] += 1
            await ship.realm.close()
            self._changed.set()


def closed_error() -> EngineError:
    """Return the error of calls in a pool that was closed."""
    return EngineError("its pool was closed", reason="ended", blameless=True)


def begin(work: Coroutine[None, None, None], tasks: set[asyncio.Task[None]]) -> None:
    """Do something beside, as one of a set of tasks."""
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
