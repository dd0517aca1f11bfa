"""Versions: parsing, precedence, coercion, in npm's strict mode and, for comparing, its loose one."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from hanse.errors import FormatError
from hanse.semver.grammar import BLANKS, BUILD, LONGEST, LOOSE_PRERELEASE, MAX_NUMBER, NUMBER, PRERELEASE

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "BOTTOM",
    "BOTTOM_RELEASE",
    "Identifiers",
    "Key",
    "Version",
    "build_version",
    "coerce",
    "compare",
    "compare_loose",
    "parse",
    "parse_loose",
    "read_identifiers",
    "sort",
    "valid",
]

Key: TypeAlias = "tuple[int | float | str, ...]"
Identifiers: TypeAlias = "tuple[int | str, ...]"

# Fifteen digits stay below 2^53, so the common shape needs no check of its numbers.
_SMALL = r"(0|[1-9][0-9]{0,14})"
_PLAIN = re.compile(rf"{_SMALL}\.{_SMALL}\.{_SMALL}")
_FULL = re.compile(rf"v?({NUMBER})\.({NUMBER})\.({NUMBER})(?:-({PRERELEASE}))?+(?:\+({BUILD}))?+")

# The patch number alone is not possessive: npm reads `1.2.34.x` as 1.2.3 with the prerelease 4.x.
_LOOSE = re.compile(
    rf"[v={BLANKS}]*+([0-9]++)\.([0-9]++)\.([0-9]+)"
    rf"(?:-?({LOOSE_PRERELEASE}))?(?:\+({BUILD}))?+"
)

# npm takes the first run of at most sixteen digits, and up to two more that follow it by dots.
_RUN = r"([0-9]{1,16}+)(?![0-9])"
_COERCIBLE = re.compile(rf"(?:[^0-9]*+[0-9]{{17,}}+)*+[^0-9]*+{_RUN}(?:\.{_RUN}(?:\.{_RUN})?+)?+")

# Longer versions are not kept, so that the cache stays small whatever comes in.
_CACHED, _CACHED_LENGTH = 16_384, 64


class Version(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One version, as `parse` makes it.

    Versions compare by precedence: build metadata and the spelling in `raw` play no part.

    Attributes:
        major: The first number.
        minor: The second number.
        patch: The third number.
        prerelease: The identifiers after the hyphen; numbers below 2^53 - 1 as int.
        build: The identifiers after the plus sign.
        raw: The text it was read from.
        key: A tuple that Python sorts in npm's order of precedence.
    """

    major: int
    minor: int
    patch: int
    prerelease: Identifiers
    build: tuple[str, ...]
    raw: str
    key: Key

    def __str__(self) -> str:
        return _spell(self.major, self.minor, self.patch, self.prerelease)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, Version) else NotImplemented

    def __lt__(self, other: Version) -> bool:
        return self.key < other.key

    def __le__(self, other: Version) -> bool:
        return self.key <= other.key

    def __gt__(self, other: Version) -> bool:
        return self.key > other.key

    def __ge__(self, other: Version) -> bool:
        return self.key >= other.key


def parse(version: str) -> Version | None:
    """Read a version as npm's strict mode does; recent results are kept.

    A leading `v` and blanks around it are accepted, at most 256 characters in all.

    Returns:
        The version, or None for whatever is not one, of any type.
    """
    if not isinstance(version, str):
        return None
    if len(version) <= _CACHED_LENGTH:
        return _parse_cached(version)
    return _parse(version) if len(version) <= LONGEST else None


def parse_loose(version: str) -> Version | None:
    """Read a version as npm's loose mode does: also `=1.2.3`, `01.2.3`, `1.2.3beta`; recent results are kept.

    Returns:
        The version, or None for whatever is not one, of any type.
    """
    if not isinstance(version, str):
        return None
    if len(version) <= _CACHED_LENGTH:
        return _parse_loose_cached(version)
    return _parse_loose(version) if len(version) <= LONGEST else None


def valid(version: str) -> str | None:
    """Return the normalised text of a version, without build metadata, or None."""
    found = parse(version)
    return None if found is None else str(found)


def coerce(version: str) -> Version | None:
    """Find the first thing in a text that could be meant as a version: `v2-beta` gives 2.0.0.

    Returns:
        The version, without prerelease, or None where there is no run of digits, or one that is
        not a number a version can have.
    """
    if not isinstance(version, str):
        return None
    found = _COERCIBLE.match(version)
    if found is None:
        return None
    major, minor, patch = found.groups(default="0")
    return parse(f"{major}.{minor}.{patch}")


def compare(a: str | Version, b: str | Version) -> int:
    """Compare two versions by precedence, in strict mode.

    Returns:
        -1 where `a` comes first, 1 where `b` does, 0 where neither.

    Raises:
        FormatError: One of them is not a version.
    """
    return _order(_demand(a).key, _demand(b).key)


def compare_loose(a: str | Version, b: str | Version) -> int:
    """Compare two versions by precedence, in loose mode.

    Returns:
        -1 where `a` comes first, 1 where `b` does, 0 where neither.

    Raises:
        FormatError: One of them is not a version even loosely.
    """
    return _order(_demand(a, loose=True).key, _demand(b, loose=True).key)


def sort(versions: Iterable[str], reverse: bool = False) -> list[str]:  # noqa: FBT001 - as `sorted`
    """Sort texts of versions ascending, as npm's `sort`; equal ones by build, then as they came.

    Raises:
        FormatError: One of them is not a version.
    """
    return sorted(versions, key=_key_with_build, reverse=reverse)


def build_version(major: int, minor: int, patch: int, prerelease: Identifiers = ()) -> Version | None:
    """Put a version together from its parts; None where a number is above 2^53 - 1."""
    if major > MAX_NUMBER or minor > MAX_NUMBER or patch > MAX_NUMBER:
        return None
    raw = _spell(major, minor, patch, prerelease)
    return Version(major, minor, patch, prerelease, (), raw, _key(major, minor, patch, prerelease))


def read_identifiers(text: str | None) -> Identifiers:
    """Split prerelease identifiers at the dots, numbers below 2^53 - 1 becoming int."""
    return tuple(map(_read_identifier, text.split("."))) if text else ()


def _read_identifier(text: str) -> int | str:
    if text.isdigit() and (number := int(text)) < MAX_NUMBER:
        return number
    return text


def _parse(version: str) -> Version | None:
    if plain := _PLAIN.fullmatch(version):
        texts = plain.groups()
        major, minor, patch = int(texts[0]), int(texts[1]), int(texts[2])
        return Version(major, minor, patch, (), (), version, (major, minor, patch, 1))
    return _read(_FULL.fullmatch(version.strip(BLANKS)), version)


_parse_cached = lru_cache(maxsize=_CACHED)(_parse)


def _parse_loose(version: str) -> Version | None:
    return _read(_LOOSE.fullmatch(version.strip(BLANKS)), version)


_parse_loose_cached = lru_cache(maxsize=_CACHED)(_parse_loose)


def _read(found: re.Match[str] | None, raw: str) -> Version | None:
    if found is None:
        return None
    major, minor, patch = int(found[1]), int(found[2]), int(found[3])
    if major > MAX_NUMBER or minor > MAX_NUMBER or patch > MAX_NUMBER:
        return None
    prerelease = read_identifiers(found[4])
    build = tuple(found[5].split(".")) if found[5] else ()
    return Version(major, minor, patch, prerelease, build, raw, _key(major, minor, patch, prerelease))


def _spell(major: int, minor: int, patch: int, prerelease: Identifiers) -> str:
    numbers = f"{major}.{minor}.{patch}"
    return f"{numbers}-{'.'.join(map(str, prerelease))}" if prerelease else numbers


def _key(major: int, minor: int, patch: int, prerelease: Identifiers) -> Key:
    """Order as npm: prereleases before their release, numbers before words, short before long.

    The fourth part is 1 for a release and 0 for a prerelease; then each identifier gives two parts,
    0 and its number or 1 and its text, so that equal positions always hold equal types.
    """
    if not prerelease:
        return (major, minor, patch, 1)
    parts: list[int | float | str] = [major, minor, patch, 0]
    for identifier in prerelease:
        parts += _rank(identifier)
    return tuple(parts)


def _rank(identifier: int | str) -> tuple[int, int | float | str]:
    if isinstance(identifier, int):
        return (0, identifier)
    # npm compares numbers it cannot hold exactly as floating point, and so does this.
    return (0, float(identifier)) if identifier.isdigit() else (1, identifier)


def _key_with_build(version: str) -> tuple[Key, tuple[tuple[int, int | float | str], ...]]:
    found = _demand(version)
    return found.key, tuple(map(_rank, found.build))


def _demand(version: str | Version, *, loose: bool = False) -> Version:
    if isinstance(version, Version):
        return version
    found = parse_loose(version) if loose else parse(version)
    if found is None:
        raise FormatError(
            "this is not a version", subject="version", found=repr(version)[:80], expected="such as 1.2.3"
        )
    return found


def _order(a: Key, b: Key) -> int:
    return (a > b) - (a < b)


BOTTOM_RELEASE: Final = Version(0, 0, 0, (), (), "0.0.0", (0, 0, 0, 1))
"""The lowest release."""

BOTTOM: Final = Version(0, 0, 0, (0,), (), "0.0.0-0", (0, 0, 0, 0, 0, 0))
"""The lowest version there is."""
