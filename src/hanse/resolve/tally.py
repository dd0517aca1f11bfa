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
    return Outcome(best, frozenset(find_kept(consumers, best, tallies, line)))


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
    """Score each build by the consumers whose specifiers it has."""
    lines = {specifiers: score_line(tally, tallies.values()) for specifiers, tally in tallies.items()}
    positions = line.positions
    return [
        lines[declaration.specifiers][positions[declaration.version]]
        for declaration in [kind.declarations[0] for kind in kinds]
    ]


def score_line(build: Tally, consumers: Iterable[Tally]) -> list[Score]:
    """Score a build with these specifiers at every place of the line."""
    covered = [tally for tally in consumers if tally.specifiers <= build.specifiers]
    others = sum([tally.others for tally in covered])
    insisting = map(sum, zip(*[tally.insisting for tally in covered], strict=True))
    pleased = map(sum, zip(*[tally.pleased for tally in covered], strict=True))
    return [(served + others, happy - others) for served, happy in zip(insisting, pleased, strict=True)]


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
