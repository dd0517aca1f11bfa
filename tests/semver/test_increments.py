"""The version that comes next, and the release a version belongs to."""

from __future__ import annotations

import pytest

from hanse.semver import increment, truncate


@pytest.mark.parametrize(
    ("version", "release", "following"),
    [
        ("1.2.3+build", "patch", "1.2.4"),
        ("1.2.3-rc", "patch", "1.2.3"),
        ("1.2.3-rc", "minor", "1.3.0"),
        ("1.2.0-rc", "minor", "1.2.0"),
        ("2.0.0-rc", "major", "2.0.0"),
        ("2.1.0-rc", "major", "3.0.0"),
        ("1.2.3", "prerelease", "1.2.4-0"),
        ("1.2.3-rc.4.x", "prerelease", "1.2.3-rc.5.x"),
        ("1.2.3-rc", "release", "1.2.3"),
        ("1.2.3", "release", None),
        ("1.2", "patch", None),
        ("1.2.3", "sideways", None),
        ("1.2.9007199254740991", "patch", None),
    ],
)
def test_versions_are_counted_up(version: str, release: str, following: str | None) -> None:
    assert increment(version, release) == following  # type: ignore[arg-type]


def test_prereleases_begin_with_an_identifier() -> None:
    assert increment("1.2.3", "preminor", identifier="beta") == "1.3.0-beta.0"
    assert increment("1.2.3", "premajor", identifier="beta.x", base=1) == "2.0.0-beta.x.1"
    assert increment("1.2.3-beta.1", "prerelease", identifier="beta") == "1.2.3-beta.2"
    assert increment("1.2.3-beta.1", "prerelease", identifier="rc") == "1.2.3-rc.0"
    assert increment("1.2.3", "prepatch", identifier="rc", base=None) == "1.2.4-rc"


def test_an_identifier_must_be_one() -> None:
    assert increment("1.2.3", "prepatch", identifier="a/b") is None
    assert increment("1.2.3", "prepatch", identifier="01") is None
    assert increment("1.2.3", "prepatch", base=None) is None
    assert increment("1.2.3-rc", "prerelease", identifier="rc", base=None) is None


def test_versions_are_cut_down() -> None:
    assert truncate("1.2.3-rc+b", "minor") == "1.2.0"
    assert truncate("1.2.3-rc+b", "preminor") == "1.2.3-rc"
    assert truncate("1.2.3-rc+b", "release") is None
    assert truncate("latest", "major") is None
