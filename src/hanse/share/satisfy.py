"""Whether a version satisfies a range, as Module Federation sees it.

The answers are those of `satisfy` in `@module-federation/runtime-core` 2.9.2, which are not npm's:
prereleases are compared by order alone, the longer of two prereleases is the smaller, `>=0.0.0` alone
matches nothing, and an alternative that cannot be read is left out. `hanse.semver` gives npm's answers.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from hanse.share.numerals import read_number
from hanse.share.range_text import BLANK, BLANKS, CORE, TAIL, spell

__all__ = ["is_version", "satisfy"]

# Longer texts are nobody's version and nobody's range; every step below takes time linear in the text.
LONGEST: Final = 65_536

_COMPARATOR = re.compile(rf"([<>]?=?){BLANK}*+v?({CORE})\.({CORE})\.({CORE}){TAIL}")


class Numbered(NamedTuple):
    """A version taken apart, with the operator before it."""

    operator: str
    core: tuple[str, str, str]
    prerelease: tuple[str, ...]


def satisfy(version: str, range_: str) -> bool:
    """Tell whether a version satisfies a range, by Module Federation's rules.

    Args:
        version: A full version; `v1.2.3` and `=1.2.3` are read as such, `1.2` is not.
        range_: A range. `""`, `*` and `x` hold for every version there is, prereleases too.

    Returns:
        Whether it does. What cannot be read, or has more than 64 Ki characters, satisfies nothing and
        is satisfied by nothing; nothing is raised, whatever is given.
    """
    texts: tuple[object, object] = (version, range_)
    if not all(isinstance(text, str) and len(text) <= LONGEST for text in texts):
        return False
    found = _read(version)
    if found is None:
        return False
    return any(_accepts(alternative.strip(BLANKS), found) for alternative in range_.split("||"))


def is_version(text: str | None) -> bool:
    """Tell whether Module Federation reads the text as a version."""
    return isinstance(text, str) and _read(text) is not None


def _read(text: str) -> Numbered | None:
    found = _COMPARATOR.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        return None
    operator, major, minor, patch, prerelease = found.groups()
    return Numbered(operator, (major, minor, patch), tuple(prerelease.split(".")) if prerelease else ())


def _accepts(alternative: str, version: Numbered) -> bool:
    if alternative in ("", "*", "x"):
        return True
    comparators = spell(alternative)
    if comparators is None:
        return True
    return bool(comparators) and all(_holds(_read(comparator), version) for comparator in comparators)


def _holds(bound: Numbered | None, version: Numbered) -> bool:
    """Tell whether a comparator holds for a version."""
    if bound is None:
        return False
    same = (bound.core, bound.prerelease) == (version.core, version.prerelease)
    if bound.operator in ("", "="):
        return same
    if same and bound.operator in (">=", "<="):
        return True
    order = _order(bound, version)
    return order < 0 if bound.operator[0] == ">" else order > 0


def _order(bound: Numbered, version: Numbered) -> int:
    """Compare the bound with the version: above 0 where the bound is the greater one."""
    for left, right in zip(bound.core, version.core, strict=True):
        if order := _order_atoms(left, right):
            return order
    return _order_prereleases(bound.prerelease, version.prerelease)


def _order_prereleases(bound: tuple[str, ...], version: tuple[str, ...]) -> int:
    if not bound or not version:
        return bool(version) - bool(bound)
    for left, right in zip(bound, version, strict=False):
        if left != right:
            return _order_atoms(left, right)
    # The longer one is the smaller one here.
    return len(version) - len(bound)


def _order_atoms(bound: str, version: str) -> int:
    """Compare as JavaScript compares what may be numbers, where zero stays a text."""
    left, right = read_number(bound) or bound, read_number(version) or version
    if left == right:
        return 0
    if isinstance(left, str) and isinstance(right, str):
        return 1 if left > right else -1
    a, b = _as_number(left), _as_number(right)
    return 1 if a is not None and b is not None and a > b else -1


def _as_number(value: str | float) -> float | None:
    return read_number(value) if isinstance(value, str) else value
