"""From a range's text to comparators: `^1.2 || 3.x` is `>=1.2.0 <2.0.0-0` or `>=3.0.0 <4.0.0-0`.

The order of the steps is npm's, for it shows in what is accepted: alternatives are split at `||`,
build metadata is dropped, `a - b` is rewritten, an operator is joined to the version that follows
it, and each word left becomes one or two comparators. A word nobody understands refuses the range.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from hanse.semver.grammar import BUILD, LONGEST, LOOSE, NUMBER, PRERELEASE, collapse, strip_builds
from hanse.semver.versions import Identifiers, Version, build_version, read_identifiers

__all__ = ["ANY", "Alternative", "Comparator", "read_comparators"]


class Comparator(NamedTuple):
    """An operator and the version it stands before.

    Attributes:
        operator: `<`, `<=`, `>`, `>=`, or empty for equality.
        version: What to compare with; None where any version will do.
    """

    operator: str
    version: Version | None

    def __str__(self) -> str:
        return "" if self.version is None else f"{self.operator}{self.version.raw}"


Alternative: TypeAlias = "tuple[Comparator, ...]"
_Numbers: TypeAlias = "tuple[int, int, int]"
_Parts: TypeAlias = "list[int | None]"

ANY: Final = Comparator("", None)
"""The comparator every version passes."""

_FIRST: Final[Identifiers] = (0,)
_NONE: Final = Comparator("<", build_version(0, 0, 0, _FIRST))
_EVERYTHING: Final = (ANY,)
_NOTHING: Final = (_NONE,)

_PART = rf"({NUMBER}|[xX*])"
_PARTIAL = rf"{_PART}(?:\.{_PART}(?:\.{_PART}(?:-({PRERELEASE}))?+)?+)?+"
_WORD = re.compile(rf"(\^|~>?|[<>]?=?)[v=]*+{_PARTIAL}")
_EXACT = re.compile(rf"([<>]?=?)(v?)({NUMBER})\.({NUMBER})\.({NUMBER})(?:-({PRERELEASE}))?+(?:\+{BUILD})?+")
_HYPHEN = re.compile(rf" ?([v= ]*+{_PARTIAL}) - ([v= ]*+{_PARTIAL}) ?")
# One blank goes between an operator and its version, and only the first: `> =1` becomes one word,
# `> = 1` stays in pieces. Versions are matched whole, so that the end of one begins no other.
_OPERATOR_GAP = re.compile(rf"([<>]=?+| ?+=?+) ?+([v= ]*+(?:{LOOSE}|{_PARTIAL}))")
_TILDE_GAP = re.compile(r"~>? ")
_CARET_GAP = re.compile(r"\^ ")
_STAR = re.compile(r"[<>]?=?\*")


def read_comparators(range_: str, *, include_prerelease: bool = False) -> tuple[Alternative, ...] | None:
    """Read a range's alternatives; a version must pass all comparators of one of them.

    Alternatives that accept nothing are dropped while another is left, and one that is `*` alone
    stands for the whole range.

    Args:
        range_: Any text; what is not text is not a range.
        include_prerelease: Lower bounds that were not spelled out begin at the first prerelease.

    Returns:
        At least one alternative of at least one comparator, or None where the range is invalid.
    """
    if not isinstance(range_, str):
        return None
    pieces = _split(range_)
    return None if pieces is None else _read_pieces(pieces, _FIRST if include_prerelease else ())


def _split(range_: str) -> tuple[str, ...] | None:
    """Split at `||`, without superfluous blanks and build metadata; None where that is too long."""
    text = collapse(range_)
    if text is None or len(strip_builds(text)) > LONGEST:
        return None
    return tuple([strip_builds(piece.strip(" ")) for piece in text.split("||")])


# Algebra asks about the same few ranges many times over; compiled ranges have a cache of their own.
@lru_cache(maxsize=256)
def _read_pieces(pieces: tuple[str, ...], floor: Identifiers) -> tuple[Alternative, ...] | None:
    sets: list[Alternative] = []
    for piece in pieces:
        found = _read_alternative(piece, floor)
        if found is None:
            return None
        sets.append(found)
    sets = [found for found in sets if found is not _NOTHING] or [_NOTHING]
    return (_EVERYTHING,) if _EVERYTHING in sets else tuple(sets)


def _read_alternative(text: str, floor: Identifiers) -> Alternative | None:
    if " - " in text and (hyphen := _HYPHEN.fullmatch(text)):
        text = f"{_spell_low(hyphen, floor)} {_spell_high(hyphen, floor)}".strip(" ")
    if " " in text:
        text = _CARET_GAP.sub("^", _TILDE_GAP.sub("~", _OPERATOR_GAP.sub(r"\1\2", text)))
    found: dict[str, Comparator] = {}
    for word in text.split(" "):
        comparators = _read_word(word, floor)
        if comparators is None:
            return None
        for comparator in comparators:
            found[str(comparator)] = comparator
    if str(_NONE) in found:
        return _NOTHING
    if len(found) > 1:
        found.pop("", None)
    return tuple(found.values())


def _spell_low(found: re.Match[str], floor: Identifiers) -> str:
    """Spell the lower end of `a - b` with its operator; an exact end keeps how it was written."""
    text, major, minor, patch, prerelease = found.group(1, 2, 3, 4, 5)
    first = "-0" if floor else ""
    if _is_x(major):
        return ""
    if _is_x(minor):
        return f">={major}.0.0{first}"
    if _is_x(patch):
        return f">={major}.{minor}.0{first}"
    return f">={text}{'' if prerelease else first}"


def _spell_high(found: re.Match[str], floor: Identifiers) -> str:
    """Spell the upper end of `a - b` with its operator; an exact end keeps how it was written."""
    text, major, minor, patch, prerelease = found.group(6, 7, 8, 9, 10)
    if _is_x(major):
        return ""
    if _is_x(minor):
        return f"<{int(major) + 1}.0.0-0"
    if _is_x(patch):
        return f"<{major}.{int(minor) + 1}.0-0"
    if prerelease:
        return f"<={major}.{minor}.{patch}-{prerelease}"
    return f"<{major}.{minor}.{int(patch) + 1}-0" if floor else f"<={text}"


def _is_x(part: str | None) -> bool:
    return part is None or part in "xX*"


def _read_word(word: str, floor: Identifiers) -> Alternative | None:
    if not word:
        return _EVERYTHING
    found = _WORD.fullmatch(word)
    if found is None:
        # npm takes the first star out of a word it does not understand, and looks once more.
        return _read_exact(_STAR.sub("", word, count=1), floor)
    operator, *texts, prerelease = found.groups()
    parts = [None if text is None or text in "xX*" else int(text) for text in texts]
    if operator == "^":
        return _read_caret(parts, read_identifiers(prerelease), floor)
    if operator in ("~", "~>"):
        return _read_tilde(parts, read_identifiers(prerelease), floor)
    major, minor, patch = parts
    if (major is None and minor is not None) or (minor is None and patch is not None):
        return None
    if patch is not None:
        return _read_exact(word, floor)
    if major is None:
        return _NOTHING if operator in ("<", ">") else _EVERYTHING
    return _read_partial(operator, major, minor, floor)


def _read_caret(parts: _Parts, prerelease: Identifiers, floor: Identifiers) -> Alternative | None:
    major, minor, patch = parts
    if major is None:
        return _EVERYTHING
    if minor is None:
        return _between((major, 0, 0), floor, (major + 1, 0, 0), floor)
    if major > 0:
        below = (major + 1, 0, 0)
    elif minor > 0 or patch is None:
        below = (0, minor + 1, 0)
    else:
        below = (0, 0, patch + 1)
    if patch is None:
        return _between((major, minor, 0), floor, below, floor)
    return _between((major, minor, patch), prerelease, below, floor)


def _read_tilde(parts: _Parts, prerelease: Identifiers, floor: Identifiers) -> Alternative | None:
    major, minor, patch = parts
    if major is None:
        return _EVERYTHING
    if minor is None:
        return _between((major, 0, 0), floor, (major + 1, 0, 0), floor)
    if patch is None:
        return _between((major, minor, 0), floor, (major, minor + 1, 0), floor)
    return _between((major, minor, patch), prerelease, (major, minor + 1, 0), floor)


def _read_partial(operator: str, major: int, minor: int | None, floor: Identifiers) -> Alternative | None:
    """Read `>=1.2`, `<1`, `1.x` and their like, whose patch at least is missing."""
    start = (major, minor or 0, 0)
    after = (major + 1, 0, 0) if minor is None else (major, minor + 1, 0)
    if operator in ("", "="):
        return _between(start, floor, after, floor)
    if operator == ">=":
        return _at_least(start, floor, floor)
    if operator == ">":
        return _at_least(after, floor, floor)
    return _one("<", start if operator == "<" else after, _FIRST)


def _read_exact(word: str, floor: Identifiers) -> Alternative | None:
    found = _EXACT.fullmatch(word)
    if found is None:
        return None
    operator, v, major, minor, patch, text = found.groups()
    numbers, prerelease = (int(major), int(minor), int(patch)), read_identifiers(text)
    # Only the plain spelling of the lowest bound means `*` to npm; it matters to subsets.
    if operator == ">=" and not v:
        return _at_least(numbers, prerelease, floor)
    return _one("" if operator == "=" else operator, numbers, prerelease)


def _between(
    low: _Numbers, prerelease: Identifiers, below: _Numbers, floor: Identifiers
) -> Alternative | None:
    start, end = _at_least(low, prerelease, floor), _one("<", below, _FIRST)
    return None if start is None or end is None else start + end


def _at_least(low: _Numbers, prerelease: Identifiers, floor: Identifiers) -> Alternative | None:
    if low == (0, 0, 0) and prerelease == floor:
        return _EVERYTHING
    return _one(">=", low, prerelease)


def _one(operator: str, numbers: _Numbers, prerelease: Identifiers) -> Alternative | None:
    version = build_version(*numbers, prerelease)
    return None if version is None else (Comparator(operator, version),)
