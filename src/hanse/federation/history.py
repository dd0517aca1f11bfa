"""What was served before: pages ask about the snapshot they were made from for as long as they live."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from hanse.errors import GoneError
from hanse.federation.newcomers import LoadedPage
from hanse.federation.snapshot import Snapshot
from hanse.limits import Limits

__all__ = ["History"]


class History:
    """The last snapshots by digest, and the pages that added remotes to them; written by one thread.

    Args:
        limits: `snapshots_kept`, `snapshot_age` and `pages_kept` are used.
        clock: Seconds.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        # The last one is the current one; with each goes the time when it last was that.
        self._snapshots: OrderedDict[str, tuple[Snapshot, float]] = OrderedDict()
        self._pages: OrderedDict[str, LoadedPage] = OrderedDict()
        # Those made for single developers are never the current one.
        self._beside: OrderedDict[str, Snapshot] = OrderedDict()

    def __len__(self) -> int:
        return len(self._snapshots)

    def keep(self, snapshot: Snapshot) -> None:
        """Keep a snapshot as the current one, and drop those that are too many or too old."""
        now = self._clock()
        if self._snapshots:
            last, (former, _) = self._snapshots.popitem()
            self._snapshots[last] = (former, now)
        known = self._snapshots.pop(snapshot.digest, None)
        if known is not None and known[0].plan is not snapshot.plan:
            self._pages.pop(snapshot.digest, None)
        self._snapshots[snapshot.digest] = (snapshot, now)
        while len(self._snapshots) > max(1, self._limits.snapshots_kept):
            self._snapshots.popitem(last=False)
        oldest = now - self._limits.snapshot_age
        for digest in [digest for digest, (_, when) in self._snapshots.items() if when < oldest]:
            del self._snapshots[digest]

    def get(self, digest: str) -> Snapshot | None:
        """Return a snapshot that is still kept."""
        found = self._snapshots.get(digest)
        return self._beside.get(digest) if found is None else found[0]

    def every(self) -> list[Snapshot]:
        """Return all snapshots that are kept, the latest first; from any thread."""
        kept = [snapshot for snapshot, _ in [*self._snapshots.values()]]
        return [*reversed(kept), *reversed([*self._beside.values()])]

    def keep_beside(self, snapshot: Snapshot) -> None:
        """Keep a snapshot that some pages are made from, and that is not the current one."""
        self._beside[snapshot.digest] = snapshot
        self._beside.move_to_end(snapshot.digest)
        while len(self._beside) > self._limits.overrides_kept:
            self._beside.popitem(last=False)

    def page(self, digest: str) -> LoadedPage | None:
        """Return a page that is kept: one that has added a remote, or is about to."""
        page = self._pages.get(digest)
        if page is not None:
            self._pages.move_to_end(digest)
        return page

    def require(self, digest: str) -> Snapshot:
        """Return a snapshot that is still kept.

        Raises:
            GoneError: It is not.
        """
        snapshot = self.get(digest)
        if snapshot is None:
            raise GoneError(
                "this snapshot is not kept any more", subject=digest[:200], hint="load the page again"
            )
        return snapshot

    def keep_page(self, page: LoadedPage) -> None:
        """Keep a page, and drop the least recently used one beyond the bound."""
        self._pages[page.digest] = page
        self._pages.move_to_end(page.digest)
        while len(self._pages) > self._limits.pages_kept:
            self._pages.popitem(last=False)
