"""What a federation renders on the server; the part of its face that is about server modules."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar, Unpack

from hanse.federation.keeper import Keeper
from hanse.render.requests import RequestContext
from hanse.resolve import Notice

if TYPE_CHECKING:
    from hanse.federation.server.ferry import FerriedStream
    from hanse.federation.server.health import ServerHealth
    from hanse.render import Fragment, Renderer, Wishes

__all__ = ["Rendering", "at_home"]

T = TypeVar("T")

NO_PROPS: Final[Mapping[str, object]] = MappingProxyType({})
NOBODY: Final = RequestContext()


class Rendering(ABC):
    """The methods of `Federation` that render, whichever event loop they are called on."""

    renderer: Renderer

    @property
    @abstractmethod
    def keeper(self) -> Keeper | None:
        """What keeps the federation current in this process; None where nothing does."""

    @abstractmethod
    def _require_keeper(self) -> Keeper:
        """Return the keeper.

        Raises:
            UsageError: There is none in this process.
        """

    async def render(
        self,
        remote: str,
        key: str,
        props: Mapping[str, object] = NO_PROPS,
        *,
        request: RequestContext = NOBODY,
        **wishes: Unpack[Wishes],
    ) -> Fragment:
        """Render an exposed module on the server, for a page of its own.

        Whatever goes wrong in the remote costs the fragment alone: its `fallback` says why, and its markup
        has what takes its place.

        Args:
            remote: The remote's name.
            key: The module's key, with or without `./`.
            props: Its properties; anything that msgspec makes a JSON object of.
            request: What delegates decide by: tenant, experiments, version.
            wishes: `export`, `fallback`, `context`, `deadline` in seconds, `cache` in seconds, `hydrate` and
                `browser`, as `hanse.render.Wish` has them.

        Raises:
            FormatError: The properties cannot be written as JSON.
            NotFoundError: In development, where there is no such module.
            UsageError: The federation is not started.
        """
        keeper = self._require_keeper()
        return await at_home(
            keeper, lambda: self.renderer.render(remote, key, props, request=request, **wishes)
        )

    def stream(
        self,
        remote: str,
        key: str,
        props: Mapping[str, object] = NO_PROPS,
        *,
        request: RequestContext = NOBODY,
        **wishes: Unpack[Wishes],
    ) -> FerriedStream:
        """Return an exposed module's markup in pieces; takes and raises what `render` does.

        Await its `shell()`, iterate over it, and close it in the end.
        """
        from hanse.federation.server.ferry import FerriedStream

        keeper = self._require_keeper()
        return FerriedStream(
            keeper.loop, lambda: self.renderer.stream(remote, key, props, request=request, **wishes)
        )

    def server_health(self) -> tuple[ServerHealth, ...]:
        """Return how the server side of each remote is that has one; empty where none has."""
        keeper = self.keeper
        return () if keeper is None or keeper.backstage is None else keeper.backstage.health()

    def server_notices(self) -> tuple[Notice, ...]:
        """Return what the owners of remotes should know of their server modules."""
        keeper = self.keeper
        return () if keeper is None or keeper.backstage is None else tuple(keeper.backstage.notices())

    def server_variants(self) -> int:
        """Return how many sets of delegates' decisions run at the moment."""
        keeper = self.keeper
        return 0 if keeper is None or keeper.backstage is None else keeper.backstage.variants

    async def server_settled(self) -> None:
        """Look at all server builds now, and wait until what has come runs, or was refused.

        Raises:
            UsageError: The federation is not started.
        """
        keeper = self._require_keeper()
        if keeper.backstage is not None:
            backstage = keeper.backstage
            await at_home(keeper, backstage.look_and_settle)


async def at_home(keeper: Keeper, make: Callable[[], Coroutine[None, None, T]]) -> T:
    """Run a coroutine on the keeper's loop, whichever loop this is."""
    if asyncio.get_running_loop() is keeper.loop:
        return await make()
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(make(), keeper.loop))
