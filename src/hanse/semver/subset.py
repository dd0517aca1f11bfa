"""Whether one range lies inside another, decided as npm decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from hanse.semver.algebra import accepts_alone
from hanse.semver.comparators import ANY, Comparator, read_comparators
from hanse.semver.ranges import bounds
from hanse.semver.versions import BOTTOM, BOTTOM_RELEASE

if TYPE_CHECKING:
    from hanse.semver.comparators import Alternative
    from hanse.semver.versions import Key, Version

__all__ = ["subset"]

_EVERYTHING: Final = (ANY,)
_RELEASES: Final = (Comparator(">=", BOTTOM_RELEASE),)
_ALL: Final = (Comparator(">=", BOTTOM),)


def subset(sub: str, dom: str, *, include_prerelease: bool = False) -> bool:
    """Tell whether a range accepts nothing that another does not accept.

    Each alternative of `sub` must lie inside one alternative of `dom`; npm does not join
    alternatives, so `>=1` is not found inside `1 || >=2`.

    Args:
        sub: The range that may lie inside.
        dom: The range that may hold it.
        include_prerelease: Treat prereleases like any other version.

    Returns:
        The answer; False where one of the ranges is invalid.
    """
    inner = read_comparators(sub, include_prerelease=include_prerelease)
    outer = read_comparators(dom, include_prerelease=include_prerelease)
    if inner is None or outer is None:
        return False
    # Alternatives that accept nothing are inside anything, but npm forgives them only while it has
    # seen no other kind.
    seen = False
    for one in inner:
        ends = _find_ends(one, wide=include_prerelease)
        for other in outer:
            inside = one == other or _is_inside(ends, other, wide=include_prerelease)
            seen = seen or inside is not None
            if inside:
                break
        else:
            if seen:
                return False
    return True


class _Ends(NamedTuple):
    """An alternative's tightest bounds, the exact versions it demands, whether nothing passes."""

    low: Comparator | None
    high: Comparator | None
    exact: list[Version]
    empty: bool


def _find_ends(alternative: Alternative, *, wide: bool) -> _Ends:
    low: Comparator | None = None
    high: Comparator | None = None
    exact: list[Version] = []
    for comparator in _spell_out(alternative, wide=wide):
        if comparator.operator.startswith(">"):
            low = comparator if low is None or _low(comparator) > _low(low) else low
        elif comparator.operator:
            high = comparator if high is None or _high(comparator) < _high(high) else high
        elif comparator.version is not None:
            exact.append(comparator.version)
    return _Ends(low, high, exact, _is_empty(low, high, exact, wide=wide))


def _spell_out(alternative: Alternative, *, wide: bool) -> Alternative:
    """Give `*` a comparator with a version."""
    if alternative != _EVERYTHING:
        return alternative
    return _ALL if wide else _RELEASES


def _is_empty(low: Comparator | None, high: Comparator | None, exact: list[Version], *, wide: bool) -> bool:
    if len(exact) > 1 or (low and high and _low(low) >= _high(high)):
        return True
    return any(
        not accepts_alone(bound, version, wide=wide) for version in exact for bound in (low, high) if bound
    )


def _is_inside(ends: _Ends, dom: Alternative, *, wide: bool) -> bool | None:
    """Decide for two alternatives; None where the first accepts nothing at all."""
    if wide and dom == _EVERYTHING:
        return True
    if ends.empty:
        return None
    dom = _spell_out(dom, wide=wide)
    if ends.exact:
        return all(accepts_alone(comparator, ends.exact[0], wide=wide) for comparator in dom)
    return _is_span_inside(ends, dom, wide=wide)


def _is_span_inside(ends: _Ends, dom: Alternative, *, wide: bool) -> bool:
    """Decide for an alternative that demands no exact version."""
    low, high = ends.low, ends.high
    if low and any(_cuts_low(comparator, low) for comparator in dom):
        return False
    if high and any(_cuts_high(comparator, high) for comparator in dom):
        return False
    point = low and high and low.version == high.version
    if not point and not all(comparator.operator for comparator in dom):
        return False
    if not high and any(comparator.operator.startswith("<") for comparator in dom):
        return False
    if not low and any(comparator.operator.startswith(">") for comparator in dom):
        return False
    # A bound that is a prerelease lets in others of its numbers, so dom must name them too.
    return wide or all(_names(dom, bound) for bound in (low, high) if bound)


def _cuts_low(comparator: Comparator, low: Comparator) -> bool:
    if comparator.operator.startswith(">"):
        return _low(comparator) > _low(low)
    return low.operator == ">=" and not _admits(comparator, low)


def _cuts_high(comparator: Comparator, high: Comparator) -> bool:
    if comparator.operator.startswith("<"):
        return _high(comparator) < _high(high)
    return high.operator == "<=" and not _admits(comparator, high)


def _admits(comparator: Comparator, bound: Comparator) -> bool:
    """Tell whether the version of a bound passes a comparator, prereleases as any other."""
    return bound.version is None or accepts_alone(comparator, bound.version, wide=True)


def _names(dom: Alternative, bound: Comparator) -> bool:
    """Tell whether the prereleases a bound lets in, if any, are named in `dom`."""
    version = bound.version
    if version is None or not version.prerelease:
        return True
    if bound.operator == "<" and version.prerelease == (0,):
        return True
    return any(
        other.version is not None and other.version.prerelease and other.version.key[:3] == version.key[:3]
        for other in dom
    )


def _low(comparator: Comparator) -> Key:
    return bounds(comparator.operator, comparator.version.key)[0] if comparator.version else ()


def _high(comparator: Comparator) -> Key:
    return bounds(comparator.operator, comparator.version.key)[1] if comparator.version else ()
