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

    def __init__(self, specifiers: tuple[str, ...], length: int) -> None:
        self.specifiers = frozenset(specifiers)
        self.insisting = [0] * (length + 1)
        self.pleased = [0] * (length + 1)
        self.others = 0

    def close(self) -> None:
        """Sum up what was noted at the ends of spans."""
        self.insisting = list(accumulate(self.insisting))
        self.pleased = list(accumulate(self.pleased))


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


def place_of(kind: Kind, line: Acceptance) -> tuple[tuple[str, ...], int]:
    """Return what builds differ in: their specifiers, and where their version stands in the line."""
    declaration = kind.declarations[0]
    return declaration.specifiers, line.positions[declaration.version]


def count_consumers(consumers: Sequence[tuple[Kind, int]], line: Acceptance) -> dict[tuple[str, ...], Tally]:
    """Count consumers by the specifiers they need and the versions they accept."""
    tallies: dict[tuple[str, ...], Tally] = {}
    spans_of = line.spans
    for kind, count in consumers:
        declaration = kind.declarations[0]
        tally = tallies.get(declaration.specifiers)
        if tally is None:
            tally = tallies[declaration.specifiers] = Tally(declaration.specifiers, line.length)
        steps = tally.insisting
        if not declaration.strict:
            steps = tally.pleased
            tally.others += count
        for start, stop in spans_of(declaration.required):
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


def score_builds(
    kinds: Sequence[Kind], tallies: dict[tuple[str, ...], Tally], line: Acceptance
) -> list[Score]:
    """Score each build by the consumers whose specifiers it has; equal builds are scored once."""
    covered: dict[tuple[str, ...], list[Tally]] = {}
    known: dict[tuple[tuple[str, ...], int], Score] = {}
    positions = line.positions
    scores: list[Score] = []
    for kind in kinds:
        declaration = kind.declarations[0]
        specifiers = declaration.specifiers
        build = (specifiers, positions[declaration.version])
        score = known.get(build)
        if score is None:
            consumers = covered.get(specifiers)
            if consumers is None:
                offered = tallies[specifiers].specifiers
                consumers = [tally for tally in tallies.values() if tally.specifiers <= offered]
                covered[specifiers] = consumers
            score = known[build] = score_at(build[1], consumers)
        scores.append(score)
    return scores


def score_at(place: int, consumers: Iterable[Tally]) -> Score:
    """Score a build of the version at a place, which has all that these consumers need."""
    served = grief = 0
    for tally in consumers:
        served += tally.insisting[place] + tally.others
        grief += tally.others - tally.pleased[place]
    return served, -grief


def find_kept(
    consumers: Sequence[tuple[Kind, int]],
    best: Kind,
    tallies: dict[tuple[str, ...], Tally],
    line: Acceptance,
) -> list[Kind]:
    """Return the consumers that the build cannot serve."""
    specifiers, place = place_of(best, line)
    offered = tallies[specifiers].specifiers
    covered = {needed for needed, tally in tallies.items() if tally.specifiers <= offered}
    spans_of = line.spans
    kept = []
    for kind, _ in consumers:
        declaration = kind.declarations[0]
        if declaration.specifiers not in covered:
            kept.append(kind)
        elif declaration.strict:
            for start, stop in spans_of(declaration.required):
                if start <= place < stop:
                    break
            else:
                kept.append(kind)
    return kept
