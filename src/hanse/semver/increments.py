"""The version that comes after another, and the release it belongs to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from hanse.semver.grammar import PRERELEASE
from hanse.semver.versions import build_version, parse

if TYPE_CHECKING:
    from hanse.semver.versions import Identifiers, Version

__all__ = ["Release", "increment", "truncate"]

Release: TypeAlias = Literal[
    "major", "premajor", "minor", "preminor", "patch", "prepatch", "prerelease", "release"
]

_PRERELEASE = re.compile(PRERELEASE)
_TRUNCATIONS = frozenset({"major", "minor", "patch", "premajor", "preminor", "prepatch", "prerelease"})


def increment(version: str, release: Release, *, identifier: str = "", base: int | None = 0) -> str | None:
    """Return the next version of a kind, as npm's `inc`: `patch` makes 1.2.4 of 1.2.3.

    Args:
        version: The version to start from; its build metadata is dropped.
        release: The kind. `prerelease` counts the last number of a prerelease up, or opens one on
            the next patch; `release` ends one.
        identifier: What a prerelease begins with, such as `beta`.
        base: The number after the identifier, 0 or 1; None for no number.

    Returns:
        The next version; None where there is none: the version, the kind or the identifier is
        invalid, a release is asked for where it already is one, or nothing would change.
    """
    found = parse(version)
    numbers = None if found is None else _step(found, release)
    if found is None or numbers is None or (release == "release" and not found.prerelease):
        return None
    following: Identifiers | None = ()
    if release.startswith("pre"):
        following = _count_up(found.prerelease if release == "prerelease" else (), identifier, base)
    made = None if following is None else build_version(*numbers, following)
    return None if made is None else str(made)


def truncate(version: str, release: Release) -> str | None:
    """Cut a version down to a kind: `minor` makes 1.2.0 of 1.2.3-beta.

    Returns:
        The version without build metadata, and without prerelease unless the kind begins with
        `pre`; None where the version or the kind is invalid.
    """
    found = parse(version)
    if found is None or release not in _TRUNCATIONS:
        return None
    if release.startswith("pre"):
        return str(found)
    minor = 0 if release == "major" else found.minor
    return str(build_version(found.major, minor, found.patch if release == "patch" else 0))


def _step(version: Version, release: Release) -> tuple[int, int, int] | None:
    """Return the next three numbers; a prerelease already stands before the release it leads to."""
    major, minor, patch = version.major, version.minor, version.patch
    leads = bool(version.prerelease)
    steps = {
        "premajor": (major + 1, 0, 0),
        "preminor": (major, minor + 1, 0),
        "prepatch": (major, minor, patch + 1),
        "major": (major if leads and minor == patch == 0 else major + 1, 0, 0),
        "minor": (major, minor if leads and patch == 0 else minor + 1, 0),
        "patch": (major, minor, patch if leads else patch + 1),
        "prerelease": (major, minor, patch if leads else patch + 1),
        "release": (major, minor, patch),
    }
    return steps.get(release)


def _count_up(prerelease: Identifiers, identifier: str, base: int | None) -> Identifiers | None:
    """Count the last number of a prerelease up, or open one; None where that cannot be."""
    if (base is None and not identifier) or (identifier and not _PRERELEASE.fullmatch(identifier)):
        return None
    names = tuple(identifier.split(".")) if identifier else ()
    counted = _count_last(prerelease)
    if counted is None:
        if base is None and prerelease and names == prerelease:
            return None
        counted = (*prerelease, 1 if base else 0)
    if tuple(map(str, counted[: len(names)])) == names and _is_number(counted[len(names) :]):
        return counted
    if not names or base is None:
        return names or counted
    return (*names, 1 if base else 0)


def _count_last(prerelease: Identifiers) -> Identifiers | None:
    for at in range(len(prerelease) - 1, -1, -1):
        part = prerelease[at]
        if isinstance(part, int):
            return (*prerelease[:at], part + 1, *prerelease[at + 1 :])
    return None


def _is_number(rest: Identifiers) -> bool:
    return bool(rest) and str(rest[0]).isdigit()
