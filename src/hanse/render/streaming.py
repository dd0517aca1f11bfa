"""A fragment that comes in pieces; where it breaks off, everything that is open is closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from hanse.engines.base import RenderStream, Shell
from hanse.errors import EngineError
from hanse.render.closing import close_html
from hanse.render.faults import Fault, fault_of
from hanse.render.fragment import Fragment
from hanse.render.markup import CLOSE, broken_marker
from hanse.render.orders import Order, listed, opening_of, too_late

if TYPE_CHECKING:
    from hanse.render.scene import Scene

__all__ = ["FragmentStream"]

T = TypeVar("T")


class FragmentStream:
    """The markup of one fragment in pieces: await `shell()`, iterate, and close it in the end.

    It never fails for a reason that lies in the remote: before the first piece the fragment's fallback takes
    its place, and later what was sent is closed, with a mark behind it.

    Attributes:
        fragment: What is known of it: as of `shell()` what it needs in the page, in the end all of it. Its
            `html` and `markup` are empty where they were given out in pieces.
    """

    def __init__(
        self, scene: Scene, order: Order | Fragment | Callable[[], Awaitable[Order | Fragment]]
    ) -> None:
        self.fragment: Fragment | None = order if isinstance(order, Fragment) else None
        self._scene = scene
        self._order = order
        self._shell: Shell | None = None
        self._pieces: AsyncGenerator[Shell | str, None] = self._run()

    async def shell(self) -> Shell:
        """Wait until the first piece is there; what it says is as of then."""
        if self._shell is None:
            first = await anext(self._pieces)
            self._shell = first if isinstance(first, Shell) else Shell()
        return self._shell

    async def __aiter__(self) -> AsyncIterator[str]:
        """Yield the pieces of markup, the wrapper's tags among them."""
        await self.shell()
        async for piece in self._pieces:
            if isinstance(piece, str):
                yield piece

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules used so far."""
        return () if self.fragment is None else self.fragment.modules

    async def aclose(self) -> None:
        """End it; where it is still under way it is cancelled."""
        await self._pieces.aclose()

    async def _run(self) -> AsyncGenerator[Shell | str, None]:
        """Yield the shell, then the pieces."""
        order = await self._order() if callable(self._order) else self._order
        if isinstance(order, Fragment):
            self.fragment = order
            pieces = whole(order)
        elif order.part.trusted:
            pieces = self._stream(order)
        else:
            # Only what is there as a whole can be written anew.
            pieces = self._render(order)
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    async def _render(self, order: Order) -> AsyncGenerator[Shell | str, None]:
        """Yield a fragment that was rendered to the end."""
        self.fragment = await self._scene.finish(order)
        async for piece in whole(self.fragment):
            yield piece

    async def _stream(self, order: Order) -> AsyncGenerator[Shell | str, None]:
        """Yield what a remote streams, and what takes its place or closes it where that fails."""
        sent: list[str] = []
        try:
            async with aclosing(self._open(order)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Shell):
                        yield piece
                        yield opening_of(order)
                    else:
                        sent.append(piece)
                        yield piece
        except Exception as error:  # noqa: BLE001 - whatever it was, it must not cost the page
            if self.fragment is None:
                self.fragment = self._scene.give_up(order, error)
                yield Shell()
                yield self.fragment.markup
            else:
                yield self._break_off(order, "".join(sent), error)
        else:
            yield CLOSE
            self._note(order)

    async def _open(self, order: Order) -> AsyncGenerator[Shell | str, None]:
        """Yield the shell and the HTML from the engine, within the time of one call."""
        scene, part = self._scene, order.part
        house = scene.house
        seconds, late = scene.allot(order)
        until = house.clock() + seconds
        with scene.budget:
            async with house.gates.find(part.remote, part.build).enter(seconds), scene.enter(part) as realm:
                call = scene.call_of(order, nonce=True).within(max(0.001, until - house.clock()))
                try:
                    stream = await self._within(until, realm.stream(call))
                    async with aclosing(stream):
                        async for piece in self._read(order, stream, until):
                            yield piece
                except (TimeoutError, EngineError) as error:
                    raise too_late(error, late) from error

    async def _read(
        self, order: Order, stream: RenderStream, until: float
    ) -> AsyncGenerator[Shell | str, None]:
        """Yield what a stream gives, and keep what is known of the fragment current."""
        shell = await self._within(until, stream.shell())
        self.fragment = self._describe(order, shell, shell.modules)
        yield shell
        pieces = aiter(stream)
        with suppress(StopAsyncIteration):
            while True:
                yield await self._within(until, anext(pieces))
        self.fragment = self._describe(order, shell, stream.modules or shell.modules)

    async def _within(self, until: float, awaited: Awaitable[T]) -> T:
        """Wait for something until a moment, and a little longer, for the engine keeps the time, too.

        Raises:
            TimeoutError: It did not come.
        """
        left = until - self._scene.house.clock() + self._scene.house.limits.engine_grace
        async with asyncio.timeout(max(0.0, left)):
            return await awaited

    def _describe(self, order: Order, shell: Shell, modules: tuple[str, ...]) -> Fragment:
        """Return what is known of the fragment."""
        part, hydrates = order.part, order.hydrates
        return Fragment(
            remote=part.remote,
            key=part.key,
            mode="server",
            html="",
            markup="",
            head=shell.head,
            status=shell.status,
            modules=modules,
            styles=listed(part.styles, modules),
            preloads=listed(part.scripts, modules) if hydrates else (),
            hydrates=hydrates,
            build=part.build,
            browser=part.browser if hydrates else None,
        )

    def _break_off(self, order: Order, sent: str, error: Exception) -> str:
        """Return what closes a stream that failed on the way."""
        fault: Fault = fault_of(error)
        self._note(order, fault, error)
        marker = broken_marker(order.part.remote, fault, development=self._scene.development)
        return f"{close_html(sent)}{CLOSE}{marker}"

    def _note(self, order: Order, fault: Fault | None = None, error: Exception | None = None) -> None:
        """Note how it ended."""
        assert self.fragment is not None  # noqa: S101 - it has had a shell
        seconds = self._scene.house.clock() - order.started
        reason, message = (None, "") if fault is None else (fault.reason, fault.message)
        self.fragment = replace(self.fragment, seconds=seconds, fallback=reason, message=message)
        self._scene.end(order, self.fragment, fault, error)


async def whole(fragment: Fragment) -> AsyncGenerator[Shell | str, None]:
    """Yield a fragment that is there as a whole."""
    yield Shell(status=fragment.status, head=fragment.head, modules=fragment.modules)
    yield fragment.markup
