"""Ranges, compiled once to intervals over versions' keys, and the questions asked of them."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from hanse.semver.comparators import read_comparators
from hanse.semver.grammar import collapse
from hanse.semver.versions import Key, Version, parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hanse.semver.comparators import Alternative

__all__ = [
    "Interval",
    "Range",
    "bounds",
    "max_satisfying",
    "min_satisfying",
    "parse_range",
    "satisfies",
    "valid_range",
]

_BOTTOM: Final[Key] = ()
_TOP: Final[Key] = (math.inf,)

# The shapes nearly all of the world's ranges have go from text to interval without comparators.
_SMALL = r"(0|[1-9][0-9]{0,14})"
_COMMON = re.compile(rf"(\^|~|>=|){_SMALL}\.{_SMALL}\.{_SMALL}")

# Longer ranges are not kept, so that the cache stays small whatever comes in.
_CACHED, _CACHED_LENGTH = 8192, 96


class Interval(msgspec.Struct, frozen=True, gc=False):
    """The versions with `low <= key < high`; of prereleases, only those it names or all.

    Attributes:
        low: The first key inside.
        high: The first key after it.
        prereleases: Major, minor and patch of the prereleases that may match, as npm has it: those
            for which one of the comparators names a prerelease of the same three numbers.
    """

    low: Key
    high: Key
    prereleases: frozenset[Key] = frozenset()


class Range(msgspec.Struct, frozen=True, gc=False):
    """A range, as `parse_range` makes it.

    Attributes:
        raw: Its text, blanks collapsed.
        intervals: What it accepts, one interval an alternative, empty ones left out.
        include_prerelease: Whether prereleases match like any other version.
    """

    raw: str
    intervals: tuple[Interval, ...]
    include_prerelease: bool = False

    def accepts(self, version: Version) -> bool:
        """Tell whether the version lies in the range, by npm's rule for prereleases."""
        key = version.key
        named_only = bool(version.prerelease) and not self.include_prerelease
        for interval in self.intervals:
            if interval.low <= key < interval.high:
                if named_only and key[:3] not in interval.prereleases:
                    continue
                return True
        return False


def parse_range(range_: str, *, include_prerelease: bool = False) -> Range | None:
    """Read and compile a range; recent results are kept.

    Args:
        range_: The text. `""`, `*` and `x` accept every version that is not a prerelease.
        include_prerelease: Treat prereleases like any other version.

    Returns:
        The range, or None for whatever is not one, of any type.
    """
    if not isinstance(range_, str):
        return None
    if len(range_) > _CACHED_LENGTH:
        return _compile(range_, include_prerelease)
    return _compile_cached(range_, include_prerelease)


def valid_range(range_: str, *, include_prerelease: bool = False) -> str | None:
    """Return the range spelled in comparators (`^1.2` as `>=1.2.0 <2.0.0-0`), or None."""
    alternatives = read_comparators(range_, include_prerelease=include_prerelease)
    if alternatives is None:
        return None
    return "||".join(" ".join(map(str, found)) for found in alternatives) or "*"


def satisfies(version: str, range_: str, *, include_prerelease: bool = False) -> bool:
    """Tell whether a version lies in a range; what cannot be parsed satisfies nothing."""
    found = parse(version)
    within = parse_range(range_, include_prerelease=include_prerelease)
    return found is not None and within is not None and within.accepts(found)


def max_satisfying(versions: Iterable[str], range_: str, *, include_prerelease: bool = False) -> str | None:
    """Return the highest of the versions in the range, as it was written, or None."""
    inside = _select(versions, parse_range(range_, include_prerelease=include_prerelease))
    return max(inside, key=lambda found: found.key).raw if inside else None


def min_satisfying(versions: Iterable[str], range_: str, *, include_prerelease: bool = False) -> str | None:
    """Return the lowest of the versions in the range, as it was written, or None."""
    inside = _select(versions, parse_range(range_, include_prerelease=include_prerelease))
    return min(inside, key=lambda found: found.key).raw if inside else None


def _select(versions: Iterable[str], within: Range | None) -> list[Version]:
    if within is None:
        return []
    return [found for text in versions if (found := parse(text)) and within.accepts(found)]


def _compile(range_: str, include_prerelease: bool) -> Range | None:  # noqa: FBT001 - a cache's key
    if common := _COMMON.fullmatch(range_):
        operator, *texts = common.groups()
        interval = _compile_common(operator, int(texts[0]), int(texts[1]), int(texts[2]))
        return Range(range_, (interval,), include_prerelease)
    alternatives = read_comparators(range_, include_prerelease=include_prerelease)
    if alternatives is None:
        return None
    intervals = tuple([found for found in map(_meet, alternatives) if found.low < found.high])
    return Range(collapse(range_) or "", intervals, include_prerelease)


_compile_cached = lru_cache(maxsize=_CACHED)(_compile)


def _compile_common(operator: str, major: int, minor: int, patch: int) -> Interval:
    low: Key = (major, minor, patch, 1)
    if operator == ">=":
        return Interval(low, _TOP)
    if not operator:
        return Interval(low, _after(low))
    if operator == "^" and major:
        return Interval(low, (major + 1, 0, 0, 0, 0, 0))
    if operator == "~" or minor:
        return Interval(low, (major, minor + 1, 0, 0, 0, 0))
    return Interval(low, (0, 0, patch + 1, 0, 0, 0))


def _meet(alternative: Alternative) -> Interval:
    """Intersect comparators: the highest low end, the lowest high end, the prereleases they name."""
    low, high = _BOTTOM, _TOP
    named: set[Key] = set()
    for operator, version in alternative:
        if version is None:
            continue
        start, end = bounds(operator, version.key)
        low, high = max(low, start), min(high, end)
        # Nothing lies below the first prerelease of its three numbers, so `<2.0.0-0` names none.
        if version.prerelease and (operator != "<" or version.prerelease != (0,)):
            named.add(version.key[:3])
    return Interval(low, high, frozenset(named))


def bounds(operator: str, key: Key) -> tuple[Key, Key]:
    """Return the half-open interval of keys a comparator stands for."""
    if operator == ">=":
        return key, _TOP
    if operator == "<":
        return _BOTTOM, key
    if operator == ">":
        return _after(key), _TOP
    return (_BOTTOM if operator else key), _after(key)


def _after(key: Key) -> Key:
    """Return the least tuple above a key: no version's key continues another's with -1."""
    return (*key, -1)
