"""What a federation knows in this process, whichever event loop keeps it current."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from hanse.errors import NotFoundError
from hanse.federation.history import History
from hanse.federation.holdings import Holdings
from hanse.federation.listeners import Listeners
from hanse.federation.refreshing import Refresh
from hanse.federation.settings import Settings
from hanse.federation.snapshot import Snapshot

__all__ = ["Ledger", "Listener"]

LOG: Final = logging.getLogger("hanse.federation")

Listener = Callable[[Snapshot, Snapshot | None], object]
"""Called with the new snapshot and the one before it."""


class Ledger:
    """The documents held, the current snapshot, those before it, and who wants to know.

    Read from any thread; written by one loop at a time.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self.settings = settings
        self.clock = clock
        self.holdings: Holdings | None = None
        self.history = History(settings.limits, clock)
        self.current: Snapshot | None = None
        self.changes: Listeners[[Snapshot, Snapshot | None]] = Listeners()
        self.refreshes: Listeners[[Refresh]] = Listeners()

    def require(self) -> Snapshot:
        """Return the current snapshot.

        Raises:
            NotFoundError: There is none yet.
        """
        if self.current is None:
            raise NotFoundError(
                "there is no snapshot yet",
                subject=self.settings.source.label,
                hint="await start(), enter the federation with `async with`, or use its `sync` face",
            )
        return self.current

    def swap(self, snapshot: Snapshot) -> bool:
        """Make a snapshot the current one; where more than times has changed, tell the listeners.

        Returns:
            Whether that is so.
        """
        before = self.current
        self.current = snapshot
        self.history.keep(snapshot)
        if before is not None and before.vitals() == snapshot.vitals():
            return False
        if snapshot.refreshed_at:
            report(snapshot, before)
        else:
            LOG.info("what was stored is served until everybody has been asked")
        self.changes.tell(snapshot, before)
        return True


def report(snapshot: Snapshot, before: Snapshot | None) -> None:
    """Log whose health has changed, as far as anybody has been asked."""
    if before is not None and not before.refreshed_at:
        before = None
    earlier = {} if before is None else {one.name: one for one in before.remotes}
    for remote in snapshot.remotes:
        old = earlier.get(remote.name)
        if remote.status == "ok":
            if old is not None and old.status != "ok":
                LOG.info("remote %r is well again", remote.name)
        elif old is None or (old.status, old.error_code) != (remote.status, remote.error_code):
            LOG.warning("remote %r is %s: %s", remote.name, remote.status, remote.error)
    if snapshot.manifest_error is not None and (before is None or before.manifest_error is None):
        LOG.warning("the manifest is stale: %s", snapshot.manifest_error)
