"""What each build of one package is worth: how many it would serve, and how many of them against their range.

Consumers are counted along the line of versions, once for each set of specifiers they need. Where the numbers
of some kinds change, a poll is followed up by that much and not taken anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate
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
    """What consumers said, by the specifiers they need, and the builds by those they have.

    `needs` says what consumers are worth to a build that has what they need, by the place of its version in
    the line. `reach` is what builds would be worth if they served everybody who needs nothing that they lack.
    `worths` are those that were asked for.
    """

    line: Acceptance
    builds: dict[Surface, list[Kind]]
    needs: dict[Surface, list[int]]
    reach: dict[Surface, int]
    worths: dict[Surface, list[int]]

    def best(self) -> list[Kind]:
        """Return all kinds whose builds are worth most."""
        best: list[Kind] = []
        top = 0
        for surface in sorted(self.reach, key=self.reach.__getitem__, reverse=True):
            if self.reach[surface] < top:
                break
            for kind in self.builds[surface]:
                worth = self.worth(kind)
                if worth > top:
                    best, top = [kind], worth
                elif worth == top:
                    best.append(kind)
        return best

    def best_of(self, kinds: Sequence[Kind]) -> list[Kind]:
        """Return those of some kinds whose builds are worth most."""
        worths = list(map(self.worth, kinds))
        top = max(worths)
        return [kind for kind, worth in zip(kinds, worths, strict=True) if worth == top]

    def worth(self, kind: Kind) -> int:
        """Return what a build of this kind is worth."""
        build = kind.declarations[0]
        worths = self.worths.get(build.surface)
        if worths is None:
            worths = self.worths[build.surface] = self.weigh(build.surface)
        return worths[self.line.positions[build.version]]

    def weigh(self, surface: Surface) -> list[int]:
        """Return what builds with some specifiers are worth, by the place of their version."""
        served = [worth for needed, worth in self.needs.items() if needed <= surface]
        return list(map(sum, zip(*served, strict=True))) if len(served) > 1 else served[0]


def take_poll(counts: Mapping[Kind, int], lines: Lines) -> Poll:
    """Ask all consumers of a family of one package.

    Args:
        counts: The numbers of remotes by kind.
        lines: The lines of versions known so far.
    """
    line = lines.of([kind.declarations[0].version for kind in counts])
    builds: dict[Surface, list[Kind]] = {}
    for kind in counts:
        builds.setdefault(kind.declarations[0].surface, []).append(kind)
    many = {surface: SERVED * sum(map(counts.__getitem__, kinds)) for surface, kinds in builds.items()}
    return Poll(
        line=line,
        builds=builds,
        needs={needed: list(accumulate(steps)) for needed, steps in walk_line(counts, line).items()},
        reach={surface: sum([many[one] for one in many if one <= surface]) for surface in many},
        worths={},
    )


def follow_poll(poll: Poll, changes: Mapping[Kind, int], counts: Collection[Kind]) -> Poll | None:
    """Return the poll after some numbers have changed; None where it has to be taken anew.

    A version or a set of specifiers that nobody has any more does no harm: builds are chosen among those that
    are there. One that is new has no place in the poll.

    Args:
        poll: The poll before.
        changes: By how much the number of remotes of a kind has grown, or (negative) shrunk.
        counts: All kinds that there are now.
    """
    builds, reach, needs, worths = poll.builds.copy(), poll.reach, poll.needs.copy(), poll.worths.copy()
    for kind, change in changes.items():
        build = kind.declarations[0]
        needed = build.surface
        if not kind.simple or needed not in builds or build.version not in poll.line.positions:
            return None
        if kind not in counts:
            builds[needed] = [one for one in builds[needed] if one is not kind]
        elif kind not in builds[needed]:
            builds[needed] = [*builds[needed], kind]
        reach = {one: many + SERVED * change if needed <= one else many for one, many in reach.items()}
    for needed, steps in walk_line(changes, poll.line).items():
        more = list(accumulate(steps))
        needs[needed] = list(map(add, needs[needed], more))
        worths = {
            one: list(map(add, worth, more)) if needed <= one else worth for one, worth in worths.items()
        }
    return Poll(poll.line, builds, needs, reach, worths)


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
