"""Questions about a range as a set: its least version, what lies outside it, what meets it.

The answers are npm's, comparator by comparator. Only where npm's answer depends on which range is
named first does `intersects` give the one that is true of the versions.
"""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING

from hanse.semver.comparators import ANY, Comparator, read_comparators
from hanse.semver.ranges import bounds, parse_range
from hanse.semver.versions import BOTTOM, BOTTOM_RELEASE, Version, build_version, parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hanse.semver.comparators import Alternative

__all__ = ["accepts_alone", "intersects", "is_above", "is_below", "min_version"]


def min_version(range_: str, *, include_prerelease: bool = False) -> Version | None:
    """Find the least version a range accepts: 1.2.0 for `~1.2`, 0.0.0 for `*`.

    Returns:
        The version; None where the range is invalid, accepts nothing, or begins above the largest
        number a version may hold.
    """
    whole = parse_range(range_, include_prerelease=include_prerelease)
    alternatives = read_comparators(range_, include_prerelease=include_prerelease)
    if whole is None or alternatives is None:
        return None
    least = min(filter(None, map(_start, alternatives)), default=None)
    for candidate in (BOTTOM_RELEASE, BOTTOM, least):
        if candidate is not None and whole.accepts(candidate):
            return candidate
    return None


def _start(alternative: Alternative) -> Version | None:
    return max(filter(None, map(_least, alternative)), default=None)


def _least(comparator: Comparator) -> Version | None:
    """Return the least version of a lower bound or an exact version, None for the others."""
    operator, version = comparator
    if version is None or operator.startswith("<"):
        return None
    if operator != ">":
        return version
    if version.prerelease:
        return build_version(version.major, version.minor, version.patch, (*version.prerelease, 0))
    return build_version(version.major, version.minor, version.patch + 1)


def intersects(a: str, b: str, *, include_prerelease: bool = False) -> bool:
    """Tell whether two ranges have a version in common; an invalid one has none with any."""
    first = read_comparators(a, include_prerelease=include_prerelease)
    second = read_comparators(b, include_prerelease=include_prerelease)
    if first is None or second is None:
        return False
    left = [found for found in first if _agree(combinations(found, 2), include_prerelease)]
    right = [found for found in second if _agree(combinations(found, 2), include_prerelease)]
    return any(_agree(product(one, other), include_prerelease) for one, other in product(left, right))


def _agree(pairs: Iterable[tuple[Comparator, Comparator]], wide: bool) -> bool:  # noqa: FBT001 - private
    return all(_meet(one, other, wide) for one, other in pairs)


def _meet(one: Comparator, other: Comparator, wide: bool) -> bool:  # noqa: FBT001 - private
    """Tell whether two comparators, each taken as a whole range, have a version in common."""
    if one.version is None or other.version is None:
        rest = other if one.version is None else one
        return rest.version is None or bool(rest.operator) or accepts_alone(ANY, rest.version, wide=wide)
    if not one.operator:
        return accepts_alone(other, one.version, wide=wide)
    if not other.operator:
        return accepts_alone(one, other.version, wide=wide)
    if _is_nothing(one, wide) or _is_nothing(other, wide):
        return False
    low, high = bounds(one.operator, one.version.key)
    start, end = bounds(other.operator, other.version.key)
    return max(low, start) < min(high, end)


def accepts_alone(comparator: Comparator, version: Version, *, wide: bool) -> bool:
    """Tell whether a range of this one comparator accepts a version.

    Args:
        comparator: The range.
        version: The version.
        wide: Prereleases match like any other version.
    """
    operator, limit = comparator
    if version.prerelease and not wide:
        named = limit is not None and limit.prerelease and limit.key[:3] == version.key[:3]
        if not named:
            return False
    if limit is None:
        return True
    low, high = bounds(operator, limit.key)
    return low <= version.key < high


def _is_nothing(comparator: Comparator, wide: bool) -> bool:  # noqa: FBT001 - private
    """Tell whether npm takes an upper bound for one that nothing lies below."""
    operator, version = comparator
    if operator != "<" or version is None or version.key[:3] != (0, 0, 0):
        return False
    return not wide or version.prerelease == (0,)


def is_above(version: str, range_: str, *, include_prerelease: bool = False) -> bool:
    """Tell whether a version is higher than all a range accepts; never where one is invalid."""
    return _is_outside(version, range_, 1, include_prerelease=include_prerelease)


def is_below(version: str, range_: str, *, include_prerelease: bool = False) -> bool:
    """Tell whether a version is lower than all a range accepts; never where one is invalid."""
    return _is_outside(version, range_, -1, include_prerelease=include_prerelease)


def _is_outside(text: str, range_: str, side: int, *, include_prerelease: bool) -> bool:
    version = parse(text)
    whole = parse_range(range_, include_prerelease=include_prerelease)
    alternatives = read_comparators(range_, include_prerelease=include_prerelease)
    if version is None or whole is None or alternatives is None or whole.accepts(version):
        return False
    return all(_is_beyond(version, alternative, side) for alternative in alternatives)


def _is_beyond(version: Version, alternative: Alternative, side: int) -> bool:
    """Tell whether a version lies past an alternative: above it for side 1, below it for -1."""
    open_, closed = (">", ">=") if side > 0 else ("<", "<=")
    far = near = _with_version(alternative[0])
    for comparator in map(_with_version, alternative[1:]):
        if _order(comparator[1], far[1]) * side > 0:
            far = comparator
        elif _order(comparator[1], near[1]) * side < 0:
            near = comparator
    if far[0] in (open_, closed):
        return False
    order = _order(version, near[1]) * side
    return order > 0 if near[0] in ("", open_) else near[0] != closed or order >= 0


def _with_version(comparator: Comparator) -> tuple[str, Version]:
    operator, version = comparator
    return (">=", BOTTOM_RELEASE) if version is None else (operator, version)


def _order(a: Version, b: Version) -> int:
    return (a.key > b.key) - (a.key < b.key)
