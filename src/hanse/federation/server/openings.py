"""Generations that run: each is opened once, lent to whoever renders, and closed when nobody needs it."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hanse.engines.base import Realm
from hanse.engines.pool import Pool, PoolCounts
from hanse.errors import EngineError
from hanse.render.adapters import Choice

if TYPE_CHECKING:
    # What builds need is in extras; types need nothing.
    from hanse.federation.generations import Assembly, Member

__all__ = ["Opened", "Running"]

LOG: Final = logging.getLogger("hanse.federation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What is known of a generation that runs.

    Attributes:
        group: The remotes that share it: `deno`, `wasm`, or `wasm of NAME`.
        members: Whose builds are in it, by their names.
        assembly: How it was put together.
        choices: The adapter of each remote.
    """

    group: str
    members: Mapping[str, Member]
    assembly: Assembly
    choices: Mapping[str, Choice]


class Opened:
    """A realm that is lent, as a context; retired, it is closed when the last page that may use it is done.

    Args:
        running: What runs in it.
        realm: The realm.
        drain: Seconds after which a retired one is closed, whoever is in it.
    """

    def __init__(self, running: Running, realm: Realm, *, drain: float) -> None:
        self.running = running
        self._realm = realm
        self._drain = drain
        self._inside = 0
        self._views = 0
        self._retired = False
        self._closing: asyncio.Task[None] | None = None
        self._latest: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def pool(self) -> PoolCounts | None:
        """What its processes have done; None where they are not pooled."""
        return self._realm.counts() if isinstance(self._realm, Pool) else None

    async def __aenter__(self) -> Realm:
        """Lend the realm for as long as the block runs.

        Raises:
            EngineError: `ended`: it is closed.
        """
        if self._closing is not None:
            raise EngineError("another build has taken its place", reason="ended", subject=self.running.group)
        self._inside += 1
        return self._realm

    async def __aexit__(self, *_: object) -> None:
        self._inside -= 1
        self._close_if_done()

    def serve(self, view: object) -> None:
        """Stay open as long as a view of it is in somebody's hands."""
        self._views += 1
        # Views end wherever the garbage collector runs; what is done about it belongs to the loop.
        weakref.finalize(view, self._let_go)

    def retire(self) -> None:
        """Close it as soon as nobody needs it any more, and at the latest after the time to drain."""
        if not self._retired:
            self._retired = True
            self._latest = self._loop.call_later(self._drain, self._close)
            self._close_if_done()

    async def aclose(self) -> None:
        """Close it now."""
        self._close()
        if self._closing is not None:
            await self._closing

    def _let_go(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._end_view)
        except RuntimeError:
            return  # The loop has ended, and its processes with it.

    def _end_view(self) -> None:
        self._views -= 1
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self._retired and not self._inside and not self._views:
            self._close()

    def _close(self) -> None:
        if self._latest is not None:
            # Until it is due a timer keeps all that this generation was.
            self._latest.cancel()
            self._latest = None
        if self._closing is None:
            self._closing = self._loop.create_task(close_quietly(self._realm.close))


async def close_quietly(close: Callable[[], Coroutine[None, None, None]]) -> None:
    """Close a realm; that it fails is nobody's business any more."""
    try:
        await close()
    except Exception:
        LOG.exception("a realm could not be closed")
