"""What a federation knows in this process, whichever event loop keeps it current."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from hanse.errors import NotFoundError
from hanse.federation.history import History
from hanse.federation.holdings import Holdings
from hanse.federation.settings import Settings
from hanse.federation.snapshot import Snapshot

__all__ = ["Ledger", "Listener"]

LOG: Final = logging.getLogger("hanse.federation")

Listener = Callable[[Snapshot, Snapshot | None], None]
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
        self._listeners: tuple[tuple[object, Listener], ...] = ()

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

    def swap(self, snapshot: Snapshot) -> None:
        """Make a snapshot the current one, then tell the listeners where more than times has changed."""
        before = self.current
        self.current = snapshot
        self.history.keep(snapshot)
        if before is not None and before.vitals() == snapshot.vitals():
            return
        if snapshot.refreshed_at:
            report(snapshot, before)
        else:
            LOG.info("what was stored is served until everybody has been asked")
        for _, listener in self._listeners:
            try:
                listener(snapshot, before)
            except Exception:
                LOG.exception("a listener of the federation failed; the snapshot is in use all the same")

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; return what removes it."""
        ticket = object()
        self._listeners = (*self._listeners, (ticket, listener))

        def end() -> None:
            self._listeners = tuple(item for item in self._listeners if item[0] is not ticket)

        return end


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
