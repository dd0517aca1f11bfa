"""A stream out of a pool: begun anew where its realm ends before the first piece; its place is given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from hanse.engines.base import RenderCall, RenderStream, Shell
from hanse.engines.pool_fleet import Fleet
from hanse.engines.pool_ship import Ship
from hanse.errors import EngineError

__all__ = ["PoolStream", "begin_stream"]


class PoolStream:
    """A rendering in pieces; the realm is its until it is closed or has ended."""

    def __init__(self) -> None:
        self.begun: asyncio.Future[RenderStream] = asyncio.get_running_loop().create_future()
        self.done = asyncio.Event()
        self.running: asyncio.Task[None] | None = None

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules used so far; when the stream has ended, all of this call."""
        return self.begun.result().modules if self._is_begun() else ()

    def _is_begun(self) -> bool:
        return self.begun.done() and not self.begun.cancelled() and self.begun.exception() is None

    async def shell(self) -> Shell:
        """Wait until the first piece is there.

        Raises:
            EngineError: The rendering failed before that; nothing has been given out.
        """
        stream = await asyncio.shield(self.begun)
        return await stream.shell()

    async def __aiter__(self) -> AsyncIterator[str]:
        """Iterate over the pieces of HTML.

        Raises:
            EngineError: It failed on the way.
        """
        stream = await asyncio.shield(self.begun)
        try:
            async for piece in stream:
                yield piece
        finally:
            self.done.set()

    async def aclose(self) -> None:
        """End it; where it is still under way it is cancelled."""
        self.done.set()
        if self.running is not None:
            if not self.begun.done():
                self.running.cancel()
            await asyncio.wait([self.running])

    async def work(self, ship: Ship, call: RenderCall, left: float) -> None:
        """Render with one realm until the reader has had enough.

        Raises:
            EngineError: It failed.
        """
        stream = await ship.realm.stream(replace(call, deadline=left))
        try:
            await stream.shell()
            self.begun.set_result(stream)
            await self.done.wait()
        finally:
            await stream.aclose()


async def begin_stream(fleet: Fleet, call: RenderCall) -> PoolStream:
    """Begin to render in pieces.

    Raises:
        EngineError: There is no room for it.
    """
    fleet.boarding.check(call.module)
    made = PoolStream()

    async def run() -> None:
        try:
            await fleet.run(call.module, call.deadline, lambda ship, left: made.work(ship, call, left))
        except EngineError as error:
            if not made.begun.done():
                made.begun.set_exception(error)
                # Whoever asks for the shell hears of it; nobody has to.
                made.begun.exception()
        except asyncio.CancelledError:
            made.begun.cancel()
            raise

    made.running = asyncio.create_task(run())
    return made
