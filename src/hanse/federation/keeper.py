"""Who keeps a federation current: a task on one event loop, in one process."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from hanse.errors import HanseError, NotFoundError, ResolveError, UsageError
from hanse.federation.collecting import Collector
from hanse.federation.containers import ServerPaper
from hanse.federation.holdings import HeldManifest, Holdings
from hanse.federation.hub import Hub
from hanse.federation.ledger import Ledger
from hanse.federation.locking import lock, lock_snapshot
from hanse.federation.newcomers import (
    Delta,
    LoadedPage,
    Newcomer,
    add_remote,
    has_already,
    make_delta,
    no_delta,
    open_page,
)
from hanse.federation.notifications import Notifications
from hanse.federation.overriding import Overriding
from hanse.federation.places import locate
from hanse.federation.reader import Reader
from hanse.federation.reading import decode_entry, read
from hanse.federation.refreshing import Course
from hanse.federation.settings import Settings, access_of
from hanse.federation.settling import refuse_failing, settle, unsettled
from hanse.federation.snapshot import Snapshot
from hanse.federation.store import Store
from hanse.federation.verifying import Report, verify
from hanse.formats.manifest import Manifest
from hanse.names import check_remote_name
from hanse.net import Client, digest
from hanse.resolve import Remote

if TYPE_CHECKING:
    from hanse.federation.server.backstage import Backstage

__all__ = ["Keeper"]

LOG: Final = logging.getLogger("hanse.federation")

T = TypeVar("T")

# Many processes that were started together must not ask together for ever.
JITTER: Final = 0.1


class Keeper:
    """Refreshes a ledger, on its own event loop, until it is closed.

    Args:
        settings: What the federation goes by.
        ledger: What it knows; outlives the keeper.
        client: Asks the web, and is closed by somebody else; one of its own if not given.
        hub: Who is told of builds while developing; None where nobody is.
    """

    def __init__(
        self, settings: Settings, ledger: Ledger, client: Client | None, hub: Hub | None = None
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self._process = os.getpid()
        self._settings = settings
        self._ledger = ledger
        self._borrowed = client is not None
        self.client = client or Client(access_of(settings), limits=settings.limits)
        self.client.access = access_of(settings)
        self._collector = Collector(settings, self.client, ledger.clock, self._expect)
        self._reader = None if settings.modules == "skip" else Reader(settings, ledger, self.client)
        self._store = None if settings.cache_folder is None else Store(settings, settings.cache_folder)
        known = None if self._reader is None else self._reader.known
        self.overriding = Overriding(settings, ledger, self.client, used=self._use, known=known)
        self._notifications = None if hub is None else self._make_notifications(hub)
        self._refreshing: asyncio.Task[Snapshot] | None = None
        self.backstage: Backstage | None = None
        self._serves = True
        self._unlisten: Callable[[], None] = lambda: None
        self._woken = asyncio.Event()
        self._closed = False
        self.started: asyncio.Future[None] = self.loop.create_future()
        self._life = self.loop.create_task(self._live())

    @property
    def _locked(self) -> bool:
        return self._settings.modules == "locked"

    @property
    def alive(self) -> bool:
        """Whether its loop is one of this process, and still there."""
        return not self.inherited and not self.loop.is_closed() and not self._closed

    @property
    def inherited(self) -> bool:
        """Whether its loop is that of a parent process."""
        return self._process != os.getpid()

    async def refresh(self) -> Snapshot:
        """Ask for everything now; those who call meanwhile get the same refresh's result.

        Raises:
            HanseError: There is no manifest, or a strict option forbids what is there.
        """
        if self._refreshing is None:
            self._refreshing = self.loop.create_task(self._refresh())
            self._refreshing.add_done_callback(self._land)
        return await outlast(self._refreshing)

    async def renew(self, remote: str) -> Snapshot:
        """Ask for everything again, beginning now: a round under way may have asked the remote already.

        Its files are read again, too: while developing, a build may give new ones the names of the old.

        Raises:
            HanseError: As `refresh` and `reread` do.
        """
        LOG.debug("remote %r was built anew", remote)
        if self._refreshing is not None:
            await asyncio.wait({self._refreshing})
        snapshot = await self.refresh()
        return snapshot if self._reader is None else await self.reread(remote)

    def wake(self) -> None:
        """Ask for a refresh soon, from any thread."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._woken.set)

    async def add(self, url: str, name: str | None, *, integrity: str | None, snapshot: str | None) -> Delta:
        """Work out what a page adds for one more remote.

        Raises:
            HanseError: It has no proper name, the page is gone, its entry cannot be had, or a strict
                option forbids the outcome.
        """
        if name is not None:
            check_remote_name(name, subject="name")
        page = await self._page(self._ledger.require().digest if snapshot is None else snapshot)
        if name is not None and has_already(page, name, url):
            return no_delta(page, name, url)
        newcomer = await self._receive(url, name, integrity)
        delta, joined = await asyncio.to_thread(add_remote, page, newcomer)
        if self._locked and self._reader is not None and joined is not page:
            added, files = await self._reader.read_delta(page.files, newcomer.owner, delta.import_map)
            delta, joined = make_delta(replace(delta, import_map=added), replace(joined, files=files))
        self._ledger.history.keep_page(joined)
        return delta

    async def modules_read(self) -> None:
        """Wait until the files of the current snapshot have been read, as far as they can be."""
        if self._reader is not None:
            await self._reader.wait()

    async def reread(self, name: str) -> Snapshot:
        """Read a remote's files again, although its entry is the same.

        Raises:
            NotFoundError: There is no such remote.
            HanseError: The map is locked, and a file cannot be read; the snapshot stays as it is.
        """
        if self._refreshing is not None:
            await asyncio.wait({self._refreshing})
        snapshot, holdings = self._ledger.require(), self._ledger.holdings
        held = None if holdings is None else holdings.remotes.get(name)
        if holdings is None or held is None:
            raise NotFoundError("there is no such remote", subject=name)
        if self._reader is None or held.good is None:
            return snapshot
        await self._reader.stop()
        forgotten = self._reader.shelf.take(held.good.digest)
        if not self._locked:
            files = await self._reader.known(holdings, snapshot)
            self._ledger.swap(replace(self._ledger.require(), files=replace(files, unread=())))
            self._reader.begin()
            await self._reader.wait()
            return self._ledger.require()
        files = await self._reader.read(holdings, snapshot)
        if files.unread:
            self._reader.shelf.put_back(forgotten)
            raise files.unread[0].error
        if self._ledger.current is snapshot:
            self._ledger.swap(await asyncio.to_thread(lock_snapshot, snapshot, files))
        return self._ledger.require()

    async def verify(self, *, page: str, locked: bool) -> Report:
        """Read every file behind the current snapshot's map as a browser would."""
        snapshot, holdings = self._ledger.require(), self._ledger.holdings
        held = Holdings(HeldManifest({})) if holdings is None else holdings
        return await verify(held, snapshot, self.client, self._settings.limits, page=page, locked=locked)

    def server_papers(self) -> dict[str, ServerPaper]:
        """Return name -> the manifest of a container's build for servers, where there is one."""
        holdings = self._ledger.holdings
        held = {} if holdings is None else holdings.remotes
        papers = {name: one.good.papers.server for name, one in held.items() if one.good is not None}
        return {name: paper for name, paper in papers.items() if paper is not None}

    async def aclose(self) -> None:
        """End what is under way; idempotent."""
        self._closed = True
        self._life.cancel()
        await asyncio.wait({self._life})

    async def _live(self) -> None:
        """Begin, and go on until cancelled, which is also what the end of an event loop does to its tasks."""
        try:
            self._notify()
            await self._begin()
            await self._open_backstage()
            self.started.set_result(None)
            await self._watch()
        except Exception as error:  # noqa: BLE001
            # It is for those who wait for the start; whether any of them is left does not matter.
            self.started.set_exception(error)
            self.started.exception()
        finally:
            self._closed = True
            self.started.cancel()
            await self._end()

    def _make_notifications(self, hub: Hub) -> Notifications:
        """Make what watches builds."""
        forget, limits = self.overriding.forget, self._settings.limits
        return Notifications(self.client, hub, self.renew, forget=forget, limits=limits)

    def _use(self, remotes: Iterable[Remote]) -> None:
        """Watch the builds of an override's remotes, too."""
        if self._notifications is not None:
            self._notifications.watch_overrides(remotes)

    def _notify(self) -> None:
        """Begin to watch builds."""
        if self._notifications is not None:
            self._unlisten = self._ledger.changes.add(self._notifications.compare)
            if self._ledger.current is not None:
                self._notifications.compare(self._ledger.current, None)

    async def _end(self) -> None:
        """End the refresh that is under way, and close the client."""
        if self._notifications is not None:
            self._unlisten()
            await self._notifications.aclose()
        await self.overriding.aclose()
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait({self._refreshing})
        if self.backstage is not None:
            await self.backstage.aclose()
        if self._reader is not None:
            await self._reader.aclose()
        if not self._borrowed:
            await self.client.aclose()

    async def _begin(self) -> None:
        """Restore what was stored, and refresh once.

        Raises:
            HanseError: There is nothing to serve.
        """
        if self._ledger.current is None:
            await self._restore()
        try:
            await self.refresh()
        except HanseError as error:
            if self._ledger.current is None:
                raise
            LOG.warning("the first refresh failed, and the last good documents are served: %s", error)

    def _expect(self, manifest: Manifest) -> None:
        """Ask for server modules as soon as a manifest names them: they do not wait for what browsers get."""
        if not self._locked:
            self._tend_backstage(manifest)

    def _tend_backstage(self, manifest: Manifest | None = None) -> None:
        """Tell the server side what the manifest says; it is made when a remote first has one."""
        holdings = self._ledger.holdings
        if manifest is None and holdings is not None:
            manifest = holdings.manifest.manifest
        if manifest is None or not self._serves:
            return
        if self.backstage is None:
            settings = self._settings
            remotes = settings.manifest_with_own(manifest).values()
            delegates = any(own.delegate is not None for own in settings.remotes.values())
            if not delegates and not any(remote.server for remote in remotes):
                return
            try:
                # What it needs is in extras that other federations do without.
                from hanse.federation.server.backstage import Backstage
            except ImportError as error:
                self._serves = False
                LOG.warning("server modules are not used, for hanse[render] is not installed: %s", error)
                return
            self.backstage = Backstage(settings, self._ledger, self.client, ask=self._woken.set)
        self.backstage.renew(manifest)

    async def _open_backstage(self) -> None:
        """Wait for the server modules, as far as they come in time."""
        self._tend_backstage()
        if self.backstage is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.limits.server_start):
                    await self.backstage.settled()

    async def _restore(self) -> None:
        """Serve what was stored, until the first refresh is through."""
        if self._store is None:
            return
        holdings = await asyncio.to_thread(self._store.read)
        if holdings is None:
            return
        if self._reader is not None:
            await self._reader.restore()
        try:
            holdings, snapshot = await self._make(holdings, restoring=True)
        except HanseError as error:
            LOG.warning("what was stored cannot be resolved, and is not used: %s", error)
            return
        self._ledger.holdings = holdings
        self._ledger.swap(replace(snapshot, refreshed_at=0.0))

    async def _watch(self) -> None:
        """Refresh on the interval, and when woken."""
        interval = self._settings.refresh_interval
        while True:
            wait = interval * random.uniform(1 - JITTER, 1 + JITTER) if interval else None  # noqa: S311
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._woken.wait()
            self._woken.clear()
            try:
                await self.refresh()
            except HanseError as error:
                LOG.warning("the federation could not be refreshed: %s", error)
            except Exception:
                if not threading.main_thread().is_alive():
                    return  # Threads to resolve in are not to be had any more: the process is ending.
                LOG.exception("the federation could not be refreshed")

    async def _refresh(self) -> Snapshot:
        """Refresh, and tell the listeners what came of it; one that is cancelled was none."""
        course = Course(self._ledger.clock())
        try:
            snapshot = await self._go_round(course)
        except Exception as error:
            self._ledger.refreshes.tell(course.end(error))
            raise
        self._ledger.refreshes.tell(course.end())
        if self.backstage is not None or self.started.done():
            self._tend_backstage()
        return snapshot

    async def _go_round(self, course: Course) -> Snapshot:
        ledger = self._ledger
        collected = course.holdings = await self._collector.collect(ledger.holdings)
        before = ledger.current
        if not self._locked:
            ledger.holdings = collected
        try:
            holdings, snapshot = await self._make(collected, resolving=course.resolving)
        except ResolveError as error:
            if before is not None:
                course.changed = ledger.swap(unsettled(collected, before, error, ledger.clock()))
            raise
        ledger.holdings = course.holdings = holdings
        course.changed = ledger.swap(snapshot)
        if self._reader is not None and not snapshot.files.complete:
            self._reader.begin()
        if self._store is not None:
            await asyncio.to_thread(self._store.write, holdings)
        return snapshot

    async def _make(
        self,
        holdings: Holdings,
        *,
        resolving: Callable[[], AbstractContextManager[None]] = nullcontext,
        restoring: bool = False,
    ) -> tuple[Holdings, Snapshot]:
        """Make the snapshot of what is held; where maps are locked, without those whose files cannot be read.

        Args:
            holdings: What is held.
            resolving: Entered as long as something is resolved.
            restoring: Ask nobody for files, and let failing remotes be.

        Raises:
            ResolveError: A strict option forbids what is held.
        """
        ledger, policy, reader = self._ledger, self._settings.policy, self._reader
        before = ledger.current

        async def make(held: Holdings) -> Snapshot:
            if not restoring:
                refuse_failing(held, policy)
            return await settle(held, policy, before, ledger.clock(), resolving=resolving)

        if reader is not None and self._locked:
            read, rounds = reader.known if restoring else reader.read, self._settings.limits.locked_rounds
            return await lock(holdings, ledger.holdings, settle=make, read=read, rounds=rounds)
        snapshot = await make(holdings)
        if reader is not None and (before is None or before.plan is not snapshot.plan):
            files = await reader.known(holdings, snapshot)
            snapshot = replace(snapshot, files=replace(files, unread=()))
        return holdings, snapshot

    def _land(self, task: asyncio.Task[Snapshot]) -> None:
        self._refreshing = None
        # Whoever asked may have left: then nobody else looks at the error.
        _ = task.cancelled() or task.exception()

    async def _page(self, digest: str) -> LoadedPage:
        """Return the page of a digest.

        Raises:
            GoneError: It is not kept any more.
        """
        history = self._ledger.history
        page = history.page(digest)
        if page is None:
            page = await asyncio.to_thread(open_page, history.require(digest))
            history.keep_page(page)
        return page

    async def _receive(self, url: str, name: str | None, integrity: str | None) -> Newcomer:
        """Fetch and decode a newcomer's entry.

        Raises:
            HanseError: It cannot be had, or is no proper one.
        """
        limits = self._settings.limits
        place = locate(url, self._settings.source.base, subject=name or url)
        # Visitors can make this happen, so the origin's word on how long a copy is fresh counts.
        received = await read(
            place, self.client, cap=limits.remote_entry_bytes, integrity=integrity, revalidate=False
        )
        origins = self.client.access.origins
        entry = await decode_entry(received.body, subject=place.url, limits=limits, origins=origins)
        folder = None if place.file is None else place.folder
        return Newcomer(name, place.url, entry, digest(received.body), folder)


async def outlast(task: asyncio.Future[T]) -> T:
    """Wait for a task that goes on when the waiter is cancelled.

    Raises:
        UsageError: The task was cancelled, for the federation was closed.
        Exception: What the task raised.
    """
    await asyncio.wait({task})
    if task.cancelled():
        raise UsageError("the federation was closed")
    return task.result()
