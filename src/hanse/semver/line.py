"""Many versions, sorted once, and asked by many ranges which of them they accept."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hanse.semver.ranges import Interval, Range
    from hanse.semver.versions import Key, Version

__all__ = ["Line", "Span"]

Span: TypeAlias = "tuple[int, int]"


@dataclass(frozen=True, slots=True, init=False)
class Line:
    """Versions in ascending order, prepared for many questions.

    Args:
        versions: The versions; what is not yet ascending is sorted, equal ones keeping their order.

    Attributes:
        versions: The versions, ascending; spans count positions in here.
    """

    versions: tuple[Version, ...]
    _keys: list[Key] = field(repr=False, compare=False)
    # Prereleases part the line into runs of releases.
    _runs: list[Span] = field(repr=False, compare=False)
    _starts: list[int] = field(repr=False, compare=False)
    _ends: list[int] = field(repr=False, compare=False)
    _mixed: bool = field(repr=False, compare=False)

    def __init__(self, versions: Iterable[Version]) -> None:
        ordered = tuple(sorted(versions, key=lambda version: version.key))
        breaks = [at for at, version in enumerate(ordered) if version.prerelease]
        runs = [
            (before + 1, after)
            for before, after in pairwise([-1, *breaks, len(ordered)])
            if before + 1 < after
        ]
        object.__setattr__(self, "versions", ordered)
        object.__setattr__(self, "_keys", [version.key for version in ordered])
        object.__setattr__(self, "_runs", runs)
        object.__setattr__(self, "_starts", [start for start, _ in runs])
        object.__setattr__(self, "_ends", [end for _, end in runs])
        object.__setattr__(self, "_mixed", bool(breaks))

    def spans(self, range_: Range) -> tuple[Span, ...]:
        """Find the versions a range accepts, by bisection.

        Returns:
            Half-open spans of positions in `versions`, ascending, neither touching nor overlapping;
            together they hold exactly the versions that `range_.accepts`.
        """
        keys = self._keys
        whole = range_.include_prerelease or not self._mixed
        untidy = len(range_.intervals) > 1
        found: list[Span] = []
        for interval in range_.intervals:
            start = bisect_left(keys, interval.low)
            end = bisect_left(keys, interval.high, start)
            if start == end:
                continue
            if whole:
                found.append((start, end))
            else:
                found += self._releases(start, end)
            if interval.prereleases and not whole:
                found += self._prereleases(interval, start, end)
                untidy = True
        return tuple(_unite(found)) if untidy else tuple(found)

    def _releases(self, start: int, end: int) -> list[Span]:
        """Cut the runs of releases to what lies between two positions."""
        first = bisect_right(self._ends, start)
        after = bisect_left(self._starts, end, first)
        found = self._runs[first:after]
        if found:
            found[0] = (max(found[0][0], start), found[0][1])
            found[-1] = (found[-1][0], min(found[-1][1], end))
        return found

    def _prereleases(self, interval: Interval, start: int, end: int) -> Iterator[Span]:
        """Find the prereleases an interval names, between two positions."""
        for numbers in interval.prereleases:
            first = bisect_left(self._keys, (*numbers, 0), start, end)
            after = bisect_left(self._keys, (*numbers, 1), first, end)
            if first < after:
                yield first, after


def _unite(spans: list[Span]) -> Iterator[Span]:
    """Sort spans and join those that touch or overlap."""
    if not spans:
        return
    spans.sort()
    start, end = spans[0]
    for low, high in spans:
        if low > end:
            yield start, end
            start, end = low, high
        elif high > end:
            end = high
    yield start, end
