"""One remote of many is deployed again: resolving after the previous plan, beside resolving anew."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.resolve.contender import decode, policy_for, resolve_decoded
from benchmarks.resolve.federations import EXTERNALS, FAMILY, KINDS, Federation, generate, remote_entry
from benchmarks.resolve.races import DifferentAnswersError
from hanse.formats.remote_entry import decode_remote_entry
from hanse.resolve import Remote

__all__ = ["CHANGES", "TARGET", "Change", "Redeploy", "run_redeploy"]

TARGET = 0.05
CHANGES = {"five packages": FAMILY, "all packages": EXTERNALS}


@dataclass(frozen=True, slots=True)
class Change:
    """What is measured: a kind and size of federation, a policy, and how much a deployment changes."""

    kind: str
    remotes: int
    policy: str
    extent: str


@dataclass(slots=True)
class Redeploy:
    """The times of one change, in seconds, a list entry a round.

    `decoding` and `resolving` are the two parts of doing everything anew; `incremental` decodes the one
    changed entry and resolves after the previous plan.
    """

    change: Change
    decoding: list[float] = field(default_factory=list)
    resolving: list[float] = field(default_factory=list)
    incremental: list[float] = field(default_factory=list)

    @property
    def full(self) -> float:
        """The median of doing everything anew, in seconds."""
        return statistics.median(map(sum, zip(self.decoding, self.resolving, strict=True)))

    @property
    def share(self) -> float:
        """The incremental median as a part of the full one."""
        return statistics.median(self.incremental) / self.full

    def as_json(self) -> dict[str, object]:
        """Return the measurement as JSON, times in seconds."""
        return {
            "kind": self.change.kind,
            "remotes": self.change.remotes,
            "policy": self.change.policy,
            "change": self.change.extent,
            "rounds": len(self.incremental),
            "decoding": statistics.median(self.decoding),
            "resolving": statistics.median(self.resolving),
            "full": self.full,
            "incremental": statistics.median(self.incremental),
            "share": self.share,
            "target": TARGET,
        }


def run_redeploy(change: Change, *, rounds: int, seed: int, folder: Path) -> Redeploy:
    """Deploy another remote of the federation in every round, and resolve both ways.

    Raises:
        DifferentAnswersError: The incremental map is not the one made from scratch.
    """
    kind = KINDS[change.kind]
    federation = generate(kind, change.remotes, folder / f"{change.kind}-{change.remotes}", seed=seed)
    documents = federation.read()
    policy = policy_for(change.policy, kind)
    remotes = decode(federation.manifest, documents)
    _, previous = resolve_decoded(remotes, policy)
    measured = Redeploy(change)
    for turn in range(rounds):
        place = (turn * 389 + 17) % change.remotes
        body = redeployed(federation, place, extent=CHANGES[change.extent], seed=seed)
        seconds, changed = replace_remote(remotes, place, body)
        after_seconds, after = resolve_decoded(changed, policy, previous)
        full_seconds, full = resolve_decoded(changed, policy)
        if after.import_map != full.import_map:
            raise DifferentAnswersError(f"{federation.label}: resolving incrementally gave another map")
        measured.incremental.append(seconds + after_seconds)
        measured.resolving.append(full_seconds)
        measured.decoding.append(time_decoding(federation.manifest, documents))
    return measured


def redeployed(federation: Federation, place: int, *, extent: int, seed: int) -> bytes:
    """Write the entry of a remote's next deployment: `extent` packages in another version."""
    old = remote_entry(federation.kind, place, federation.size, seed=seed)
    new = remote_entry(federation.kind, place, federation.size, seed=seed + 1)
    before, after = old["shared"], new["shared"]
    if not isinstance(before, list) or not isinstance(after, list):
        raise TypeError("A remote entry's `shared` is a list.")
    start = place * FAMILY % EXTERNALS if extent < EXTERNALS else 0
    old["shared"] = [*before[:start], *after[start : start + extent], *before[start + extent :]]
    return json.dumps(old, separators=(",", ":")).encode()


def replace_remote(remotes: list[Remote], place: int, body: bytes) -> tuple[float, list[Remote]]:
    """Decode a new entry for the remote at `place`; return the seconds and the remotes with it."""
    start = time.perf_counter()
    old = remotes[place]
    new = Remote(name=old.name, url=old.url, entry=decode_remote_entry(body, subject=old.url))
    changed = [*remotes[:place], new, *remotes[place + 1 :]]
    return time.perf_counter() - start, changed


def time_decoding(manifest: Mapping[str, str], documents: Mapping[str, bytes]) -> float:
    """Return the seconds it takes to decode all entries."""
    start = time.perf_counter()
    decode(manifest, documents)
    return time.perf_counter() - start
