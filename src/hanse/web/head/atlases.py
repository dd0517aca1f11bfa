"""Atlases of the snapshots that pages were made from, so that each is prepared once."""

from __future__ import annotations

from hanse.federation.snapshot import Snapshot
from hanse.limits import Limits
from hanse.web.head.bounded import Bounded
from hanse.web.head.reach import Atlas

__all__ = ["Atlases"]


class Atlases:
    """Keeps the atlases that were used last."""

    def __init__(self, limits: Limits) -> None:
        self._kept: Bounded[tuple[int, int, str], tuple[Snapshot, Atlas]] = Bounded(limits.page_snapshots)

    def take(self, snapshot: Snapshot) -> Atlas:
        """Return the atlas of a snapshot."""
        graph = snapshot.graph
        # What is kept holds the snapshot, so that nothing else can have these identities meanwhile.
        key = id(snapshot.plan), id(graph), snapshot.digest
        kept = self._kept.get(key)
        return (kept or self._kept.put(key, (snapshot, Atlas(snapshot.import_map, graph))))[1]
