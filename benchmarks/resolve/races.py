"""Peer and Hanse on the same federation, round by round."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.resolve.contender import POLICIES, policy_for, resolve_bytes
from benchmarks.resolve.federations import Federation
from benchmarks.resolve.fresh import time_hanse_fresh, time_peer_fresh
from benchmarks.resolve.peer import Peer
from hanse.formats.import_map import ImportMap, serialise

__all__ = ["SIDES", "DifferentAnswersError", "Race", "Settings", "Times", "run_race", "target_of"]

SIDES = ("peer", *POLICIES)
TARGETS = {"typical": 2.0, "entries": 2.0, "pooled": 2.0}
DRIFT_TARGET = 100.0

Run = Callable[[], float]


class DifferentAnswersError(RuntimeError):
    """Peer and Hanse made different import maps, so their times cannot be compared."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How long to race.

    `budget` is the seconds one side may spend on one federation, in fresh processes and again while warm. Of
    the latter a quarter warms it up and half goes into rounds. `rounds` and `fresh_rounds` are the most it
    gets. A side whose first run takes longer than `patience` seconds is not asked again.
    """

    budget: float
    rounds: int
    fresh_rounds: int
    patience: float
    seed: int


@dataclass(frozen=True, slots=True)
class Times:
    """What each side took, in seconds, a list entry a round."""

    sides: Mapping[str, list[float]]

    def median(self, side: str) -> float:
        """Return a side's median, in seconds."""
        return statistics.median(self.sides[side])

    def ratio(self, side: str) -> float:
        """Return how many times faster than the peer a side is."""
        return self.median("peer") / self.median(side)

    def as_json(self) -> dict[str, object]:
        """Return medians, extremes, counts and ratios by side."""
        return {
            side: {
                "median": self.median(side),
                "fastest": min(taken),
                "slowest": max(taken),
                "rounds": len(taken),
                "ratio": self.ratio(side),
            }
            for side, taken in self.sides.items()
        }


@dataclass(frozen=True, slots=True)
class Race:
    """One federation's times: warm processes, and the first resolution of fresh ones."""

    federation: Federation
    bytes: int
    warm: Times
    fresh: Times

    def as_json(self) -> dict[str, object]:
        """Return the race as JSON, all times in seconds."""
        return {
            "kind": self.federation.kind.name,
            "remotes": self.federation.size,
            "bytes": self.bytes,
            "target": target_of(self.federation),
            "warm": self.warm.as_json(),
            "fresh": self.fresh.as_json(),
        }


def target_of(federation: Federation) -> float | None:
    """Return how many times faster than the peer Hanse means to be here, where that was fixed."""
    if federation.kind.name == "drift" and federation.size >= 1000:
        return DRIFT_TARGET
    return TARGETS.get(federation.kind.name)


def run_race(federation: Federation, settings: Settings, folder: Path) -> Race:
    """Race peer and Hanse on one federation, after comparing their answers.

    Raises:
        DifferentAnswersError: Under `compatible` the import maps are not equal.
        PeerError: The peer cannot be started, or died.
    """
    answer = folder / f"{federation.label}.map.json"
    documents = federation.read()
    firsts = {"peer": time_peer_fresh(federation, write=answer)}
    compare_maps(federation, answer, hanse_map(federation, documents))
    fresh = run_fresh(federation, firsts, settings)
    warm = run_warm(federation, documents, firsts, settings)
    return Race(federation, sum(map(len, documents.values())), warm, fresh)


def hanse_map(federation: Federation, documents: Mapping[str, bytes]) -> ImportMap:
    """Resolve with Hanse, untimed, as the peer decides."""
    policy = policy_for("compatible", federation.kind)
    return resolve_bytes(federation.manifest, documents, policy)[1]


def compare_maps(federation: Federation, answer: Path, import_map: ImportMap) -> None:
    """Check that Hanse's map is the peer's.

    Raises:
        DifferentAnswersError: It is not.
    """
    if json.loads(serialise(import_map)) != json.loads(answer.read_bytes()):
        raise DifferentAnswersError(f"{federation.label}: peer and Hanse (compatible) make different maps")


def run_fresh(federation: Federation, firsts: dict[str, float], settings: Settings) -> Times:
    """Let every side resolve once in each of several fresh processes; fill in the sides' first times."""
    sides: dict[str, Run] = {
        "peer": partial(time_peer_fresh, federation),
        **{policy: partial(time_hanse_fresh, federation, policy) for policy in POLICIES},
    }
    for side, run in sides.items():
        if side not in firsts:
            firsts[side] = run()
    left = {side: count_fresh(firsts[side], settings) - 1 for side in sides}
    return take_turns(sides, left, {side: [first] for side, first in firsts.items()})


def count_fresh(first: float, settings: Settings) -> int:
    """Return how many fresh processes a side gets: what its budget allows, and the first one in any case."""
    return max(1, min(settings.fresh_rounds, int(settings.budget / first)))


def run_warm(
    federation: Federation, documents: Mapping[str, bytes], firsts: Mapping[str, float], settings: Settings
) -> Times:
    """Warm every side up, then let them take turns; an impatient side's first time stands for it."""

    def time_hanse(policy: str) -> float:
        return resolve_bytes(federation.manifest, documents, policy_for(policy, federation.kind))[0]

    with Peer() as peer:
        peer.load(federation)
        sides: dict[str, Run] = {
            "peer": partial(peer.run, pooling=federation.kind.pooling),
            **{policy: partial(time_hanse, policy) for policy in POLICIES},
        }
        quick = {side: run for side, run in sides.items() if firsts[side] < settings.patience}
        left = {side: warm_up(run, settings) for side, run in quick.items()}
        taken = {side: [] if side in quick else [firsts[side]] for side in sides}
        return take_turns(quick, left, taken)


def warm_up(run: Run, settings: Settings) -> int:
    """Run untimed for a quarter of the budget; return how many rounds half of it allows.

    Compilers that work while a program runs need their time. There are at least three rounds.
    """
    spent, latest = 0.0, 0.0
    while spent < settings.budget / 4:
        latest = run()
        spent += latest
    return max(3, min(settings.rounds, int(settings.budget / 2 / max(latest, 1e-6))))


def take_turns(sides: Mapping[str, Run], left: dict[str, int], taken: dict[str, list[float]]) -> Times:
    """Run the sides in turn until each has had the rounds it has left; add the times to `taken`."""
    while any(left.values()):
        for side, run in sides.items():
            if left[side]:
                left[side] -= 1
                taken[side].append(run())
    return Times(taken)
