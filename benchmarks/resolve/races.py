"""Peer and Hanse on the same federation, round by round."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.resolve.contender import POLICIES, policy_for, resolve_bytes
from benchmarks.resolve.federations import Federation
from benchmarks.resolve.peer import Peer
from hanse.formats.import_map import ImportMap, serialise

__all__ = ["DifferentAnswersError", "Race", "Settings", "run_race", "target_of"]

TARGETS = {"typical": 2.0, "entries": 2.0, "pooled": 2.0}
DRIFT_TARGET = 100.0


class DifferentAnswersError(RuntimeError):
    """Peer and Hanse made different import maps, so their times cannot be compared."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How long to race.

    `budget` is the seconds one side may spend on the rounds of one federation, `rounds` the most rounds it
    gets. A side whose first run takes longer than `patience` seconds is not asked again: that run counts.
    """

    budget: float
    rounds: int
    patience: float
    seed: int


@dataclass(slots=True)
class Race:
    """The times of one federation, in seconds, side by side ("peer" and Hanse's policies)."""

    federation: Federation
    bytes: int
    peer_fresh: float
    times: dict[str, list[float]] = field(default_factory=dict)

    def median(self, side: str) -> float:
        """Return a side's median, in seconds."""
        return statistics.median(self.times[side])

    def ratio(self, side: str) -> float:
        """Return how many times faster than the peer a side of Hanse is."""
        return self.median("peer") / self.median(side)

    def as_json(self) -> dict[str, object]:
        """Return the race as JSON, all times in seconds."""
        kind = self.federation.kind
        return {
            "kind": kind.name,
            "remotes": self.federation.size,
            "bytes": self.bytes,
            "peer_fresh_process": self.peer_fresh,
            "target": target_of(self.federation),
            "sides": {
                side: {
                    "median": self.median(side),
                    "fastest": min(times),
                    "slowest": max(times),
                    "rounds": len(times),
                    **({} if side == "peer" else {"ratio": self.ratio(side)}),
                }
                for side, times in self.times.items()
            },
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
    documents = federation.read()
    kind, manifest = federation.kind, federation.manifest
    answer = folder / f"{federation.label}.map.json"

    def run_hanse(policy: str) -> tuple[float, ImportMap]:
        return resolve_bytes(manifest, documents, policy_for(policy, kind))

    def time_hanse(policy: str) -> float:
        return run_hanse(policy)[0]

    with Peer() as peer:
        peer.load(federation)
        fresh = peer.run(pooling=kind.pooling, write=answer)
        firsts = {"peer": fresh}
        for policy in POLICIES:
            firsts[policy], import_map = run_hanse(policy)
            if policy == "compatible":
                compare_maps(federation, answer, import_map)
        race = Race(federation, sum(map(len, documents.values())), fresh)
        sides: dict[str, Callable[[], float]] = {
            "peer": lambda: peer.run(pooling=kind.pooling),
            **{policy: partial(time_hanse, policy) for policy in POLICIES},
        }
        run_rounds(race, sides, firsts, settings)
    return race


def run_rounds(
    race: Race, sides: dict[str, Callable[[], float]], firsts: dict[str, float], settings: Settings
) -> None:
    """Warm every side up, then take turns until each has had its rounds."""
    left: dict[str, int] = {}
    for side, run in sides.items():
        first = firsts[side]
        race.times[side] = [first] if first > settings.patience else []
        left[side] = 0 if first > settings.patience else count_rounds(first, settings)
        for _ in range(left[side]):
            run()
    while any(left.values()):
        for side, run in sides.items():
            if left[side]:
                left[side] -= 1
                race.times[side].append(run())


def count_rounds(first: float, settings: Settings) -> int:
    """Return how many rounds fit in the budget: at least three, and an odd number."""
    fitting = int(settings.budget / 2 / max(first, 1e-6))
    return max(3, min(settings.rounds, fitting)) | 1


def compare_maps(federation: Federation, answer: Path, import_map: ImportMap) -> None:
    """Check that Hanse's map is the peer's.

    Raises:
        DifferentAnswersError: It is not.
    """
    if json.loads(serialise(import_map)) != json.loads(answer.read_bytes()):
        raise DifferentAnswersError(
            f"{federation.label}: peer and Hanse (compatible) disagree; the peer's map is {answer}"
        )
