"""The federation for code that does not await: Django, Flask, scripts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self, Unpack

from hanse.federation.background import background_loop, run_in, submit
from hanse.federation.ledger import Listener
from hanse.federation.modules import RemoteModule
from hanse.federation.newcomers import Delta
from hanse.federation.refreshing import RefreshListener
from hanse.federation.snapshot import Snapshot
from hanse.federation.verifying import Report
from hanse.net import BreakerState, Stats
from hanse.render.requests import RequestContext
from hanse.resolve import Notice

if TYPE_CHECKING:
    from hanse.federation.live import Federation
    from hanse.federation.server.health import ServerHealth
    from hanse.render import Fragment, Wishes

__all__ = ["SyncFederation"]

NO_PROPS: Final[Mapping[str, object]] = MappingProxyType({})
NOBODY: Final = RequestContext()


class SyncFederation:
    """The same names as `Federation`, blocking, from any thread; got from `Federation.sync`.

    The federation is started when it is first used, on a loop that all federations of a process share; in a
    forked process anew, while what the parent had is served. One that is started on another loop stays there.
    """

    def __init__(self, federation: Federation) -> None:
        self._federation = federation

    @property
    def snapshot(self) -> Snapshot:
        """The current snapshot; only the very first one is waited for.

        Raises:
            HanseError: There is none, for the manifest cannot be had.
        """
        self._ensure()
        return self._federation.snapshot

    def start(self) -> None:
        """Start the federation, and wait for its first snapshot; idempotent.

        Raises:
            HanseError: There is nothing to serve.
        """
        run_in(self._loop(), self._federation.start())

    def close(self) -> None:
        """End what keeps the federation current; the last snapshot stays readable."""
        run_in(self._loop(), self._federation.aclose())

    def refresh(self) -> Snapshot:
        """Ask every origin now, and return what came of it.

        Raises:
            HanseError: There is no manifest, or a strict option forbids what is there.
        """
        self._ensure()
        return run_in(self._loop(), self._federation.refresh())

    def modules_read(self) -> None:
        """Wait until the files behind the current snapshot have been read, as far as they can be."""
        self._ensure()
        run_in(self._loop(), self._federation.modules_read())

    def reread(self, remote: str) -> Snapshot:
        """Read a remote's files again, although its entry may be the same.

        Raises:
            NotFoundError: There is no such remote.
            HanseError: The map is locked, and a file cannot be read; the snapshot stays as it is.
        """
        self._ensure()
        return run_in(self._loop(), self._federation.reread(remote))

    def verify(self, *, locked: bool = False, page_origin: str | None = None) -> Report:
        """Read every file that the import map reaches, and report what would fail in a browser.

        Args:
            locked: Ask for the integrity of every file, as a locked federation does.
            page_origin: The origin of the pages that import the files; a stranger's if not given.

        Raises:
            UsageError: That is no origin.
        """
        self._ensure()
        return run_in(self._loop(), self._federation.verify(locked=locked, page_origin=page_origin))

    def wake(self) -> None:
        """Ask for a refresh soon, and return at once."""
        self._federation.wake()

    def load_remote_module(self, remote: str, key: str) -> RemoteModule:
        """Return where an exposed module lies; its key may be given with or without `./`.

        Raises:
            NotFoundError: There is no such remote or module, or the remote is left out because it fails.
        """
        self._ensure()
        return self._federation.load_remote_module(remote, key)

    def render(
        self,
        remote: str,
        key: str,
        props: Mapping[str, object] = NO_PROPS,
        *,
        request: RequestContext = NOBODY,
        **wishes: Unpack[Wishes],
    ) -> Fragment:
        """Render an exposed module on the server; arguments are those of `Federation.render`.

        Raises:
            FormatError: The properties cannot be written as JSON.
            NotFoundError: In development, where there is no such module.
            UsageError: This is the event loop's own thread.
        """
        self._ensure()
        return run_in(self._loop(), self._federation.render(remote, key, props, request=request, **wishes))

    def server_health(self) -> tuple[ServerHealth, ...]:
        """Return how the server side of each remote is that has one."""
        self._ensure()
        return self._federation.server_health()

    def server_notices(self) -> tuple[Notice, ...]:
        """Return what the owners of remotes should know of their server modules."""
        self._ensure()
        return self._federation.server_notices()

    def server_settled(self) -> None:
        """Look at all server builds now, and wait until what has come runs, or was refused."""
        self._ensure()
        run_in(self._loop(), self._federation.server_settled())

    def init_remote_entry(
        self, url: str, name: str | None = None, *, integrity: str | None = None, snapshot: str | None = None
    ) -> Delta:
        """Return what a loaded page may add to its map for one more remote.

        Args:
            url: Where its remote entry lies, on an origin that may be asked.
            name: Its name; the one its entry has, if not given.
            integrity: The digest the entry should have.
            snapshot: The digest of the page; that of the current snapshot if not given.

        Raises:
            GoneError: That snapshot is not kept any more.
            HanseError: The entry cannot be had, or a strict option forbids the outcome.
        """
        self._ensure()
        added = self._federation.init_remote_entry(url, name, integrity=integrity, snapshot=snapshot)
        return run_in(self._loop(), added)

    def override(self, remotes: Mapping[str, str]) -> Snapshot:
        """Return the current snapshot with some remotes replaced, or added, for one developer's pages.

        Args:
            remotes: Name -> URL of a remote entry.

        Raises:
            OverrideError: An entry cannot be had, or a strict option forbids the outcome.
        """
        self._ensure()
        return run_in(self._loop(), self._federation.override(remotes))

    def snapshot_by_digest(self, digest: str) -> Snapshot | None:
        """Return the current snapshot or an earlier one; None if it is not kept."""
        return self._federation.snapshot_by_digest(digest)

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(new, old)` after each change, in the loop's thread; returns what ends it."""
        return self._federation.on_change(listener)

    def on_refresh(self, listener: RefreshListener) -> Callable[[], None]:
        """Call `listener(refresh)` after each refresh, in the loop's thread; returns what ends it."""
        return self._federation.on_refresh(listener)

    def fetches(self) -> Stats:
        """Return the counts of what was fetched in this process."""
        return self._federation.fetches()

    def breakers(self) -> dict[str, BreakerState]:
        """Return the breaker's state of each origin that has been asked."""
        return self._federation.breakers()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ensure(self) -> None:
        """Start the federation where nobody has in this process; wait only where there is no snapshot."""
        federation = self._federation
        if federation.closed or (federation.keeper is not None and federation.has_snapshot):
            return
        if federation.has_snapshot:
            submit(background_loop(), federation.start())
        else:
            self.start()

    def _loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop the federation is kept on, or would be."""
        keeper = self._federation.keeper
        return background_loop() if keeper is None else keeper.loop
