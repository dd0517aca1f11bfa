"""Choosing the build that serves most of a family's consumers.

Builds and consumers are counted by kind. For each kind of consumer the builds that can serve it are one
integer used as a set; how many each build serves is summed in bit planes (one integer a binary digit), so
that a thousand kinds of consumers on a thousand kinds of builds cost a thousand additions and not a million
questions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hanse.resolve.acceptance import Acceptance
from hanse.resolve.offers import Declaration

__all__ = ["Ballot", "Kind", "Outcome"]


class Kind(msgspec.Struct, frozen=True, eq=False):
    """What one remote has of a family, without its files: equal remotes are of one kind.

    `tags` maps specifier -> version, `weight` is the number of its packages.
    """

    declarations: tuple[Declaration, ...]
    tags: dict[str, str]
    weight: int


class Outcome(msgspec.Struct, frozen=True, eq=False):
    """How a family was decided: the kinds of builds that may serve it, and whom they serve.

    `best` is in order of preference; `served` are kinds of consumers, `outside` those of them whose range
    rejects the version they get but who do not insist.
    """

    best: tuple[Kind, ...]
    served: frozenset[Kind]
    outside: frozenset[Kind]


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

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self.kinds = kinds
        self.everybody = (1 << len(kinds)) - 1
        self.offers: dict[str, tuple[Acceptance, list[int]]] = {}
        self.known: dict[tuple[object, ...], int] = {}

    def offering(self, specifier: str) -> tuple[Acceptance, list[int]]:
        """Return a specifier's line of versions, and the set of builds below each place in it."""
        known = self.offers.get(specifier)
        if known is None:
            line = Acceptance(kind.tags[specifier] for kind in self.kinds if specifier in kind.tags)
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

    def accepted(self, declaration: Declaration) -> int:
        """Return the builds that offer every specifier of it at a version its range accepts."""
        required = declaration.required
        members = self.everybody
        for specifier in declaration.specifiers:
            line, below = self.offering(specifier)
            found = 0
            for start, stop in line.spans(required):
                found |= below[stop] & ~below[start]
            members &= found
        return members

    def demand(self, declaration: Declaration) -> tuple[int, int]:
        """Return the builds that may serve a declaration, and those that please its range."""
        key = (declaration.required, declaration.strict, declaration.specifiers)
        known = self.known.get(key)
        if known is None:
            known = self.known[key] = self.accepted(declaration)
        return (known if declaration.strict else self.having(declaration.specifiers)), known

    def equals(self, kind: Kind) -> int:
        """Return the builds that have the kind's specifiers at exactly its versions."""
        members = self.everybody
        for specifier, tag in kind.tags.items():
            line, below = self.offering(specifier)
            place = line.positions[tag]
            members &= below[place + 1] & ~below[place]
        return members

    def elect(self, consumers: Sequence[tuple[Kind, int]], candidates: int) -> Outcome:
        """Choose among the candidates.

        Most consumers served (weighed by packages and remotes), then fewest consumers outside their
        range; then the order of the kinds, which is that of preference.

        Args:
            consumers: Kinds with the number of remotes of each.
            candidates: The set of builds that may win.
        """
        counter, grief = Counter(), Counter()
        may: list[int] = []
        please: list[int] = []
        for kind, count in consumers:
            serving = pleasing = self.everybody
            for declaration in kind.declarations:
                can, happy = self.demand(declaration)
                serving &= can
                pleasing &= happy
            may.append(serving)
            please.append(pleasing)
            counter.add(serving & candidates, count * kind.weight)
            if serving != serving & pleasing:
                grief.add(serving & ~pleasing & candidates, count)
        best = grief.least(counter.most(candidates))
        first = best & -best
        kinds = [kind for kind, _ in consumers]
        return Outcome(
            best=tuple(self.members(first)),
            served=frozenset(kind for kind, can in zip(kinds, may, strict=True) if can & first),
            outside=frozenset(
                kind
                for kind, can, happy in zip(kinds, may, please, strict=True)
                if can & first and not happy & first
            ),
        )

    def members(self, members: int) -> list[Kind]:
        """Return the kinds of a set, in order of preference."""
        return [kind for place, kind in enumerate(self.kinds) if members >> place & 1]
