"""A pool of realms: several of one generation, replaced where they end, switched to the next as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from hanse.engines.base import JSON, Engine, EngineLimits, Generation, RenderCall, Rendered, RenderStream
from hanse.engines.pool_counts import PoolCounts, Tally
from hanse.engines.pool_fleet import Fleet, PoolOptions
from hanse.engines.pool_stream import begin_stream
from hanse.errors import EngineError

__all__ = ["Pool", "PoolCounts", "PoolOptions", "PooledGeneration"]


# What a call loses on its way to a realm that is free: not worth a copy of it.
MOMENT: Final = 0.001


class PooledGeneration:
    """One generation in a pool, as a realm; as long as it is held it is not ended.

    Args:
        fleet: Its realms.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @property
    def generation(self) -> Generation:
        """What it has."""
        return self._fleet.generation

    async def render(self, call: RenderCall) -> Rendered:
        """Render to the end.

        Raises:
            EngineError: It threw, took too long, was too large, or its realm ended, twice.
        """
        return await self._fleet.run(
            call.module, call.deadline, lambda ship, left: ship.realm.render(within(call, left))
        )

    async def stream(self, call: RenderCall) -> RenderStream:
        """Begin to render in pieces; whoever does closes the stream in the end.

        Raises:
            EngineError: There is no room for it.
        """
        return await begin_stream(self._fleet, call)

    async def call(
        self, module: str, export: str, args: Sequence[JSON], *, deadline: float | None = None
    ) -> JSON:
        """Call an exported function, and return what it gives or promises.

        Raises:
            EngineError: As for `render`.
        """
        return await self._fleet.run(
            module, deadline, lambda ship, left: ship.realm.call(module, export, args, deadline=left)
        )

    async def close(self) -> None:
        """End all its realms."""
        await self._fleet.close("closed")


class Pool:
    """Several realms of the generation in use, and the way to the next one. It is a realm itself.

    Args:
        engine: What opens realms; it stays the caller's to close.
        limits: What each realm may use.
        options: How many there are, and what for.
    """

    def __init__(
        self, engine: Engine, limits: EngineLimits | None = None, *, options: PoolOptions | None = None
    ) -> None:
        self._engine = engine
        self._limits = limits or EngineLimits()
        self._options = options or PoolOptions()
        self._tally = Tally()
        self._fleets: list[Fleet] = []
        self._draining: set[asyncio.Task[None]] = set()
        self._switching = asyncio.Lock()
        self._closed = False

    async def switch(self, generation: Generation) -> None:
        """Open a generation, and use it from then on; the one in use before drains and ends.

        Until all realms of the new one are ready the old one answers, and goes on doing so where that fails.

        Raises:
            EngineError: It could not be opened.
        """
        async with self._switching:
            if self._closed:
                raise EngineError("this pool is closed", reason="ended", subject=generation.id)
            fleet = Fleet(self._engine, generation, self._limits, options=self._options, tally=self._tally)
            await fleet.start()
            before = self._fleets[-1:]
            self._fleets.append(fleet)
            for old in before:
                self._tally.switches += 1
                task = asyncio.create_task(self._drain(old))
                self._draining.add(task)
                task.add_done_callback(self._draining.discard)

    @property
    def current(self) -> PooledGeneration:
        """The generation in use now.

        Raises:
            EngineError: None has been opened.
        """
        return PooledGeneration(self._fleet)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[PooledGeneration]:
        """Hold the generation in use now, so that all calls of a page go to the same one.

        Raises:
            EngineError: None has been opened.
        """
        fleet = self._fleet
        fleet.users += 1
        try:
            yield PooledGeneration(fleet)
        finally:
            fleet.leave()

    async def render(self, call: RenderCall) -> Rendered:
        """Render to the end.

        Raises:
            EngineError: It threw, took too long, was too large, or its realm ended, twice.
        """
        return await self.current.render(call)

    async def stream(self, call: RenderCall) -> RenderStream:
        """Begin to render in pieces; whoever does closes the stream in the end.

        Raises:
            EngineError: There is no room for it.
        """
        return await self.current.stream(call)

    async def call(
        self, module: str, export: str, args: Sequence[JSON], *, deadline: float | None = None
    ) -> JSON:
        """Call an exported function, and return what it gives or promises.

        Raises:
            EngineError: As for `render`.
        """
        return await self.current.call(module, export, args, deadline=deadline)

    async def close(self) -> None:
        """End all realms, and whatever is under way in them."""
        self._closed = True
        fleets, self._fleets = self._fleets, []
        await asyncio.gather(*(fleet.close("closed") for fleet in fleets))
        for task in tuple(self._draining):
            task.cancel()
        await asyncio.gather(*self._draining, return_exceptions=True)

    def counts(self) -> PoolCounts:
        """Return what this pool has done so far."""
        tally = self._tally
        return PoolCounts(
            started=tally.started,
            failed=tally.failed,
            ended=dict(tally.ended),
            calls=dict(tally.calls),
            repeated=tally.repeated,
            switches=tally.switches,
            busy=sum(fleet.boarding.busy for fleet in self._fleets),
            waiting=sum(fleet.boarding.waiting for fleet in self._fleets),
            ready=sum(fleet.ready for fleet in self._fleets),
        )

    @property
    def _fleet(self) -> Fleet:
        if not self._fleets:
            raise EngineError("this pool has no generation", reason="ended", hint="switch it to one")
        return self._fleets[-1]

    async def _drain(self, fleet: Fleet) -> None:
        await fleet.drain()
        if fleet in self._fleets:
            self._fleets.remove(fleet)


def within(call: RenderCall, seconds: float) -> RenderCall:
    """Return a call that has so many seconds left; the same one where it has not waited."""
    if call.deadline is not None and call.deadline - seconds < MOMENT:
        return call
    return call.within(seconds)
