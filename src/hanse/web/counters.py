"""What has happened to the federation since the app was made, counted as it happens."""

from __future__ import annotations

from collections.abc import Set
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from hanse.federation import Federation, Refresh, Snapshot
from hanse.limits import Limits
from hanse.render import Fragment, Renderer
from hanse.render.tallies import outcome_of

__all__ = ["OTHERS", "SECONDS", "FederationCounters", "FragmentCounters", "RemoteSeries"]

# From a fresh copy of a small federation to the deadline of a large one.
SECONDS: Final = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# From a kept fragment to the deadline of one that hangs.
FRAGMENT_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
# No remote can be called this: a name has no white space in it.
OTHERS: Final = "all others"


class RemoteSeries:
    """The time series that remotes have: one by one for so many of them, together for the others.

    Names are somebody else's, and a manifest may bring new ones with every refresh. Those who come first
    are counted one by one, and whoever leaves the federation makes room.

    Args:
        most: How many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._series: dict[str, set[tuple[Counter | Histogram, tuple[str, ...]]]] = {}

    def count(self, counter: Counter, remote: str, what: str) -> None:
        """Count once what has happened to a remote."""
        counter.labels(self._enter(counter, remote, (what,)), what).inc()

    def observe(self, histogram: Histogram, remote: str, seconds: float) -> None:
        """Note how long something took that a remote did."""
        histogram.labels(self._enter(histogram, remote, ())).observe(seconds)

    def _enter(self, metric: Counter | Histogram, remote: str, labels: tuple[str, ...]) -> str:
        """Return the name that a remote is counted under."""
        if remote not in self._series and len(self._series) >= self._most:
            return OTHERS
        self._series.setdefault(remote, set()).add((metric, labels))
        return remote

    def keep(self, present: Set[str]) -> None:
        """End the series of those that are not in the federation any more."""
        for remote in tuple(self._series.keys() - present):
            for metric, labels in self._series.pop(remote):
                metric.remove(remote, *labels)


class FederationCounters:
    """Counts a federation's refreshes, and what they bring.

    Args:
        federation: Whose refreshes and changes are counted from now on.
        registry: Where the metrics are listed.
        limits: `remotes_metered` is used.
    """

    def __init__(self, federation: Federation, registry: CollectorRegistry, limits: Limits) -> None:
        self.remotes = RemoteSeries(limits.remotes_metered)
        self.fetches = Counter(
            "hanse_remote_fetches",
            "Times that a refresh asked for a remote's entry, by what came of it.",
            ["remote", "outcome"],
            registry=registry,
        )
        self.failures = Counter(
            "hanse_remote_failures",
            "Times that a remote began to fail, or to fail in another way.",
            ["remote", "code"],
            registry=registry,
        )
        self.changes = Counter(
            "hanse_map_changes", "Times that another import map was served.", registry=registry
        )
        self.refresh_seconds = Histogram(
            "hanse_refresh_seconds", "Time that a refresh took.", buckets=SECONDS, registry=registry
        )
        self.resolve_seconds = Histogram(
            "hanse_resolve_seconds", "Time that resolving took.", buckets=SECONDS, registry=registry
        )
        federation.on_change(self.note_change)
        federation.on_refresh(self.note_refresh)
        if federation.has_snapshot:
            self.note_change(federation.snapshot, None)

    def note_change(self, snapshot: Snapshot, before: Snapshot | None) -> None:
        """Count what has changed between two snapshots; without an earlier one, whatever fails is new."""
        self.remotes.keep({one.name for one in snapshot.remotes})
        known = {} if before is None else {one.name: one.error_code for one in before.remotes}
        for remote in snapshot.remotes:
            if remote.error_code is not None and remote.error_code != known.get(remote.name):
                self.remotes.count(self.failures, remote.name, remote.error_code)
        if before is not None and before.digest != snapshot.digest:
            self.changes.inc()

    def note_refresh(self, refresh: Refresh) -> None:
        """Count what came of asking each remote, and how long it all took."""
        self.refresh_seconds.observe(refresh.seconds)
        if refresh.resolve_seconds is not None:
            self.resolve_seconds.observe(refresh.resolve_seconds)
        for remote, outcome in refresh.outcomes.items():
            self.remotes.count(self.fetches, remote, outcome)


class FragmentCounters:
    """Counts the fragments that are rendered on the server, by remote.

    Args:
        renderer: Whose fragments are counted from now on.
        registry: Where the metrics are listed.
        remotes: The series that remotes have.
    """

    def __init__(self, renderer: Renderer, registry: CollectorRegistry, remotes: RemoteSeries) -> None:
        self.remotes = remotes
        self.fragments = Counter(
            "hanse_fragments",
            "Fragments, by what the visitor got: rendered, cached, browser, fallback.",
            ["remote", "outcome"],
            registry=registry,
        )
        self.failures = Counter(
            "hanse_fragment_failures",
            "Fragments that were not rendered, or broke off, by reason.",
            ["remote", "reason"],
            registry=registry,
        )
        self.seconds = Histogram(
            "hanse_fragment_seconds",
            "Time that a page waited for a fragment.",
            ["remote"],
            buckets=FRAGMENT_SECONDS,
            registry=registry,
        )
        renderer.on_render(self.note)

    def note(self, fragment: Fragment) -> None:
        """Count a fragment."""
        self.remotes.count(self.fragments, fragment.remote, outcome_of(fragment))
        self.remotes.observe(self.seconds, fragment.remote, fragment.seconds)
        if fragment.fallback is not None:
            self.remotes.count(self.failures, fragment.remote, fragment.fallback)
