"""Choosing the build that serves most of a family's consumers, where families have several packages.

Builds and consumers are counted by kind. For each kind of consumer the builds that can serve it are one
integer used as a set; how many each build serves is summed in bit planes (one integer a binary digit), so
that a thousand kinds of consumers on a thousand kinds of builds cost a thousand additions and not a million
questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from hanse.resolve.acceptance import Acceptance, Lines
from hanse.resolve.kinds import Kind
from hanse.resolve.offers import Declaration
from hanse.resolve.poll import Poll

__all__ = ["Ballot", "Elections", "Outcome"]


MOST, MOST_VOTERS = 20_000, 1_000
"""So many kinds are remembered with elections, some 8 MB with their polls, and so many with a single one."""


class Outcome(msgspec.Struct, frozen=True, eq=False):
    """How a family was decided: the kind of build that is published, and the kinds that it cannot serve.

    `poll` is what a family of one package was decided by.
    """

    best: Kind
    kept: frozenset[Kind]
    poll: Poll | None = None


class Elections:
    """Elections that were held before: who stands and votes the same elects the same.

    Remembered are so many that they have `MOST` kinds of remotes; all are forgotten when there are more.
    """

    def __init__(self) -> None:
        self.known: dict[object, Outcome] = {}
        self.size = 0

    def hold(
        self, counts: Mapping[Kind, int], hosts: Sequence[Kind], election: Callable[[], Outcome]
    ) -> Outcome:
        """Return the outcome of an earlier election with the same voters and hosts, or hold one."""
        if len(counts) > MOST_VOTERS:
            return election()
        key = (frozenset(counts.items()), *hosts)
        known = self.known.get(key)
        if known is None:
            if self.size > MOST:
                self.known, self.size = {}, 0
            known = self.known[key] = election()
            self.size += len(counts)
        return known


class Counter:
    """Adds weights to the members of sets; answers which members have the most."""

    def __init__(self) -> None:
        self.planes: list[int] = []

    def add(self, members: int, weight: int) -> None:
        """Add the weight to every member of the set."""
        place = 0
        while weight:
            if weight & 1:
                self.carry(members, place)
            weight >>= 1
            place += 1

    def carry(self, members: int, place: int) -> None:
        """Add one at a binary digit, carrying upwards."""
        planes = self.planes
        while members:
            while len(planes) <= place:
                planes.append(0)
            plane = planes[place]
            planes[place] = plane ^ members
            members &= plane
            place += 1

    def most(self, members: int) -> int:
        """Return those of the set that have the highest sum."""
        for plane in reversed(self.planes):
            members = members & plane or members
        return members

    def least(self, members: int) -> int:
        """Return those of the set that have the lowest sum."""
        for plane in reversed(self.planes):
            members = members & ~plane or members
        return members


class Ballot:
    """The kinds of builds of one family, ready to be asked whom they serve."""

    def __init__(self, kinds: Sequence[Kind], lines: Lines) -> None:
        self.kinds = kinds
        self.lines = lines
        self.everybody = (1 << len(kinds)) - 1
        self.offers: dict[str, tuple[Acceptance, list[int]]] = {}
        self.ranges: dict[tuple[str, str], int] = {}
        self.known: dict[tuple[str, tuple[str, ...]], int] = {}

    def offering(self, specifier: str) -> tuple[Acceptance, list[int]]:
        """Return a specifier's line of versions, and the set of builds below each place in it."""
        known = self.offers.get(specifier)
        if known is None:
            line = self.lines.of(kind.tags[specifier] for kind in self.kinds if specifier in kind.tags)
            at = [0] * line.length
            bit = 1
            for kind in self.kinds:
                tag = kind.tags.get(specifier)
                if tag is not None:
                    at[line.positions[tag]] |= bit
                bit <<= 1
            below = [0]
            for members in at:
                below.append(below[-1] | members)
            known = self.offers[specifier] = (line, below)
        return known

    def having(self, specifiers: Iterable[str]) -> int:
        """Return the builds that have all the specifiers."""
        members = self.everybody
        for specifier in specifiers:
            members &= self.offering(specifier)[1][-1]
        return members

    def accepted(self, required: str, specifiers: Iterable[str]) -> int:
        """Return the builds that offer every one of the specifiers at a version the range accepts."""
        members = self.everybody
        for specifier in specifiers:
            found = self.ranges.get((required, specifier))
            if found is None:
                line, below = self.offering(specifier)
                found = 0
                for start, stop in line.spans(required):
                    found |= below[stop] & ~below[start]
                self.ranges[required, specifier] = found
            members &= found
        return members

    def demand(self, declaration: Declaration) -> tuple[int, int]:
        """Return the builds that may serve a declaration, and those that please its range."""
        if declaration.bound is not None:
            return 0, 0
        required, specifiers = declaration.required, declaration.specifiers
        known = self.known.get((required, specifiers))
        if known is None:
            known = self.known[required, specifiers] = self.accepted(required, specifiers)
        return (known if declaration.strict else self.having(specifiers)), known

    def equals(self, kind: Kind) -> int:
        """Return the builds that have the kind's specifiers at exactly its versions."""
        members = self.everybody
        for specifier, tag in kind.tags.items():
            line, below = self.offering(specifier)
            place = line.positions[tag]
            members &= below[place + 1] & ~below[place]
        return members

    def free(self) -> int:
        """Return the builds that can serve others: those that no private copy of their family is beside."""
        members = self.everybody
        for place, kind in enumerate(self.kinds):
            if not kind.simple and kind.bound is not None:
                members &= ~(1 << place)
        return members

    def elect(self, consumers: Sequence[tuple[Kind, int]], candidates: int) -> Outcome:
        """Choose among the candidates.

        Most consumers served; then the fewest files loaded in all; then fewest consumers outside their
        range; then the order of the kinds, which is that of preference.

        Args:
            consumers: Kinds with the number of remotes of each.
            candidates: The set of builds that may win.
        """
        serves: dict[int, int] = {}
        grieves: dict[int, int] = {}
        may: list[int] = []
        for kind, count in consumers:
            serving = pleasing = self.everybody
            for declaration in kind.declarations:
                can, happy = self.demand(declaration)
                serving &= can
                pleasing &= happy
            may.append(serving)
            serves[serving] = serves.get(serving, 0) + count
            grieving = serving & ~pleasing
            if grieving:
                grieves[grieving] = grieves.get(grieving, 0) + count
        counter, grief = Counter(), Counter()
        for members, weight in serves.items():
            counter.add(members & candidates, weight)
        for members, weight in grieves.items():
            grief.add(members & candidates, weight)
        best = grief.least(self.cheapest(counter.most(candidates), consumers, may))
        first = best & -best
        kept = frozenset(kind for (kind, _), can in zip(consumers, may, strict=True) if not can & first)
        return Outcome(self.kinds[first.bit_length() - 1], kept)

    def cheapest(self, candidates: int, consumers: Sequence[tuple[Kind, int]], may: Sequence[int]) -> int:
        """Return those of the candidates with which the fewest files are loaded.

        Loaded are the published build's files and those of everybody whom it does not serve. Builds of one
        package are taken to be equal: a page loads the entrypoints it imports, however many there are.

        Args:
            candidates: The set of builds to choose among.
            consumers: Kinds with the number of remotes of each.
            may: For each of the consumers, the builds that can serve it.
        """
        one_left = not candidates & (candidates - 1)
        if one_left or len({len(kind.tags) for kind in self.kinds}) == 1:
            return candidates
        if len({declaration.package for kind in self.kinds for declaration in kind.declarations}) == 1:
            return candidates
        files = Counter()
        for (kind, count), serving in zip(consumers, may, strict=True):
            files.add(candidates & ~serving, count * len(kind.tags))
        for place, kind in enumerate(self.kinds):
            files.add(candidates & (1 << place), len(kind.tags))
        return files.least(candidates)
