"""The renderer: what the scenes of one federation have in common, on the event loop it lives on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, Unpack

from hanse.limits import LIMITS, Limits
from hanse.net import BreakerState
from hanse.render.fragment import Fragment
from hanse.render.gates import Gates
from hanse.render.keeping import Kept
from hanse.render.requests import RequestContext
from hanse.render.scene import House, Scene
from hanse.render.stage import Choose, Stage
from hanse.render.streaming import FragmentStream
from hanse.render.tallies import RenderTally, Tallies
from hanse.render.wishes import Wishes

__all__ = ["Listener", "Renderer"]

Listener = Callable[[Fragment], None]
"""Is told of every fragment, whatever became of it."""

NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
NOBODY: Final = RequestContext()


class Renderer:
    """Renders fragments; all its methods belong to the federation's event loop.

    Args:
        stage: Returns the current view of the federation's server side.
        limits: The caps.
        development: Whether pages say what went wrong with their fragments.
        clock: Seconds, monotonic.
        choose: Returns what finds the stage of a request; None where all get the current one.
    """

    def __init__(
        self,
        stage: Callable[[], Stage],
        *,
        choose: Callable[[RequestContext], Choose | None] = lambda _: None,
        limits: Limits = LIMITS,
        development: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stage = stage
        self._choose = choose
        self._development = development
        self._listeners: dict[object, Listener] = {}
        self._tallies = Tallies(limits.remotes_metered)
        self._house = House(limits, clock, Gates(limits, clock), Kept(limits, clock), self._tell)

    def stage(self) -> Stage:
        """Return the stage of this moment, for whoever opens a scene later."""
        return self._stage()

    def open(
        self,
        *,
        nonce: str | None = None,
        traceparent: str | None = None,
        development: bool | None = None,
        withheld: Mapping[str, str] = MappingProxyType({}),
        request: RequestContext = NOBODY,
        stage: Stage | None = None,
    ) -> Scene:
        """Open the scene of one page, which keeps its stage; arguments are those of `Scene`.

        Args:
            nonce: The response's nonce.
            traceparent: The trace the page is a part of.
            development: As the renderer's own if not given.
            withheld: Remotes that only the browser may render on this page, with the reason.
            request: What delegates decide by.
            stage: The stage that the page was begun with; that of this moment if not given.
        """
        if traceparent is not None and request.traceparent is None:
            request = replace(request, traceparent=traceparent)
        return Scene(
            self._stage() if stage is None else stage,
            self._house,
            nonce=nonce,
            traceparent=traceparent,
            development=self._development if development is None else development,
            withheld=withheld,
            choose=self._choose(request),
        )

    async def render(
        self,
        remote: str,
        key: str,
        props: Mapping[str, object] = NOTHING,
        *,
        request: RequestContext = NOBODY,
        **wishes: Unpack[Wishes],
    ) -> Fragment:
        """Render one fragment for a page of its own; arguments and errors are those of `Scene.render`."""
        scene = self.open(request=request, traceparent=request.traceparent)
        return await scene.render(remote, key, props, **wishes)

    def stream(
        self,
        remote: str,
        key: str,
        props: Mapping[str, object] = NOTHING,
        *,
        request: RequestContext = NOBODY,
        **wishes: Unpack[Wishes],
    ) -> FragmentStream:
        """Stream one fragment for a page of its own; arguments and errors are those of `Scene.stream`."""
        scene = self.open(request=request, traceparent=request.traceparent)
        return scene.stream(remote, key, props, **wishes)

    def on_render(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(fragment)` after each fragment, in the loop's thread; returns what ends it."""
        handle = object()
        self._listeners[handle] = listener
        return lambda: self._listeners.pop(handle, None) and None

    def breakers(self) -> dict[str, BreakerState]:
        """Return the breaker's state of each remote that was rendered."""
        return self._house.gates.states()

    async def aclose(self) -> None:
        """End what is being made for those who share it."""
        await self._house.kept.aclose()

    def tallies(self) -> dict[str, RenderTally]:
        """Return what became of the fragments of each remote, by remote; from any thread."""
        return self._tallies.read()

    def _tell(self, fragment: Fragment) -> None:
        self._tallies.note(fragment)
        for listener in tuple(self._listeners.values()):
            listener(fragment)
