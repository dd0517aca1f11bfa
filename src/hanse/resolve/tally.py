"""Choosing the build of a family of one package: all that is asked lies on one line of versions.

The outcome is that of a ballot; the way is shorter, for consumers need only be counted along the line, once
for each set of specifiers they need.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

from hanse.resolve.acceptance import Acceptance, Lines
from hanse.resolve.ballot import Kind, Outcome, prefer

__all__ = ["elect_on_line"]

Score = tuple[int, int]
"""How many are served, and (negative) how many of them against their range."""


class Tally:
    """The consumers that need one set of specifiers, counted by the versions they accept."""

    def __init__(self, length: int) -> None:
        self.insisting = [0] * (length + 1)
        self.pleased = [0] * (length + 1)
        self.others = 0

    def close(self) -> None:
        """Sum up what was noted at the ends of spans."""
        self.insisting = list(accumulate(self.insisting))
        if self.others:
            self.pleased = list(accumulate(self.pleased))


Tallies = dict[frozenset[str], Tally]
"""What consumers need -> their tally."""


def elect_on_line(
    consumers: Sequence[tuple[Kind, int]],
    lines: Lines,
    *,
    packages: Sequence[str],
    hosts: Sequence[Kind],
    latest: bool,
) -> Outcome:
    """Elect the build of a family of one package.

    Args:
        consumers: Kinds with the number of remotes of each.
        lines: The lines of versions known so far.
        packages: The family's one package.
        hosts: The host's kinds: builds of its version, with all it needs, take precedence.
        latest: Whether only builds of the latest version may win.
    """
    line = lines.of([kind.declarations[0].version for kind, _ in consumers])
    tallies = count_consumers(consumers, line)
    kinds = [kind for kind, _ in consumers]
    allowed = allowed_builds(kinds, packages, hosts, latest=latest)
    scores = score_builds(allowed, tallies, line)
    most = max(scores)
    best = prefer([kind for kind, s in zip(allowed, scores, strict=True) if s == most], packages, hosts)[0]
    kept = frozenset(find_kept(consumers, best, tallies, line))
    return Outcome(best, frozenset(kinds) - kept, kept)


def count_consumers(consumers: Sequence[tuple[Kind, int]], line: Acceptance) -> Tallies:
    """Count consumers by the specifiers they need and the versions they accept."""
    tallies: Tallies = {}
    known = line.ranges
    for kind, count in consumers:
        declaration = kind.declarations[0]
        tally = tallies.get(declaration.surface)
        if tally is None:
            tally = tallies[declaration.surface] = Tally(line.length)
        steps = tally.insisting
        if not declaration.strict:
            steps = tally.pleased
            tally.others += count
        required = declaration.required
        for start, stop in known[required] if required in known else line.spans(required):
            steps[start] += count
            steps[stop] -= count
    for tally in tallies.values():
        tally.close()
    return tallies


def allowed_builds(
    kinds: Sequence[Kind], packages: Sequence[str], hosts: Sequence[Kind], *, latest: bool
) -> Sequence[Kind]:
    """Return the builds that may win."""
    present = [kind for kind in hosts if kind in kinds]
    host = prefer(present, packages, ())[0] if present else None
    if host is not None:
        same = host.tags.items()
        return [kind for kind in kinds if same <= kind.tags.items()]
    if latest:
        top = max([kind.declarations[0].rank for kind in kinds])
        return [kind for kind in kinds if kind.declarations[0].rank == top]
    return kinds


def score_builds(kinds: Sequence[Kind], tallies: Tallies, line: Acceptance) -> list[Score]:
    """Score each build by the consumers whose specifiers it has; equal builds are scored once."""
    served: dict[frozenset[str], list[Tally]] = {}
    known: dict[tuple[frozenset[str], int], Score] = {}
    positions = line.positions
    scores: list[Score] = []
    for kind in kinds:
        declaration = kind.declarations[0]
        surface = declaration.surface
        build = (surface, positions[declaration.version])
        score = known.get(build)
        if score is None:
            if surface not in served:
                served[surface] = [tally for needed, tally in tallies.items() if needed <= surface]
            score = known[build] = score_at(build[1], served[surface])
        scores.append(score)
    return scores


def score_at(place: int, consumers: Iterable[Tally]) -> Score:
    """Score a build of the version at a place, which has all that these consumers need."""
    served = sum([tally.insisting[place] for tally in consumers])
    grief = 0
    for tally in consumers:
        if tally.others:
            served += tally.others
            grief += tally.others - tally.pleased[place]
    return served, -grief


def find_kept(
    consumers: Sequence[tuple[Kind, int]], best: Kind, tallies: Tallies, line: Acceptance
) -> list[Kind]:
    """Return the consumers that the build cannot serve."""
    build = best.declarations[0]
    covered = {needed for needed in tallies if needed <= build.surface}
    ranges = {kind.declarations[0].required for kind, _ in consumers}
    accepting = {required for required in ranges if line.accepts(required, build.version)}
    kept = []
    for kind, _ in consumers:
        declaration = kind.declarations[0]
        if declaration.surface not in covered or (
            declaration.strict and declaration.required not in accepting
        ):
            kept.append(kind)
    return kept
