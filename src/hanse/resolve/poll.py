"""What each build of one package is worth: how many it would serve, and how many of them against their range.

Consumers are counted along the line of versions, once for each set of specifiers they need. Where the numbers
of some kinds change, a poll is followed up by that much and not taken anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate, chain
from operator import add
from typing import Final

import msgspec

from hanse.resolve.acceptance import Acceptance, Lines
from hanse.resolve.kinds import Kind

__all__ = ["Poll", "follow_poll", "take_poll"]

SERVED: Final = 1 << 32
"""What serving a consumer is worth; serving it against its range is worth one less.

So a higher worth is more consumers served, and among equals fewer outside their range: no federation has so
many remotes that the second could count for the first.
"""

Surface = frozenset[str]
"""The specifiers that a build has, or a consumer needs."""


class Poll(msgspec.Struct, frozen=True, eq=False):
    """The worth of builds, by their specifiers and then by the place of their version in the line.

    `builds` are the kinds that have each set of specifiers.
    """

    line: Acceptance
    worths: dict[Surface, list[int]]
    builds: dict[Surface, frozenset[Kind]]

    def best(self) -> list[Kind]:
        """Return all kinds whose builds are worth most."""
        tops = {surface: max(worths) for surface, worths in self.worths.items()}
        top = max(tops.values())
        found = [kind for surface, one in tops.items() if one == top for kind in self.builds[surface]]
        # A version that nobody has any more may be worth more than all that are there.
        best = [kind for kind in found if self.worth(kind) == top]
        return best or self.best_of(list(chain.from_iterable(self.builds.values())))

    def best_of(self, kinds: Sequence[Kind]) -> list[Kind]:
        """Return those of the kinds whose builds are worth most."""
        worths = list(map(self.worth, kinds))
        top = max(worths)
        return [kind for kind, worth in zip(kinds, worths, strict=True) if worth == top]

    def worth(self, kind: Kind) -> int:
        """Return what a build of this kind is worth."""
        build = kind.declarations[0]
        return self.worths[build.surface][self.line.positions[build.version]]


def take_poll(counts: Mapping[Kind, int], lines: Lines) -> Poll:
    """Ask all consumers of a family of one package.

    Args:
        counts: The numbers of remotes by kind.
        lines: The lines of versions known so far.
    """
    line = lines.of([kind.declarations[0].version for kind in counts])
    needs = {needed: list(accumulate(steps)) for needed, steps in walk_line(counts, line).items()}
    worths: dict[Surface, list[int]] = {}
    for surface in needs:
        served = [worth for needed, worth in needs.items() if needed <= surface]
        worths[surface] = list(map(sum, zip(*served, strict=True))) if len(served) > 1 else served[0]
    builds: dict[Surface, list[Kind]] = {surface: [] for surface in needs}
    for kind in counts:
        builds[kind.declarations[0].surface].append(kind)
    return Poll(line, worths, {surface: frozenset(kinds) for surface, kinds in builds.items()})


def follow_poll(poll: Poll, changes: Mapping[Kind, int], counts: Collection[Kind]) -> Poll | None:
    """Return the poll after some numbers have changed; None where it has to be taken anew.

    A version or a set of specifiers that nobody has any more does no harm: builds are chosen among those that
    are there. One that is new has no place in the poll.

    Args:
        poll: The poll before.
        changes: By how much the number of remotes of a kind has grown, or (negative) shrunk.
        counts: All kinds that there are now.
    """
    builds = poll.builds.copy()
    for kind in changes:
        build = kind.declarations[0]
        if not kind.simple or build.surface not in builds or build.version not in poll.line.positions:
            return None
        if kind in counts:
            builds[build.surface] |= {kind}
        else:
            builds[build.surface] -= {kind}
    worths = poll.worths
    for needed, steps in walk_line(changes, poll.line).items():
        change = list(accumulate(steps))
        worths = {
            surface: list(map(add, worth, change)) if needed <= surface else worth
            for surface, worth in worths.items()
        }
    return Poll(poll.line, worths, builds)


def walk_line(consumers: Mapping[Kind, int], line: Acceptance) -> dict[Surface, list[int]]:
    """Return what consumers add to the worth of versions, in steps along the line, by what they need."""
    found: dict[Surface, list[int]] = {}
    known = line.ranges
    for kind, count in consumers.items():
        declaration = kind.declarations[0]
        steps = found.get(declaration.surface)
        if steps is None:
            steps = found[declaration.surface] = [0] * (line.length + 1)
        worth = SERVED * count
        if not declaration.strict:
            steps[0] += worth - count
            worth = count
        required = declaration.required
        for start, stop in known[required] if required in known else line.spans(required):
            steps[start] += worth
            steps[stop] -= worth
    return found
