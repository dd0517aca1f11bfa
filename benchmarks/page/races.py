"""All sides on the same federation, round by round, each time with a browser that knows nothing."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

from playwright.sync_api import Browser

from benchmarks.page.certificate import Certificate
from benchmarks.page.federation import SHOWN, Payload
from benchmarks.page.serving import Protocol, serve_federation
from benchmarks.page.visits import LOCAL, Network, Sight, StalledError, open_tab

__all__ = ["SIDES", "Course", "Race", "Round", "Side", "run_races"]

Side = str
SIDES: tuple[Side, ...] = ("quickstart", "with-storage", "hanse", "by-hand")
# How many times slower than Hanse the quickstart ought to be, by remotes.
FASTER = {20: 3.0, 50: 4.0}
# How many times the hand-made page's time Hanse may take.
NEAR = 1.10
# Now and then Chromium's emulated network delivers nothing more, seen on a page of any side. Such a visit is
# made again, and counted; a page that is at fault itself fails every time.
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Course:
    """What is raced on: how many remotes of which kind, over which protocol and network."""

    remotes: int
    protocol: Protocol
    network: Network
    payload: Payload = "react"

    def __str__(self) -> str:
        return f"{self.remotes} remotes ({self.payload}), {self.protocol}, {self.network.name}"


@dataclass(frozen=True, slots=True)
class Round:
    """What one round saw: each side's first visit, with an empty cache, and the visit after it.

    The quickstart keeps nothing from page to page, so it has no second visit; the orchestrator that does
    has no first one here, for it is made over the local network. `stalled` is how many visits were made
    again, for the browser had left them hanging.
    """

    first: Mapping[Side, Sight]
    again: Mapping[Side, Sight]
    stalled: int = 0


@dataclass(frozen=True, slots=True)
class Race:
    """One course's rounds, after one on the local network that warms the servers up and is not timed.

    In that one every page is watched until it asks for nothing more.
    """

    course: Course
    untimed: Round
    rounds: list[Round] = field(default_factory=list)

    @property
    def faster_target(self) -> float | None:
        """How many times slower than Hanse the quickstart ought to be here, where that was fixed."""
        return FASTER.get(self.course.remotes)

    def first(self, side: Side, read: Callable[[Sight], float]) -> float:
        """Return the median of something over a side's first visits."""
        return statistics.median(read(one.first[side]) for one in self.rounds)

    def again(self, side: Side, read: Callable[[Sight], float]) -> float:
        """Return the median of something over a side's second visits."""
        return statistics.median(read(one.again[side]) for one in self.rounds)

    def ratios(self, above: Side, below: Side, read: Callable[[Sight], float]) -> list[float]:
        """Return in each round how many times `below` something of `above` was, on first visits."""
        return [read(one.first[above]) / read(one.first[below]) for one in self.rounds]

    def ratios_again(self, above: Side, below: Side, read: Callable[[Sight], float]) -> list[float]:
        """Return the same of second visits."""
        return [read(one.again[above]) / read(one.again[below]) for one in self.rounds]

    @property
    def stalled(self) -> int:
        """How many visits were made again."""
        return sum(one.stalled for one in (self.untimed, *self.rounds))

    def others(self, side: Side) -> list[str]:
        """Return everything a side ever asked for that is no module, on any visit."""
        rounds = (self.untimed, *self.rounds)
        visits = [sight for one in rounds for sights in (one.first, one.again) if (sight := sights.get(side))]
        return sorted({path for sight in visits for path in sight.others})

    def as_json(self) -> dict[str, object]:
        """Return the race as JSON: milliseconds, bytes, and ratios round by round."""
        return {
            "remotes": self.course.remotes,
            "payload": self.course.payload,
            "protocol": self.course.protocol,
            "network": self.course.network.name,
            "rounds": len(self.rounds),
            "first visit": {
                side: self.summary(side, self.first) for side in SIDES if side in self.rounds[0].first
            },
            "second visit": {
                side: self.summary(side, self.again) for side in SIDES if side in self.rounds[0].again
            },
            "ratios": {
                "hanse / by hand": summarise(self.ratios("hanse", "by-hand", to_first)),
                "hanse / by hand, all": summarise(self.ratios("hanse", "by-hand", to_all)),
                "quickstart / by hand": summarise(self.ratios("quickstart", "by-hand", to_first)),
                "quickstart / hanse": summarise(self.ratios("quickstart", "hanse", to_first)),
                "quickstart / hanse, all": summarise(self.ratios("quickstart", "hanse", to_all)),
                "hanse / with storage, second visit": summarise(
                    self.ratios_again("hanse", "with-storage", to_first)
                ),
            },
            "stalled": self.stalled,
            "others": {side: self.others(side) for side in SIDES},
        }

    def summary(
        self, side: Side, median: Callable[[Side, Callable[[Sight], float]], float]
    ) -> dict[str, float]:
        """Return a side's medians."""
        return {
            "first": median(side, to_first),
            "all": median(side, to_all),
            "requests": median(side, lambda sight: sight.requests),
            "bytes": median(side, lambda sight: sight.bytes),
        }


def to_first(sight: Sight) -> float:
    """Return the time to the first module that had run."""
    return sight.first


def to_all(sight: Sight) -> float:
    """Return the time to the last of the shown modules."""
    return sight.all


def summarise(ratios: Sequence[float]) -> dict[str, float]:
    """Return the middle and the ends of the rounds' ratios."""
    return {"median": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}


def run_races(
    browser: Browser,
    courses: Sequence[Course],
    *,
    rounds: int,
    seed: int,
    certificate: Certificate,
    until: float,
    progress: Callable[[str], object],
) -> Iterator[Race]:
    """Run races in one browser, those on one federation together, and yield each when it is over.

    Args:
        browser: Started with the certificate's flag.
        courses: What is raced on.
        rounds: How often each side is visited.
        seed: The seed of the federations.
        certificate: What the servers show over HTTP/2.
        until: When on the monotonic clock no further race is begun.
        progress: Told what is going on.

    Raises:
        ServerError: A server did not start.
        StalledError: A page did not show its modules.
    """
    for place in dict.fromkeys(map(served_as, courses)):
        here = [course for course in courses if served_as(course) == place]
        remotes, payload, protocol = place
        if monotonic() > until:
            return
        progress(f"{remotes} remotes, {protocol}: starting the servers")
        with serve_federation(
            remotes, payload=payload, seed=seed, protocol=protocol, certificate=certificate
        ) as site:
            untimed = run_round(browser, site, LOCAL, settle=True)
            for course in here:
                race = Race(course, untimed)
                for turn in range(rounds):
                    progress(f"{course}: round {turn + 1} of {rounds}")
                    race.rounds.append(run_round(browser, site, course.network, turn=turn))
                yield race


def served_as(course: Course) -> tuple[int, Payload, Protocol]:
    """Return what decides which servers a course needs."""
    return course.remotes, course.payload, course.protocol


def run_round(browser: Browser, site: str, network: Network, *, turn: int = 0, settle: bool = False) -> Round:
    """Visit every side; who goes first changes from round to round."""
    start = turn % len(SIDES)
    seen = {
        side: visit_side(browser, site, side, network, settle=settle)
        for side in (*SIDES[start:], *SIDES[:start])
    }
    return Round(
        first={side: one.first for side, one in seen.items() if side != "with-storage"},
        again={side: one.again for side, one in seen.items() if one.again},
        stalled=sum(one.stalled for one in seen.values()),
    )


@dataclass(frozen=True, slots=True)
class Visits:
    """What was seen of one side in one round."""

    first: Sight
    again: Sight | None
    stalled: int


def visit_side(browser: Browser, site: str, side: Side, network: Network, *, settle: bool) -> Visits:
    """Visit a page of a side and then another one, in a tab of their own.

    Raises:
        StalledError: It did not show its modules, as often as it was tried.
    """
    over = LOCAL if side == "with-storage" else network
    for stalled in range(ATTEMPTS):
        with suppress(StalledError), open_tab(browser) as tab:
            first = tab.visit(f"{site}/{side}/1", network=over, count=SHOWN, settle=settle)
            if side == "quickstart":
                return Visits(first, None, stalled)
            again = tab.visit(f"{site}/{side}/2", network=network, count=SHOWN, settle=settle)
            return Visits(first, again, stalled)
    raise StalledError(f"{site}/{side} did not show its modules, {ATTEMPTS} times")
