"""The state of the server side as metrics: builds, breakers, and the processes that render."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from hanse.federation.server.health import Status
from hanse.net import BreakerState

if TYPE_CHECKING:
    from hanse.engines.pool_counts import PoolCounts
    from hanse.federation.server.health import ServerHealth

__all__ = ["PHASES", "render_breaker_metrics", "server_metrics"]

PHASES: Final = ("closed", "open", "half-open")


def server_metrics(health: tuple[ServerHealth, ...], *, variants: int) -> Iterator[Metric]:
    """Yield how the server side of each remote is, and what its processes do.

    Args:
        health: How they are.
        variants: How many sets of delegates' decisions run.
    """
    status = [one.status for one in health]
    counts = GaugeMetricFamily("hanse_server_remotes", "Server builds by status.", labels=["status"])
    for name in get_args(Status):
        counts.add_metric([name], status.count(name))
    yield counts
    yield from build_metrics(health)
    pools = {one.group: one.pool for one in health if one.pool is not None}
    yield from pool_gauges(pools)
    yield from pool_counters(pools)
    yield GaugeMetricFamily("hanse_server_variants", "Sets of delegates' decisions that run.", value=variants)


def build_metrics(health: Iterable[ServerHealth]) -> Iterator[Metric]:
    """Yield of each remote whether its latest build runs, which one does, and how many were refused."""
    fine = GaugeMetricFamily("hanse_server_ok", "1 where the latest server build runs.", labels=["remote"])
    serials = GaugeMetricFamily(
        "hanse_server_serial", "The serial of the server build that runs.", labels=["remote"]
    )
    builds = GaugeMetricFamily(
        "hanse_server_build", "1 for the server build that runs.", labels=["remote", "build"]
    )
    refused = GaugeMetricFamily("hanse_server_refused", "Server builds known not to run.", labels=["remote"])
    for one in health:
        fine.add_metric([one.remote], float(one.status == "ok"))
        refused.add_metric([one.remote], one.refusals)
        if one.build:
            serials.add_metric([one.remote], one.serial)
            builds.add_metric([one.remote, one.build], 1.0)
    yield from (fine, serials, builds, refused)


def pool_gauges(pools: Mapping[str, PoolCounts]) -> Iterator[Metric]:
    """Yield what the processes of each generation do now."""
    for name, text in (
        ("ready", "Processes that are open."),
        ("busy", "Calls under way in processes."),
        ("waiting", "Calls that wait for a process."),
    ):
        family = GaugeMetricFamily(f"hanse_pool_{name}", text, labels=["group"])
        for group, counts in pools.items():
            family.add_metric([group], getattr(counts, name))
        yield family


def pool_counters(pools: Mapping[str, PoolCounts]) -> Iterator[Metric]:
    """Yield what the processes of each generation have done; a new generation begins anew."""
    for name, text in (
        ("started", "Processes opened."),
        ("failed", "Processes that could not be opened."),
        ("repeated", "Calls begun anew, for their process ended or was held up."),
    ):
        family = CounterMetricFamily(f"hanse_pool_{name}", text, labels=["group"])
        for group, counts in pools.items():
            family.add_metric([group], getattr(counts, name))
        yield family
    ended = CounterMetricFamily("hanse_pool_ended", "Processes that ended, by why.", labels=["group", "why"])
    calls = CounterMetricFamily("hanse_pool_calls", "Calls, by outcome.", labels=["group", "outcome"])
    for group, counts in pools.items():
        for why, number in sorted(counts.ended.items()):
            ended.add_metric([group, why], number)
        for outcome, number in sorted(counts.calls.items()):
            calls.add_metric([group, outcome], number)
    yield from (ended, calls)


def render_breaker_metrics(breakers: Mapping[str, BreakerState]) -> Iterator[Metric]:
    """Yield the breaker before each remote that was rendered."""
    phases = GaugeMetricFamily(
        "hanse_fragment_breaker",
        "1 for the phase of a remote's breaker.",
        labels=["remote", "phase"],
    )
    for remote, state in sorted(breakers.items()):
        for phase in PHASES:
            phases.add_metric([remote, phase], float(state.phase == phase))
    yield phases
