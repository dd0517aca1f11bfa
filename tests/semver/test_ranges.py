"""Ranges: how they are read, what they accept, what they refuse."""

from __future__ import annotations

import pytest

from hanse import semver

LARGEST = 2**53 - 1


@pytest.mark.parametrize(
    ("range_", "spelled"),
    [
        ("", "*"),
        ("x", "*"),
        (" || 1", "*"),
        ("^1.2.3", ">=1.2.3 <2.0.0-0"),
        ("^0.2.3", ">=0.2.3 <0.3.0-0"),
        ("^0.0.3", ">=0.0.3 <0.0.4-0"),
        ("^0.0", "<0.1.0-0"),
        ("^1.x.3", ">=1.0.0 <2.0.0-0"),
        ("^1.2.3-rc.1", ">=1.2.3-rc.1 <2.0.0-0"),
        ("~1.2", ">=1.2.0 <1.3.0-0"),
        ("~>1", ">=1.0.0 <2.0.0-0"),
        ("~> 1", ">=1.0.0 <2.0.0-0"),
        ("~ >=1", ">=1.0.0 <2.0.0-0"),
        ("~> >1.2.3", ">=1.2.3 <1.3.0-0"),
        (">1", ">=2.0.0"),
        ("<=1.2", "<1.3.0-0"),
        ("<1", "<1.0.0-0"),
        (">x", "<0.0.0-0"),
        ("<x || 1.2.3", "1.2.3"),
        ("1.2.3 >x", "<0.0.0-0"),
        ("> =1.2.3", ">=1.2.3"),
        (">\t1.2.3 <\u00a02", ">1.2.3 <2.0.0-0"),
        ("\ufeff1\ufeff||\u3000<\ufeff2 >1", ">=1.0.0 <2.0.0-0||<2.0.0-0 >=2.0.0"),
        ("1.2.3 - 2", ">=1.2.3 <3.0.0-0"),
        ("x.5.1 - 2.0.0", "<=2.0.0"),
        ("= 1.2 - 2.0.0-rc+b", ">=1.2.0 <=2.0.0-rc"),
        ("==1.x", ">=1.0.0 <2.0.0-0"),
        ("v1.2.3 1.2.3", "1.2.3"),
        (">=0.0.0", "*"),
        (">=v0.0.0", ">=0.0.0"),
        ("1.2.3*", "1.2.3"),
        (">*1.2.3", "1.2.3"),
        ("*= 1.2.3", "1.2.3"),
        ("1.2.3-v = 2.0.0", "1.2.3-v 2.0.0"),
        ("+build", "*"),
        (f"<={LARGEST}.1.2", f"<={LARGEST}.1.2"),
    ],
)
def test_ranges_are_spelled_in_comparators(range_: str, spelled: str) -> None:
    assert semver.valid_range(range_) == spelled


@pytest.mark.parametrize(
    "range_",
    [
        "latest",
        "1.2.3.4",
        "01.2",
        "1.2.3beta",
        "^01.2.3",
        "1.2.3-01",
        "1 || latest",
        "| 1",
        "1 ||| 2",
        "> = 1.2.3",
        "~> = 1",
        "== 1.2.3",
        "==1.2.3",
        "v=1.2.3",
        "> v 1.2.3",
        "x.1",
        "1.x.3",
        "**",
        "~",
        "^",
        ">",
        "1.2.3,2.0.0",
        "1.2.3 -2.0.0",
        "01 - 2",
        "^^1",
        "^1.2.3\x1c",
        "1\x1f.2",
        "\x85",
        "^\u0661.2.3",
        "1.2.\u00b2",
        "1.2.3 \u200b",
        "\ud800",
        f"^{LARGEST}.0.0",
        f">={LARGEST + 1}.0.0",
        f"1.2.3 - {LARGEST}",
        "https://example.org/react.tgz",
        "workspace:^1.0.0",
    ],
)
def test_what_is_not_a_range_is_refused(range_: str) -> None:
    assert semver.parse_range(range_) is None
    assert semver.valid_range(range_) is None
    assert not semver.satisfies("1.2.3", range_)
    assert semver.min_version(range_) is None
    assert semver.max_satisfying(["1.2.3"], range_) is None


@pytest.mark.parametrize("thing", [None, 1, True, b"*", ["*"], {"range": "*"}, object()])
def test_what_is_not_text_satisfies_nothing(thing: object) -> None:
    assert not semver.satisfies("1.2.3", thing)  # type: ignore[arg-type]
    assert not semver.satisfies(thing, "*")  # type: ignore[arg-type]
    assert semver.parse_range(thing) is None  # type: ignore[arg-type]
    assert semver.valid_range(thing) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("version", "range_", "inside", "wide"),
    [
        ("1.2.3-rc.2", "^1.2.3-rc.1", True, True),
        ("1.2.4-rc.2", "^1.2.3-rc.1", False, True),
        ("1.2.3-rc.0", "^1.2.3-rc.1", False, False),
        ("2.0.0-rc.1", "^1.2.3-rc.1", False, False),
        ("2.0.0-0", "^1.2.3", False, False),
        ("1.2.3-rc.1", "*", False, True),
        ("1.2.3-rc.1", "<1.2.3", False, True),
        ("1.2.3-rc.1", ">=1.2.3-rc.1 || 5", True, True),
        ("1.2.3-rc.1", ">1.0.0 || 1.2.3-a", False, True),
        ("1.2.3-rc.1", ">1.0.0 <1.2.3-z", True, True),
        ("1.0.0-rc.1", "^1", False, True),
        ("1.0.0-rc.1", "^1.0.0", False, False),
        ("1.2.0-rc.1", "~1.2", False, True),
        ("2.0.1-rc.1", "1.0.0 - 2.0.0", False, False),
        ("1.1.0-rc.1", ">1.0", False, True),
    ],
)
def test_prereleases_match_only_where_their_numbers_are_named(
    version: str, range_: str, inside: bool, wide: bool
) -> None:
    assert semver.satisfies(version, range_) is inside
    assert semver.satisfies(version, range_, include_prerelease=True) is wide


def test_numbers_above_what_javascript_counts_order_as_floating_point() -> None:
    assert semver.satisfies("1.0.0-20261120123456789", ">=1.0.0-20261120123456000")
    assert semver.compare("1.0.0-9007199254740992", "1.0.0-9007199254740993") == 0
    assert semver.compare("1.0.0-9007199254740992", "1.0.0-a") == -1


def test_a_range_is_compiled_to_intervals() -> None:
    found = semver.parse_range("  ^1.2.3   ||  >3  <4 ||  5.0.0-rc ")
    assert found is not None
    assert found.raw == "^1.2.3 || >3 <4 || 5.0.0-rc"
    assert [bool(interval.prereleases) for interval in found.intervals] == [False, True]
    inside = ["1.2.3", "1.99.0", "5.0.0-rc"]
    for text in [*inside, "1.2.2", "2.0.0-0", "2.0.0", "3.5.0", "5.0.0"]:
        version = semver.parse(text)
        assert version is not None
        assert found.accepts(version) is (text in inside)


def test_blanks_count_once_and_build_metadata_not_at_all() -> None:
    assert semver.satisfies("1.2.3", " " * 60_000 + "^1.0.0" + "\t" * 5_000)
    assert semver.satisfies("1.2.3", "1.2.3+" + "a" * 500 + " - 2.0.0")
    exact = "1.2.3-" + "a" * 250
    assert len(exact) == 256
    assert semver.parse_range(exact) is not None
    assert semver.parse_range(exact + "a") is None
    assert semver.parse_range(" || ".join(["1.2.3"] * 40)) is None
    assert semver.parse_range("+a" * 20_000) is None


def test_the_highest_and_the_lowest_are_found_as_written() -> None:
    versions = ["1.2.0", "v1.9.0", "latest", "1.9.0", "2.0.0", "1.10.0-rc.1", "1.2.0+b"]
    assert semver.max_satisfying(versions, "^1.0.0") == "v1.9.0"
    assert semver.min_satisfying(versions, "^1.0.0") == "1.2.0"
    assert semver.max_satisfying(versions, "^1.0.0", include_prerelease=True) == "1.10.0-rc.1"
    assert semver.max_satisfying(versions, "^7") is None
    assert semver.min_satisfying([], "*") is None
