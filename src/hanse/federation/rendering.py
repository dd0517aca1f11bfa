"""What a federation renders on the server; the part of its face that is about server modules."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar, Unpack

from hanse.errors import UsageError
from hanse.federation.keeper import Keeper

if TYPE_CHECKING:
    from hanse.federation.server.backstage import Backstage, ServerHealth
    from hanse.federation.server.ferry import FerriedStream
    from hanse.render import Fragment, Wishes

__all__ = ["Rendering", "at_home"]

T = TypeVar("T")

NO_PROPS: Final[Mapping[str, object]] = MappingProxyType({})


class Rendering(ABC):
    """The methods of `Federation` that render, whichever event loop they are called on."""

    @property
    @abstractmethod
    def source(self) -> str:
        """Where the manifest comes from."""

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
        self, remote: str, key: str, props: Mapping[str, object] = NO_PROPS, **wishes: Unpack[Wishes]
    ) -> Fragment:
        """Render an exposed module on the server, for a page of its own.

        Whatever goes wrong in the remote costs the fragment alone: its `fallback` says why, and its markup
        has what takes its place.

        Args:
            remote: The remote's name.
            key: The module's key, with or without `./`.
            props: Its properties; anything that msgspec makes a JSON object of.
            wishes: `export`, `fallback`, `context`, `deadline` in seconds, `cache` in seconds, `hydrate` and
                `browser`, as `hanse.render.Wish` has them.

        Raises:
            FormatError: The properties cannot be written as JSON.
            NotFoundError: In development, where there is no such module.
            UsageError: The federation is not started, or none of its remotes has server modules.
        """
        keeper = self._require_keeper()
        renderer = require_backstage(keeper, self.source).renderer
        return await at_home(keeper, lambda: renderer.render(remote, key, props, **wishes))

    def stream(
        self, remote: str, key: str, props: Mapping[str, object] = NO_PROPS, **wishes: Unpack[Wishes]
    ) -> FerriedStream:
        """Return an exposed module's markup in pieces; takes and raises what `render` does.

        Await its `shell()`, iterate over it, and close it in the end.
        """
        from hanse.federation.server.ferry import FerriedStream

        keeper = self._require_keeper()
        renderer = require_backstage(keeper, self.source).renderer
        return FerriedStream(keeper.loop, lambda: renderer.stream(remote, key, props, **wishes))

    def server_health(self) -> tuple[ServerHealth, ...]:
        """Return how the server side of each remote is that has one; empty where none has."""
        keeper = self.keeper
        return () if keeper is None or keeper.backstage is None else keeper.backstage.health()

    async def server_settled(self) -> None:
        """Look at all server builds now, and wait until what has come runs, or was refused.

        Raises:
            UsageError: The federation is not started.
        """
        keeper = self._require_keeper()
        if keeper.backstage is not None:
            backstage = keeper.backstage
            await at_home(keeper, backstage.look_and_settle)


def require_backstage(keeper: Keeper, source: str) -> Backstage:
    """Return the server side.

    Raises:
        UsageError: There is none.
    """
    if keeper.backstage is None:
        raise UsageError(
            "no remote of this federation has server modules",
            subject=source,
            hint="a remote's `server`, in the manifest or in hanse.toml, says where they come from",
        )
    return keeper.backstage


async def at_home(keeper: Keeper, make: Callable[[], Coroutine[None, None, T]]) -> T:
    """Run a coroutine on the keeper's loop, whichever loop this is."""
    if asyncio.get_running_loop() is keeper.loop:
        return await make()
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(make(), keeper.loop))
