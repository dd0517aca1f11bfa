"""A scene: the fragments of one page, all from one stage, within one budget of time.

Whatever goes wrong with a fragment costs that fragment alone: it gets its fallback, or the browser renders
it. Only what the caller did wrong is an error.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Unpack

from hanse.engines.base import Realm, RenderCall, Rendered
from hanse.errors import EngineError, NotFoundError
from hanse.limits import Limits
from hanse.render.budgets import Budget
from hanse.render.faults import EXPECTED, Fault, RenderError, fault_of
from hanse.render.fragment import Fragment
from hanse.render.gates import Gates
from hanse.render.keeping import Kept, key_of
from hanse.render.markup import (
    CLOSE,
    context_for,
    fallback_element,
    fallback_html,
    mounting_tag,
)
from hanse.render.orders import Order, listed, opening_of, too_late
from hanse.render.payload import make_payload
from hanse.render.prefixes import Prefixes
from hanse.render.sanitising import sanitise
from hanse.render.stage import Choose, Part, Stage
from hanse.render.streaming import FragmentStream
from hanse.render.wishes import Wish, Wishes

__all__ = ["House", "Scene"]

LOG: Final = logging.getLogger("hanse.render")
NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
# Longer HTML of strangers is written anew in a thread: it takes a millisecond for each thousand characters.
LONG: Final = 8 << 10


@dataclass(frozen=True, slots=True)
class House:
    """What all scenes of a process have in common.

    Attributes:
        limits: The caps.
        clock: Seconds, monotonic.
        gates: The gate before each remote.
        kept: HTML that callers asked to keep.
        tell: Is told of every fragment.
    """

    limits: Limits
    clock: Callable[[], float]
    gates: Gates
    kept: Kept
    tell: Callable[[Fragment], None]


class Scene:
    """The fragments of one page, on the event loop that the federation lives on.

    Args:
        stage: The view that all of them are from.
        house: What scenes have in common.
        nonce: The response's nonce, for scripts in streamed HTML.
        traceparent: The trace the page is a part of, as W3C's header has it.
        development: Whether whoever looks at the page is told what went wrong.
        withheld: Remotes that only the browser may render on this page, with the reason: those whose modules
            a developer has replaced there.
        choose: Finds the stage of the request that the page is for, in place of `stage`, before anything is
            rendered.
    """

    def __init__(
        self,
        stage: Stage,
        house: House,
        *,
        nonce: str | None = None,
        traceparent: str | None = None,
        development: bool = False,
        withheld: Mapping[str, str] = MappingProxyType({}),
        choose: Choose | None = None,
    ) -> None:
        self.stage = stage
        self.house = house
        self.nonce = nonce
        self.traceparent = traceparent
        self.development = development
        self.budget = Budget(house.limits.page_deadline, house.clock)
        self._withheld = withheld
        self._prefixes = Prefixes()
        self._choose = choose
        self._choosing = asyncio.Lock()

    async def render(
        self, remote: str, key: str, props: Mapping[str, object] = NOTHING, **wishes: Unpack[Wishes]
    ) -> Fragment:
        """Render an exposed module to the end.

        Args:
            remote: The remote's name.
            key: The module's key, with or without `./`.
            props: Its properties; anything that msgspec makes a JSON object of.
            wishes: As `Wish` has them.

        Raises:
            FormatError: The properties cannot be written as JSON.
            NotFoundError: In development, where there is no such module.
        """
        if self._choose is not None:
            await self.settle()
        order = self._order(remote, key, props, Wish(**wishes))
        return order if isinstance(order, Fragment) else await self.finish(order)

    async def settle(self) -> None:
        """Find this page's stage, once; all its fragments are from that one."""
        async with self._choosing:
            if self._choose is not None:
                self.stage = await self._choose(self.stage)
                self._choose = None

    async def finish(self, order: Order) -> Fragment:
        """Render an order to the end, whatever comes of it."""
        try:
            rendered, cached = await self._attempt(order)
        except Exception as error:  # noqa: BLE001 - whatever it was, it must not cost the page
            return self.give_up(order, error)
        return self._tell(self._show(order, rendered, cached=cached))

    def stream(
        self, remote: str, key: str, props: Mapping[str, object] = NOTHING, **wishes: Unpack[Wishes]
    ) -> FragmentStream:
        """Return an exposed module's markup in pieces; takes and raises what `render` does.

        Nothing is rendered before the stream is used, and nothing is kept. Of an untrusted remote there is
        one piece. Where the page's stage has not been found yet, the stream raises what is wrong.
        """
        wish = Wish(**wishes)
        if self._choose is None:
            return FragmentStream(self, self._order(remote, key, props, wish))

        async def order() -> Order | Fragment:
            await self.settle()
            return self._order(remote, key, props, wish)

        return FragmentStream(self, order)

    def end(self, order: Order, fragment: Fragment, fault: Fault | None, error: Exception | None) -> None:
        """Tell of a stream that has ended, and how."""
        if fault is not None and error is not None:
            self._log(order.part, fault, error)
        self._tell(fragment)

    def give_up(self, order: Order, error: Exception) -> Fragment:
        """Return what takes a fragment's place: rendered by the browser if it can be, else the fallback."""
        part, seconds = order.part, self.house.clock() - order.started
        fault = fault_of(error)
        if fault.reason == "missing" and part.adapter is None and part.adapter_missing:
            fault = replace(fault, message=f"{fault.message}\n  no adapter: {part.adapter_missing}")
        self._log(part, fault, error)
        inside = fallback_html(order.wish.fallback)
        fragment = Fragment(
            remote=part.remote,
            key=part.key,
            build=part.build,
            mode="fallback",
            html=inside,
            markup=fallback_element(part.remote, fault, inside, development=self.development),
            fallback=fault.reason,
            message=fault.message,
            seconds=seconds,
        )
        if order.wish.browser and part.trusted and part.browser is not None:
            markup = f"{mounting_tag(part, order.payload)}{inside}{CLOSE}"
            fragment = replace(fragment, mode="browser", markup=markup, browser=part.browser)
        return self._tell(fragment)

    def call_of(self, order: Order, *, nonce: bool) -> RenderCall:
        """Return the call that renders an order."""
        wish, part = order.wish, order.part
        return RenderCall(
            module=part.specifier,
            props=order.payload.values,
            export=wish.export,
            adapter=part.adapter,
            context=context_for(
                wish.context,
                prefix=order.prefix,
                nonce=self.nonce if nonce and part.trusted else None,
                traceparent=self.traceparent if nonce else None,
            ),
        )

    def allot(self, order: Order) -> tuple[float, str]:
        """Return how long an order may take, and why it is too late then: `timeout`, or `deadline`.

        Raises:
            RenderError: It must not be rendered here, or the page has no time left.
        """
        part = order.part
        if part.remote in self._withheld:
            raise RenderError(Fault("browser-only", self._withheld[part.remote]))
        if part.browser_only is not None:
            raise RenderError(Fault(part.fault, part.browser_only))
        own = part.deadline or self.house.limits.fragment_deadline
        own = min(own, order.wish.deadline or own)
        left = self.budget.left
        if left <= 0:
            raise RenderError(Fault("deadline", "the page has no time left for it"))
        return (own, "timeout") if own <= left else (left, "deadline")

    def _order(self, remote: str, key: str, props: Mapping[str, object], wish: Wish) -> Order | Fragment:
        """Find what is rendered; where it is not there, return its fallback."""
        payload = make_payload(props)
        started = self.house.clock()
        try:
            part = self.stage.find(remote, key)
        except NotFoundError as error:
            if self.development:
                raise
            return self._miss(remote, key, wish, error)
        prefix = self._prefixes.take(f"{part.specifier} {wish.export}", payload.digest)
        return Order(part, payload, prefix, wish, started)

    def _miss(self, remote: str, key: str, wish: Wish, error: NotFoundError) -> Fragment:
        """Return the fallback of a module that there is not."""
        LOG.warning("a page asks for the module %r of %r, which is not there: %s", key, remote, error)
        inside = fallback_html(wish.fallback)
        fault = Fault("unknown", str(error))
        return self._tell(
            Fragment(
                remote=remote,
                key=key,
                mode="fallback",
                html=inside,
                markup=fallback_element(remote, fault, inside, development=False),
                fallback=fault.reason,
                message=fault.message,
            )
        )

    async def _attempt(self, order: Order) -> tuple[Rendered, bool]:
        """Render, or take what was kept; the flag says which."""
        seconds, late = self.allot(order)
        with self.budget:
            if order.wish.cache <= 0:
                call = self.call_of(order, nonce=True)
                return await self._render(order, call, seconds, late), False
            # What is kept is for everybody: nobody's nonce is in it, and nobody's trace.
            call = self.call_of(order, nonce=False)
            key = key_of(
                order.part,
                order.payload,
                export=call.export,
                prefix=order.prefix,
                context={**order.wish.context},
                sanitised=not order.part.trusted,
            )
            return await self.house.kept.get(
                key, order.wish.cache, lambda: self._render(order, call, seconds, late)
            )

    async def _render(self, order: Order, call: RenderCall, seconds: float, late: str) -> Rendered:
        """Render within so many seconds, and write anew what a stranger gave."""
        part, until = order.part, self.house.clock() + seconds
        async with self.house.gates.find(part.remote, part.build).enter(seconds):
            left = max(0.001, until - self.house.clock())
            try:
                async with asyncio.timeout(left + self.house.limits.engine_grace), self.enter(part) as realm:
                    rendered = await realm.render(call.within(left))
            except (TimeoutError, EngineError) as error:
                raise too_late(error, late) from error
            return rendered if part.trusted else await self._clean(order, rendered)

    def enter(self, part: Part) -> AbstractAsyncContextManager[Realm]:
        """Lend a part's realm."""
        return self.stage.enter(part)

    async def _clean(self, order: Order, rendered: Rendered) -> Rendered:
        """Write a stranger's HTML anew; what it says to the page beside it counts for nothing."""
        remote, limits = order.part.remote, self.house.limits

        def write_anew() -> str:
            return sanitise(rendered.html, remote=remote, prefix=order.prefix, limits=limits)

        long = LONG < len(rendered.html) <= limits.untrusted_html
        html = await asyncio.to_thread(write_anew) if long else write_anew()
        return Rendered(html=html, seconds=rendered.seconds)

    def _show(self, order: Order, rendered: Rendered, *, cached: bool) -> Fragment:
        """Return the fragment that a rendering gave."""
        part, hydrates = order.part, order.hydrates
        opening = opening_of(order)
        return Fragment(
            remote=part.remote,
            key=part.key,
            mode="server",
            html=rendered.html,
            markup=f"{opening}{rendered.html}{CLOSE}",
            head=rendered.head,
            status=rendered.status,
            modules=rendered.modules,
            styles=listed(part.styles, rendered.modules),
            preloads=listed(part.scripts, rendered.modules) if hydrates else (),
            hydrates=hydrates,
            seconds=self.house.clock() - order.started,
            engine_seconds=0.0 if cached else rendered.seconds,
            cached=cached,
            build=part.build,
            browser=part.browser if hydrates else None,
        )

    def _log(self, part: Part, fault: Fault, error: Exception) -> None:
        """Say that a fragment was not rendered."""
        level = logging.DEBUG if fault.reason in EXPECTED else logging.WARNING
        LOG.log(
            level,
            "%s is not rendered: %s: %s%s",
            part.specifier,
            fault.reason,
            fault.message,
            f"\n{fault.stack}" if fault.stack else "",
            extra={"remote": part.remote, "reason": fault.reason, "traceparent": self.traceparent},
            exc_info=error if fault.reason == "internal" else None,
        )

    def _tell(self, fragment: Fragment) -> Fragment:
        """Tell of a fragment, and return it."""
        self.house.tell(fragment)
        return fragment
