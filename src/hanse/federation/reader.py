"""Who reads the files behind snapshots, for one federation on one event loop."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from hanse.errors import HanseError
from hanse.federation.files import Files, Owner
from hanse.federation.holdings import Holdings
from hanse.federation.ledger import Ledger
from hanse.federation.locking import integrity_of
from hanse.federation.owners import owners_of
from hanse.federation.settings import Settings
from hanse.federation.shelf import Shelf, ShelfStore
from hanse.federation.snapshot import Snapshot
from hanse.federation.surveying import Surveyor, allow_owners, is_ending, roots_of
from hanse.formats.import_map import ImportMap, ParsedImportMap, merge, parse_import_map
from hanse.graph import SOME_PAGE
from hanse.net import Client

__all__ = ["Reader"]

LOG: Final = logging.getLogger("hanse.federation")


class Reader:
    """Reads files through a client of its own, so that what fails is not held against remote entries.

    Args:
        settings: What the federation goes by.
        ledger: Whose snapshots get their graphs.
        client: Whose connections and origins are used.
    """

    def __init__(self, settings: Settings, ledger: Ledger, client: Client) -> None:
        limits = settings.limits
        self._ledger = ledger
        self._parent = client
        # Bodies are not kept: what is known of them is.
        self._client = client.beside(limits=replace(limits, cache_bytes=0))
        self.shelf = Shelf(limits.modules_per_federation)
        self._surveyor = Surveyor(self._client, self.shelf, limits)
        self._store = None if settings.cache_folder is None else ShelfStore(settings, settings.cache_folder)
        self._task: asyncio.Task[None] | None = None

    async def restore(self) -> None:
        """Take in what was stored by an earlier process."""
        if self._store is not None:
            await asyncio.to_thread(self._store.read, self.shelf)

    async def known(self, holdings: Holdings, snapshot: Snapshot) -> Files:
        """Return what is known of a snapshot's files without asking anybody."""
        return await self._survey(holdings, snapshot, fetch=False)

    async def read(self, holdings: Holdings, snapshot: Snapshot) -> Files:
        """Read the files of a snapshot, and store what is known of them."""
        files = await self._survey(holdings, snapshot, fetch=True)
        if self._store is not None:
            await asyncio.to_thread(self._store.write, self.shelf, files.keys)
        return files

    def begin(self) -> None:
        """Read the files of the current snapshot in the background, unless that is under way."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """End what is being read in the background: it will be begun again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def wait(self) -> None:
        """Wait until nothing is being read in the background."""
        while self._task is not None and not self._task.done():
            await asyncio.wait({self._task})

    async def read_delta(self, page: Files, owner: Owner, delta: ImportMap) -> tuple[ImportMap, Files]:
        """Add to a delta the integrity of each file that comes with it.

        Args:
            page: The files of the page.
            owner: Whose files come.
            delta: What is added to its import map.

        Returns:
            The delta, and the files of the page with it.

        Raises:
            HanseError: A file of it cannot be read.
        """
        added, merged = await asyncio.to_thread(extend, page.parsed, delta)
        owners = page.owners.with_owner(owner)
        self._client.access = allow_owners(self._parent.access, owners)
        files = await self._surveyor.survey(merged, roots_of(added), owners)
        if files.unread:
            raise files.unread[0].error
        new = {url: file for url, file in files.graph.items() if url not in page.graph}
        locked = ImportMap(delta.imports, delta.scopes, integrity_of(new, delta.integrity))
        return locked, replace(files, graph=MappingProxyType({**page.graph, **new}))

    async def aclose(self) -> None:
        """End what is being read."""
        await self.stop()
        await self._client.aclose()

    async def _survey(self, holdings: Holdings, snapshot: Snapshot, *, fetch: bool) -> Files:
        owners = owners_of(holdings)
        self._client.access = allow_owners(self._parent.access, owners)
        parsed = snapshot.files.parsed
        if parsed is None:
            parsed = await asyncio.to_thread(parse, snapshot.plan.import_map)
        return await self._surveyor.survey(parsed, roots_of(parsed), owners, fetch=fetch)

    async def _follow(self) -> None:
        """Read the files of the current snapshot, and of the one that has taken its place meanwhile."""
        try:
            while True:
                snapshot, holdings = self._ledger.require(), self._ledger.holdings
                if holdings is None:
                    return
                files = await self.read(holdings, snapshot)
                current = self._ledger.require()
                if current.plan is snapshot.plan:
                    self._ledger.swap(replace(current, files=files))
                    return
        except HanseError as error:
            LOG.warning("the modules could not be read: %s", error)
        except Exception as error:
            if not is_ending(error):
                LOG.exception("the modules could not be read")


def parse(import_map: ImportMap) -> ParsedImportMap:
    """Return a map as some page reads it."""
    return parse_import_map(import_map, base=SOME_PAGE)[0]


def extend(page: ParsedImportMap | None, delta: ImportMap) -> tuple[ParsedImportMap, ParsedImportMap]:
    """Return a delta, and a page's map with it, as the page reads them."""
    added = parse(delta)
    return added, merge(page or ParsedImportMap(), added)[0]
