"""The federation's state as metrics, read from it whenever they are asked for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hanse.federation import Federation, Health, Snapshot
from hanse.net import BreakerState, Stats
from hanse.web.overview import count_totals
from hanse.web.server_gauges import PHASES, render_breaker_metrics, server_metrics

__all__ = ["FederationCollector"]


class FederationCollector(Collector):
    """Reads a federation's state.

    Args:
        federation: Whose state is read.
    """

    def __init__(self, federation: Federation) -> None:
        self._federation = federation

    def describe(self) -> Iterable[Metric]:
        """Name nothing in advance: being registered must not ask a federation that has not begun."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; those of a snapshot only where there is one."""
        federation = self._federation
        ready = federation.has_snapshot
        yield gauge("hanse_ready", "1 where there is a snapshot to serve.", float(ready))
        yield from fetch_metrics(federation.fetches())
        yield from breaker_metrics(federation.breakers())
        yield from server_metrics(federation.server_health(), variants=federation.server_variants())
        yield from render_breaker_metrics(federation.renderer.breakers())
        if ready:
            snapshot = federation.snapshot
            yield from snapshot_metrics(snapshot, now=time.time())
            yield from remote_metrics(snapshot)
            yield from package_metrics(snapshot)
            notices = len(snapshot.notices) + len(federation.server_notices())
            yield gauge("hanse_notices", "Notices for the owners of remotes.", notices)


def gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    """Return a gauge without labels."""
    return GaugeMetricFamily(name, text, value=value)


def snapshot_metrics(snapshot: Snapshot, *, now: float) -> Iterator[Metric]:
    """Yield how old the snapshot is, and whether all is well."""
    yield gauge(
        "hanse_healthy", "1 where everything is as its origin has it, and resolved.", float(snapshot.healthy)
    )
    yield gauge(
        "hanse_snapshot_age_seconds", "Time since what is served last changed.", now - snapshot.made_at
    )
    if snapshot.refreshed_at:
        age = now - snapshot.refreshed_at
        yield gauge("hanse_refresh_age_seconds", "Time since all origins were last asked.", age)
    stale = float(snapshot.manifest_status != "ok")
    yield gauge("hanse_manifest_stale", "1 where the manifest could not be renewed.", stale)


def remote_metrics(snapshot: Snapshot) -> Iterator[Metric]:
    """Yield how the remotes are doing: counts by status, and of each one whether it is ok, and its age."""
    status = [remote.status for remote in snapshot.remotes]
    counts = GaugeMetricFamily("hanse_remotes", "Remotes by status.", labels=["status"])
    for name in get_args(Health):
        counts.add_metric([name], status.count(name))
    fine = GaugeMetricFamily("hanse_remote_ok", "1 where the remote could be renewed.", labels=["remote"])
    ages = GaugeMetricFamily(
        "hanse_remote_age_seconds", "Time since the remote's entry was last confirmed.", labels=["remote"]
    )
    for remote in snapshot.remotes:
        fine.add_metric([remote.name], float(remote.status == "ok"))
        if (age := remote.age) is not None:
            ages.add_metric([remote.name], age)
    yield from (counts, fine, ages)


def package_metrics(snapshot: Snapshot) -> Iterator[Metric]:
    """Yield what the resolution comes to."""
    totals = count_totals(snapshot)
    yield gauge("hanse_packages", "Shared packages.", totals.packages)
    yield gauge(
        "hanse_packages_duplicated",
        "Shared packages of which a page may load more than one build.",
        totals.duplicated,
    )
    yield gauge("hanse_extra_downloads", "Files a page may load because of such builds.", totals.downloads)


def fetch_metrics(stats: Stats) -> Iterator[Metric]:
    """Yield what was fetched, by outcome, and what is held of it."""
    fetches = CounterMetricFamily("hanse_fetches", "Documents had, by how.", labels=["outcome"])
    for outcome in ("fresh", "revalidated", "cached", "stale"):
        fetches.add_metric([outcome], getattr(stats, outcome))
    failures = CounterMetricFamily(
        "hanse_fetch_failures", "Fetches that failed, also where an older copy stood in.", labels=["code"]
    )
    for code, number in sorted(stats.errors.items()):
        failures.add_metric([code], number)
    yield from (fetches, failures)
    yield gauge("hanse_fetches_in_flight", "Requests under way.", stats.in_flight)
    yield gauge("hanse_cache_entries", "Documents held for revalidation.", stats.cache_entries)
    yield gauge("hanse_cache_bytes", "Their size.", stats.cache_bytes)


def breaker_metrics(breakers: Mapping[str, BreakerState]) -> Iterator[Metric]:
    """Yield the breaker of each origin: its phase, and its failures in a row."""
    phases = GaugeMetricFamily("hanse_breaker", "1 for the breaker's phase.", labels=["origin", "phase"])
    failures = GaugeMetricFamily("hanse_breaker_failures", "Failures in a row.", labels=["origin"])
    for origin, state in sorted(breakers.items()):
        for phase in PHASES:
            phases.add_metric([origin, phase], float(state.phase == phase))
        failures.add_metric([origin], state.failures)
    yield from (phases, failures)
