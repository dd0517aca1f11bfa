"""A stage whose realms do what a test says, and a clock that a test turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from hanse.engines.base import JSON, RenderCall, Rendered, RenderStream, Shell
from hanse.errors import EngineError, NotFoundError
from hanse.limits import LIMITS, Limits
from hanse.render import Fragment, Part, Renderer

__all__ = ["Actor", "Clock", "Play", "card", "play"]

Act = Callable[[RenderCall], Awaitable[Rendered] | Rendered | str]


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def card(**changes: object) -> Part:
    """Return a module that pages can run, too; a test changes what it is about."""
    part = Part(
        remote="shop",
        key="./Card",
        specifier="shop/./Card",
        build="sha384-one",
        generation="first",
        adapter="shop/~hanse/react.js",
        browser="shop/./Card",
        hydration={"react": "https://cdn.example/react.js", "react-dom/client": "https://cdn.example/dom.js"},
        styles={"shop/card.js": ("https://shop.example/card.css",)},
        scripts={"shop/card.js": ("https://shop.example/card.js",)},
    )
    return replace(part, **changes)  # type: ignore[arg-type]


class ActedStream:
    """A stream that gives these pieces; an exception among them is raised, a number is waited for."""

    def __init__(self, pieces: Sequence[str | Exception | float], shell: Shell) -> None:
        self._pieces = pieces
        self._shell = shell
        self.closed = False

    async def shell(self) -> Shell:
        if self._pieces and isinstance(self._pieces[0], Exception):
            raise self._pieces[0]
        return self._shell

    async def __aiter__(self) -> AsyncIterator[str]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, str):
                yield piece
            else:
                await asyncio.sleep(piece)

    @property
    def modules(self) -> tuple[str, ...]:
        return self._shell.modules

    async def aclose(self) -> None:
        self.closed = True


@dataclass
class Actor:
    """A realm.

    Attributes:
        act: Renders.
        pieces: What its streams give.
        calls: The calls so far.
        inside: How many are inside at present, and the most there were.
    """

    act: Act = lambda _: "<p>card</p>"
    pieces: Sequence[str | Exception | float] = ("<p>", "card</p>")
    calls: list[RenderCall] = field(default_factory=list)
    streams: list[ActedStream] = field(default_factory=list)
    inside: int = 0
    most: int = 0
    head: str = ""

    async def render(self, call: RenderCall) -> Rendered:
        self.calls.append(call)
        done = self.act(call)
        if not isinstance(done, str | Rendered):
            done = await done
        if isinstance(done, Rendered):
            return done
        return Rendered(html=done, head=self.head, modules=("shop/card.js",), seconds=0.001)

    async def stream(self, call: RenderCall) -> RenderStream:
        self.calls.append(call)
        stream = ActedStream(self.pieces, Shell(status=201, head=self.head, modules=("shop/card.js",)))
        self.streams.append(stream)
        return stream

    async def call(
        self, module: str, export: str, args: Sequence[JSON], *, deadline: float | None = None
    ) -> JSON:
        raise EngineError("nobody calls here", reason="missing")

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Play:
    """A stage, its only realm, its renderer, and what the renderer told."""

    parts: dict[tuple[str, str], Part]
    actor: Actor
    clock: Clock
    told: list[Fragment] = field(default_factory=list)
    renderer: Renderer = field(init=False)

    def find(self, remote: str, key: str) -> Part:
        part = self.parts.get((remote, f"./{key.removeprefix('./')}"))
        if part is None:
            raise NotFoundError("there is no such module", subject=f"{remote}/{key}")
        return part

    @asynccontextmanager
    async def enter(self, part: Part) -> AsyncIterator[Actor]:
        self.actor.inside += 1
        self.actor.most = max(self.actor.most, self.actor.inside)
        try:
            yield self.actor
        finally:
            self.actor.inside -= 1

    def change(self, **changes: object) -> None:
        """Change the card: what is asked for from now on is another stage's."""
        self.parts = {**self.parts, ("shop", "./Card"): replace(self.find("shop", "Card"), **changes)}  # type: ignore[arg-type]


def play(
    act: Act | None = None,
    *,
    parts: Mapping[tuple[str, str], Part] | None = None,
    pieces: Sequence[str | Exception | float] = ("<p>", "card</p>"),
    limits: Limits = LIMITS,
    development: bool = False,
    clock: Clock | None = None,
    **changes: object,
) -> Play:
    """Set up a stage with one card, changed as a test wants it."""
    actor = Actor(pieces=pieces) if act is None else Actor(act=act, pieces=pieces)
    known = {("shop", "./Card"): card(**changes)} if parts is None else {**parts}
    clock = clock or Clock()
    made = Play(known, actor, clock)
    made.renderer = Renderer(lambda: made, limits=limits, development=development, clock=clock)
    made.renderer.on_render(made.told.append)
    return made
