"""A remote is deployed over and over while its page is asked for: what is lost, stale, and kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic, sleep

from benchmarks.ssr.builds import build_name
from benchmarks.ssr.children import ChildError, memory_of
from benchmarks.ssr.load import Load, Sample, percentile, run_load
from benchmarks.ssr.origins import Origins
from benchmarks.ssr.sides import SIDES, Server, Side, start_server

__all__ = ["GROWTH", "Redeploys", "run_redeploys"]

# Megabytes that a thousand redeploys may leave behind.
GROWTH = 20.0
# The first redeploys fill caches that are kept for good; memory is compared after them.
SETTLING = 20
CONNECTIONS = 4
PAUSE = 0.02
# Whoever has taken so much more, in megabytes, is not asked to go on.
TOO_MUCH = 2_000.0
# What drains has so many seconds to end before memory is compared, and what is new as many to be used.
SETTLE = 5.0


@dataclass(frozen=True, slots=True)
class Redeploys:
    """What one side did.

    Attributes:
        side: Whose.
        asked: How many redeploys were wanted.
        done: How many were made; fewer where the side ended, took too much memory or too long.
        noticed: How many of them it showed.
        pages: Pages asked for meanwhile.
        lost: Those without a good response.
        stale: Those of an older build than one that the side had said it shows before they were asked for.
        switch: Median seconds from publishing to showing.
        slowest: The 99th percentile of the pages' latencies, in seconds.
        memory: Megabytes after the first redeploys had settled, and at the end.
        ended: Why it was over early, if it was.
    """

    side: Side
    asked: int
    done: int
    noticed: int
    pages: int
    lost: int
    stale: int
    switch: float
    slowest: float
    memory: tuple[float, float]
    ended: str = ""

    @property
    def growth(self) -> float:
        """Megabytes that were added after settling."""
        return self.memory[1] - self.memory[0]

    @property
    def each(self) -> float:
        """Megabytes added by one redeploy."""
        return self.growth / max(1, self.done - min(SETTLING, self.done // 2))

    def as_json(self) -> dict[str, object]:
        """Return the figures as JSON."""
        return {
            "redeploys": self.done,
            "asked": self.asked,
            "noticed": self.noticed,
            "pages": self.pages,
            "lost": self.lost,
            "stale": self.stale,
            "switch": self.switch,
            "p99": self.slowest,
            "megabytes": self.memory,
            "growth": self.growth,
            "growth of each": self.each,
            "ended": self.ended,
            "target": GROWTH,
        }


def run_redeploys(
    origins: Origins, *, count: int, budget: float, progress: Callable[[str], object]
) -> Mapping[Side, Redeploys]:
    """Redeploy each side's remote, one side after the other, each for `budget` seconds at most.

    Raises:
        ChildError: A side did not start.
    """
    return {side: redeploy(origins, side, count, budget, progress) for side in SIDES}


def redeploy(
    origins: Origins,
    side: Side,
    count: int,
    budget: float,
    progress: Callable[[str], object],
    *,
    settle: float = SETTLE,
) -> Redeploys:
    """Redeploy one side's remote under a constant load; it has `settle` seconds before its memory is read."""
    origins.set()
    origins.publish("shop", build_name(0))
    with start_server(side, origins.url, often=True) as server:
        run_load(server.port, "/shop", connections=CONNECTIONS, seconds=1.0)
        server.reload(seconds=0.0)
        with Watch(server.port) as watch:
            story = Story(origins, server, count, monotonic() + budget, progress, settle=settle)
            story.tell()
            sleep(settle)
            end = memory_of(server.pid)
    load = watch.load
    return Redeploys(
        side=side,
        asked=count,
        done=len(story.switches),
        noticed=story.noticed,
        pages=len(load.samples),
        lost=load.lost,
        stale=count_stale(load.samples, story.shown),
        switch=percentile(story.switches, 0.5),
        slowest=load.latency(0.99),
        memory=(story.settled, end),
        ended=story.ended,
    )


class Watch:
    """A constant load in a thread, while the block runs."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stopped: list[object] = []
        self._thread = threading.Thread(target=self._run)
        self.load = Load((), 1.0, 0.0)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.append(True)
        self._thread.join()

    def _run(self) -> None:
        self.load = run_load(
            self._port,
            "/shop",
            connections=CONNECTIONS,
            seconds=3600.0,
            pause=PAUSE,
            stopped=self._stopped,
        )


class Story:
    """The redeploys of one side, one after the other."""

    def __init__(
        self,
        origins: Origins,
        server: Server,
        count: int,
        until: float,
        progress: Callable[[str], object],
        *,
        settle: float,
    ) -> None:
        self._origins, self._server, self._count, self._until = origins, server, count, until
        self._progress, self._settle = progress, settle
        self.switches: list[float] = []
        self.shown: list[tuple[float, str]] = []
        self.noticed = 0
        self.settled = 0.0
        self.ended = ""

    def tell(self) -> None:
        """Redeploy until it has been done often enough, or the side can do no more."""
        for number in range(1, self._count + 1):
            if self.ended:
                return
            if number % 10 == 1:
                self._progress(f"redeploys: {self._server.side}, {number} of {self._count}")
            try:
                self.step(number)
            except ChildError as error:
                self.ended = f"{error}, after {number} redeploys"
            if number == min(SETTLING, max(1, self._count // 2)):
                sleep(self._settle)
                self.settled = memory_of(self._server.pid)

    def step(self, number: int) -> None:
        """Publish a build, and wait until the side says that it shows it."""
        build = build_name(number)
        began = monotonic()
        self._origins.publish("shop", build)
        answer = self._server.reload()
        self.switches.append(monotonic() - began)
        if all(one.get("changed") for one in answer["answers"]):
            self.noticed += 1
            self.shown.append((monotonic(), build))
        if answer["ended"]:
            self.ended = f"a process ended after {number} redeploys: {answer['ended'][0]}"
        elif number % 10 == 0 and memory_of(self._server.pid) > self.settled + TOO_MUCH > TOO_MUCH:
            self.ended = f"more than {TOO_MUCH:.0f} MB after {number} redeploys"
        elif monotonic() > self._until:
            self.ended = f"out of time after {number} redeploys"


def count_stale(samples: Sequence[Sample], shown: Sequence[tuple[float, str]]) -> int:
    """Count pages that name an older build than one which was shown before they were asked for."""
    stale, place = 0, 0
    for sample in sorted(samples, key=lambda one: one.began):
        while place < len(shown) and shown[place][0] <= sample.began:
            place += 1
        if place and sample.status == 200 and sample.build < shown[place - 1][1]:
            stale += 1
    return stale
