"""Ranges as sets: their least version, what lies outside, what they share, what holds what."""

from __future__ import annotations

import pytest

from hanse import semver


@pytest.mark.parametrize(
    ("range_", "least"),
    [
        ("*", "0.0.0"),
        ("<1", "0.0.0"),
        ("<0.0.0-rc", "0.0.0-0"),
        ("1.2.3", "1.2.3"),
        ("~1.2", "1.2.0"),
        (">1.2.3", "1.2.4"),
        (">1.2.3-rc", "1.2.3-rc.0"),
        (">=2 <3 || 1.x >1.5", "1.6.0"),
        ("5 || ^4.1", "4.1.0"),
        (">=1.0.0 >=2.0.0", "2.0.0"),
        (">3 <2", None),
        (">x", None),
        ("4.x 5.x", None),
        (">1.2.9007199254740991", None),
    ],
)
def test_the_least_version_is_found(range_: str, least: str | None) -> None:
    found = semver.min_version(range_)
    assert (found and str(found)) == least
    assert found is None or semver.satisfies(found.raw, range_)


def test_the_least_version_may_be_a_prerelease_where_those_count() -> None:
    assert str(semver.min_version("~1.2", include_prerelease=True)) == "1.2.0-0"
    assert str(semver.min_version("*", include_prerelease=True)) == "0.0.0"


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("^1.2.0", "~1.4", True),
        ("^1.2.0", "^2.0.0", False),
        ("<2", ">=1.9.9", True),
        (">1.2.3", "<=1.2.3", False),
        (">=1.2.3", "<=1.2.3", True),
        ("1.x || 3.x", "2.x || 3.5.0", True),
        (">3 <2", "*", False),
        ("1.2.3 1.2.4", "*", False),
        ("1.2.3-rc", ">1.0.0", False),
        ("1.2.3-rc", ">=1.2.3-a", True),
        ("1.2.3-rc", "1.2.3-rc", True),
        ("1.2.3-rc", "*", False),
        ("<0.0.0", "*", True),
        ("<0.0.0", "<1.0.0", False),
        ("*", "", True),
        ("latest", "*", False),
    ],
)
def test_ranges_intersect_either_way_round(a: str, b: str, expected: bool) -> None:
    assert semver.intersects(a, b) is expected
    assert semver.intersects(b, a) is expected


def test_prereleases_may_be_what_ranges_share() -> None:
    assert semver.intersects("1.2.3-rc", "*", include_prerelease=True)
    assert not semver.intersects("<0.0.0-0", "<1.0.0", include_prerelease=True)


@pytest.mark.parametrize(
    ("version", "range_", "above", "below"),
    [
        ("2.0.0", "^1.2.3", True, False),
        ("1.2.2", "^1.2.3", False, True),
        ("1.5.0", "^1.2.3", False, False),
        ("2.0.0", "1.x || 3.x", False, False),
        ("4.0.0", "1.x || 3.x", True, False),
        ("0.9.0", "1.x || 3.x", False, True),
        ("1.0.0-rc", "*", False, True),
        ("9.9.9", ">1", False, False),
        ("latest", "*", False, False),
        ("1.2.3", "latest", False, False),
    ],
)
def test_versions_lie_above_or_below(version: str, range_: str, above: bool, below: bool) -> None:
    assert semver.is_above(version, range_) is above
    assert semver.is_below(version, range_) is below


@pytest.mark.parametrize(
    ("sub", "dom", "expected"),
    [
        ("1.2.3", "1.2.3", True),
        ("1.2.3 || 1.2.4", "~1.2", True),
        ("~1.2", "1.2.3", False),
        ("^1.2.3", "^1.0.0", True),
        ("^1.2.3", "^1.2.3-rc", True),
        ("^1.2.3-rc", "^1.2.3", False),
        ("^1.2.3-rc", ">=1.2.3-a <3", True),
        ("^1.2.3-rc", ">=1.0.0-a <3", False),
        ("*", ">=0.0.0", True),
        (">=0.0.0", "*", True),
        ("*", ">=0.0.1", False),
        (">=1", "1 || >=2", False),
        ("1.x", "1.x || 2.x", True),
        (">2 <1", "5", True),
        ("1.2.3 1.2.4", "5", True),
        ("1.2.3 >2", "5", True),
        ("1.2.3 <1", "5", True),
        (">1 <1.0.1", "<2", True),
        (">=1.2.3 <=1.2.3", "1.2.3", True),
        (">=1.2.3 <=1.2.3", "1.2.4", False),
        (">1.2.3", ">=1.2.3", True),
        (">=1.2.3", ">1.2.3", False),
        ("<1.2.3", "<=1.2.3", True),
        ("<=1.2.3", "<1.2.3", False),
        (">1", "<5", False),
        ("<5", ">1", False),
        ("<=1.2.3-rc", "<=1.2.3", False),
        ("<1.2.3-0", "<1.2.3", True),
        ("latest", "latest", False),
        ("1", "latest", False),
    ],
)
def test_one_range_holds_another(sub: str, dom: str, expected: bool) -> None:
    assert semver.subset(sub, dom) is expected


@pytest.mark.parametrize(
    ("sub", "dom", "expected"),
    [
        ("^1.2.3-rc", "^1.0.0", True),
        ("*", ">=0.0.0", False),
        ("*", ">=0.0.0-0", True),
        (">=0.0.0", "*", True),
        ("~1.2", ">=1.2.0", False),
        ("1.2.3-rc", ">1", False),
    ],
)
def test_one_range_holds_another_with_prereleases(sub: str, dom: str, expected: bool) -> None:
    assert semver.subset(sub, dom, include_prerelease=True) is expected
