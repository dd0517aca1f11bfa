"""Pages a second and latencies of a warm page, at several concurrencies, on the same cores."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks.ssr.children import ChildError, processor_time
from benchmarks.ssr.load import run_load
from benchmarks.ssr.origins import Origins
from benchmarks.ssr.sides import SIDES, Server, Side, start_server

__all__ = ["CONCURRENCIES", "Heat", "Throughput", "run_throughput"]

CONCURRENCIES = (1, 16, 64)
WARM_UP = 3.0


@dataclass(frozen=True, slots=True)
class Heat:
    """One side's seconds of one round.

    Attributes:
        rate: Pages a second.
        median: The median latency, in seconds; `tail` the 99th percentile.
        tail: The 99th percentile.
        cost: The servers' processor time for a page, in seconds.
        own: The load generator's share of one core.
        lost: Requests without a good response.
    """

    rate: float
    median: float
    tail: float
    cost: float
    own: float
    lost: int


@dataclass(frozen=True, slots=True)
class Throughput:
    """All rounds at one concurrency."""

    concurrency: int
    rounds: list[Mapping[Side, Heat]] = field(default_factory=list)

    def middle(self, side: Side, read: Callable[[Heat], float]) -> float:
        """Return the median of something over the rounds."""
        return statistics.median(read(one[side]) for one in self.rounds)

    def ratio(self, read: Callable[[Heat], float]) -> float:
        """Return Hanse's figure as a multiple of the peer's, the median of the rounds' ratios."""
        return statistics.median(read(one["hanse"]) / read(one["peer"]) for one in self.rounds)

    @property
    def lost(self) -> Mapping[Side, int]:
        """How many requests each side lost."""
        return {side: sum(one[side].lost for one in self.rounds) for side in SIDES}

    def as_json(self) -> dict[str, object]:
        """Return the figures as JSON, times in seconds."""
        return {
            "concurrency": self.concurrency,
            "rounds": len(self.rounds),
            **{
                side: {
                    "pages a second": self.middle(side, lambda heat: heat.rate),
                    "median": self.middle(side, lambda heat: heat.median),
                    "p99": self.middle(side, lambda heat: heat.tail),
                    "processor time": self.middle(side, lambda heat: heat.cost),
                    "load generator": self.middle(side, lambda heat: heat.own),
                    "lost": self.lost[side],
                }
                for side in SIDES
            },
            "ratios": {
                "pages a second": self.ratio(lambda heat: heat.rate),
                "median": self.ratio(lambda heat: heat.median),
                "p99": self.ratio(lambda heat: heat.tail),
            },
        }


def run_throughput(
    origins: Origins,
    *,
    seconds: float,
    rounds: int,
    concurrencies: Sequence[int] = CONCURRENCIES,
    progress: Callable[[str], object],
) -> list[Throughput]:
    """Load both sides in turn; who goes first changes from round to round.

    Raises:
        ChildError: A side did not start, or lost its warm-up.
    """
    results = [Throughput(concurrency) for concurrency in concurrencies]
    with ExitStack() as stack:
        servers = {side: stack.enter_context(start_server(side, origins.url)) for side in SIDES}
        for server in servers.values():
            progress(f"throughput: warming {server.side} up")
            warm_up(server)
        for turn in range(rounds):
            for result in results:
                order = SIDES if turn % 2 == 0 else SIDES[::-1]
                progress(f"throughput: {result.concurrency} at once, round {turn + 1} of {rounds}")
                heats = {side: run_heat(servers[side], result.concurrency, seconds) for side in order}
                result.rounds.append(heats)
    return results


def warm_up(server: Server) -> None:
    """Let a side's compiler see the page often enough."""
    load = run_load(server.port, "/shop", connections=16, seconds=WARM_UP)
    if load.lost or not load.samples:
        raise ChildError(f"{server.side} lost {load.lost} of {len(load.samples)} requests while it warmed up")


def run_heat(server: Server, concurrency: int, seconds: float) -> Heat:
    """Load one side for some seconds."""
    before = processor_time(server.pid)
    load = run_load(server.port, "/shop", connections=concurrency, seconds=seconds)
    spent = processor_time(server.pid) - before
    return Heat(
        rate=load.rate,
        median=load.latency(0.5),
        tail=load.latency(0.99),
        cost=spent / max(1, len(load.samples)),
        own=load.own / load.seconds,
        lost=load.lost,
    )
