"""A remote that was never asked for: thirty chunks behind 20 ms in each direction, to the first HTML."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from benchmarks.ssr.children import ChildError
from benchmarks.ssr.front import Account
from benchmarks.ssr.load import run_load
from benchmarks.ssr.origins import Origins
from benchmarks.ssr.sides import SIDES, Side, start_server

__all__ = ["FASTER", "SHAPES", "Cold", "Start", "run_cold"]

DELAY = 0.020
PARTS = 30
SHAPES = {"flat": "all at once", "levels": "five levels", "chain": "a chain"}
# How many times faster than the peer Hanse ought to be.
FASTER = {"flat": 3.0, "levels": 4.0, "chain": 8.0}
PATIENCE = 60.0
# A remote that nobody has asked for is most often one of a site that has run for a while.
IDLE = 1.5


@dataclass(frozen=True, slots=True)
class Start:
    """One cold start: seconds to the page, and what was asked for."""

    seconds: float
    account: Account


@dataclass(frozen=True, slots=True)
class Cold:
    """All rounds with one shape of chunks."""

    shape: str
    rounds: list[Mapping[Side, Start]] = field(default_factory=list)

    def middle(self, side: Side, read: Callable[[Start], float]) -> float:
        """Return the median of something over the rounds."""
        return statistics.median(read(one[side]) for one in self.rounds)

    @property
    def faster(self) -> float:
        """How many times Hanse's time the peer took, the median of the rounds' ratios."""
        return statistics.median(one["peer"].seconds / one["hanse"].seconds for one in self.rounds)

    def as_json(self) -> dict[str, object]:
        """Return the figures as JSON, times in seconds."""
        return {
            "shape": SHAPES[self.shape],
            "rounds": len(self.rounds),
            **{
                side: {
                    "first HTML": self.middle(side, lambda start: start.seconds),
                    "round trips": self.middle(side, lambda start: start.account.trips),
                    "requests": self.middle(side, lambda start: start.account.requests),
                    "connections": self.middle(side, lambda start: start.account.connections),
                    "bytes": self.middle(side, lambda start: start.account.bytes),
                }
                for side in SIDES
            },
            "faster": self.faster,
            "target": FASTER[self.shape],
        }


def run_cold(origins: Origins, *, rounds: int, progress: Callable[[str], object]) -> list[Cold]:
    """Start each side anew for each shape and round, and ask for the page once.

    Raises:
        ChildError: A side did not start, or gave another page than expected.
    """
    results = [Cold(shape) for shape in SHAPES]
    for turn in range(rounds):
        order = SIDES if turn % 2 == 0 else SIDES[::-1]
        for result in results:
            progress(f"cold: {SHAPES[result.shape]}, round {turn + 1} of {rounds}")
            result.rounds.append({side: start_cold(origins, side, result.shape) for side in order})
    return results


def start_cold(origins: Origins, side: Side, shape: str) -> Start:
    """Start one process of a side, let it idle with a page of another remote, and ask for this one."""
    origins.set()
    with start_server(side, origins.url, remote=shape, processes=1) as server:
        ask(server.port, "/home", side)
        time.sleep(IDLE)
        origins.set(delay=DELAY)
        origins.account()
        seconds = ask(server.port, f"/{shape}", side)
        account = origins.account()
    origins.set()
    return Start(seconds, account)


def ask(port: int, path: str, side: Side) -> float:
    """Ask for one page, and return the seconds it took.

    Raises:
        ChildError: It was not the page.
    """
    load = run_load(port, path, connections=1, seconds=PATIENCE, count=1, patience=PATIENCE)
    if load.lost or not load.samples or not load.samples[0].build:
        raise ChildError(f"{side} has no page at {path}")
    return load.samples[0].seconds
