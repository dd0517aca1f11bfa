"""Which versions which ranges accept, asked once for each pair and by bisection.

A package's distinct versions stand in one ascending line; a range accepts a few spans of it. All the
elections count with spans, so their cost grows with the number of ranges and not with ranges × versions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from hanse.semver import Line, Version, parse, parse_range

__all__ = ["LINES", "Acceptance", "Lines", "Spans", "intersect"]

MOST = 20_000
"""So many versions stand in the lines that are remembered: 10 MB, with what was asked about them."""

MOST_RANGES = 4096
"""So many answers a line remembers."""

Spans = tuple[tuple[int, int], ...]
"""Half-open spans of positions in the line, ascending and apart from each other."""


class Acceptance:
    """The versions of one package, ready for questions.

    Tags that are no strict semver version stand in no line: nothing accepts them.
    """

    __slots__ = ("length", "line", "positions", "ranges")

    def __init__(self, tags: Iterable[str]) -> None:
        parsed: dict[str, Version] = {}
        for tag in tags:
            version = None if tag in parsed else parse(tag)
            if version is not None:
                parsed[tag] = version
        ordered = sorted(parsed.items(), key=lambda pair: (pair[1].key, pair[0]))
        self.line = Line([version for _, version in ordered])
        self.length = len(ordered)
        self.positions = {tag: place for place, (tag, _) in enumerate(ordered)}
        self.ranges: dict[str, Spans] = {}

    def spans(self, required: str) -> Spans:
        """Return the spans a range accepts; none for a range that is not one."""
        known = self.ranges.get(required)
        if known is None:
            compiled = parse_range(required)
            if len(self.ranges) > MOST_RANGES:
                self.ranges = {}
            known = self.ranges[required] = () if compiled is None else self.line.spans(compiled)
        return known

    def accepts(self, required: str, tag: str) -> bool:
        """Tell whether the range accepts the version."""
        place = self.positions.get(tag, -1)
        for start, stop in self.spans(required):  # noqa: SIM110 - asked too often to make a generator
            if start <= place < stop:
                return True
        return False

    def accepted_by_all(self, required: Iterable[str]) -> Spans:
        """Return the spans that every one of the ranges accepts."""
        left: Spans = ((0, self.length),)
        for text in required:
            left = intersect(left, self.spans(text))
        return left

    def count(self, weighted: Iterable[tuple[Spans, int]]) -> Sequence[int]:
        """Return, for each position, the sum of the weights of the spans over it."""
        steps = [0] * (self.length + 1)
        for spans, weight in weighted:
            for start, stop in spans:
                steps[start] += weight
                steps[stop] -= weight
        level = 0
        for place, step in enumerate(steps):
            level += step
            steps[place] = level
        return steps


class Lines:
    """Lines of versions that were needed before: packages released together have one line.

    `size` counts the versions of all lines; all are forgotten where they become too many.
    """

    def __init__(self) -> None:
        self.known: dict[frozenset[str], Acceptance] = {}
        self.size = 0

    def of(self, tags: Iterable[str]) -> Acceptance:
        """Return the line of these versions."""
        key = frozenset(tags)
        line = self.known.get(key)
        if line is None:
            if self.size > MOST:
                self.known, self.size = {}, 0
            line = self.known[key] = Acceptance(key)
            self.size += len(key)
        return line


LINES: Final = Lines()
"""The lines of all resolutions: versions and ranges come again, whatever the federation."""


def intersect(left: Spans, right: Spans) -> Spans:
    """Return what both have."""
    found = []
    for start, stop in left:
        for other_start, other_stop in right:
            low, high = max(start, other_start), min(stop, other_stop)
            if low < high:
                found.append((low, high))
    return tuple(found)
