"""Streams that are rendered on the federation's event loop, and read on another one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TypeVar

from hanse.engines.base import Shell
from hanse.render.fragment import Fragment
from hanse.render.streaming import FragmentStream

__all__ = ["FerriedStream"]

T = TypeVar("T")


class FerriedStream:
    """A `FragmentStream` for whichever event loop reads it.

    Args:
        home: The loop it is rendered on.
        make: Makes it, on that loop.
    """

    def __init__(self, home: asyncio.AbstractEventLoop, make: Callable[[], FragmentStream]) -> None:
        self._home = home
        self._make = make
        self._stream: FragmentStream | None = None
        self._pieces: AsyncIterator[str] | None = None

    @property
    def fragment(self) -> Fragment | None:
        """What is known of the fragment: as of `shell()` what it needs in the page, in the end all of it."""
        return None if self._stream is None else self._stream.fragment

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules used so far."""
        return () if self._stream is None else self._stream.modules

    async def shell(self) -> Shell:
        """Wait until the first piece is there.

        Raises:
            FormatError: The properties cannot be written as JSON.
            NotFoundError: In development, where there is no such module.
        """
        return await self._run(self._shell)

    async def __aiter__(self) -> AsyncIterator[str]:
        """Yield the pieces of markup."""
        while (piece := await self._run(self._next)) is not None:
            yield piece

    async def aclose(self) -> None:
        """End it; where it is still under way it is cancelled."""
        if self._stream is not None:
            await self._run(self._stream.aclose)

    async def _open(self) -> FragmentStream:
        if self._stream is None:
            self._stream = self._make()
        return self._stream

    async def _shell(self) -> Shell:
        return await (await self._open()).shell()

    async def _next(self) -> str | None:
        if self._pieces is None:
            self._pieces = aiter(await self._open())
        return await anext(self._pieces, None)

    async def _run(self, make: Callable[[], Coroutine[None, None, T]]) -> T:
        """Run a coroutine at home."""
        if asyncio.get_running_loop() is self._home:
            return await make()
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(make(), self._home))
