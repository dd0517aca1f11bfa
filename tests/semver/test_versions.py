"""Versions: what is one, which comes first, what can be made of other text."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hanse import semver
from hanse.errors import FormatError

LARGEST = 2**53 - 1


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("1.2.3", "1.2.3"),
        ("v1.2.3", "1.2.3"),
        ("  1.2.3\n", "1.2.3"),
        ("\ufeff1.2.3\u00a0", "1.2.3"),
        ("1.2.3+build.5", "1.2.3"),
        ("1.2.3-rc.1+build", "1.2.3-rc.1"),
        ("1.2.3-0a.-.--1", "1.2.3-0a.-.--1"),
        (f"{LARGEST}.{LARGEST}.{LARGEST}", f"{LARGEST}.{LARGEST}.{LARGEST}"),
        ("1.2.3-" + "9" * 250, "1.2.3-" + "9" * 250),
    ],
)
def test_versions_are_normalised(text: str, normal: str) -> None:
    assert semver.valid(text) == normal
    assert str(semver.parse(text)) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2",
        "1.2.3.4",
        "01.2.3",
        "1.2.3-01",
        "1.2.3-",
        "1.2.3-a..b",
        "1.2.3+",
        "=1.2.3",
        "vv1.2.3",
        "V1.2.3",
        "v 1.2.3",
        "1.2.3beta",
        "1.2.x",
        "*",
        "-1.2.3",
        "1.2.3\x1c",
        "\x851.2.3",
        "1.2.3\x00",
        "1.2.\u0663",
        "\uff11.2.3",
        "1.2.\u00b2",
        "1.2.3-\u00e9",
        "1.2.3-\U0001f600",
        "\ud800",
        f"{LARGEST + 1}.0.0",
        f"0.{LARGEST + 1}.0",
        f"0.0.{LARGEST + 1}",
        "1.2.3-" + "a" * 251,
        " " * 252 + "1.2.3",
    ],
)
def test_what_is_not_a_version_is_refused(text: str) -> None:
    assert semver.parse(text) is None
    assert semver.valid(text) is None


@pytest.mark.parametrize("thing", [None, 1, 1.5, True, b"1.2.3", ["1.2.3"], {"version": "1.2.3"}, object()])
def test_what_is_not_text_is_refused(thing: object) -> None:
    assert semver.parse(thing) is None  # type: ignore[arg-type]
    assert semver.parse_loose(thing) is None  # type: ignore[arg-type]
    assert semver.valid(thing) is None  # type: ignore[arg-type]
    assert semver.coerce(thing) is None  # type: ignore[arg-type]


def test_a_version_keeps_its_parts_and_its_spelling() -> None:
    found = semver.parse(" v1.2.3-rc.10+b.007 ")
    assert found is not None
    assert (found.major, found.minor, found.patch) == (1, 2, 3)
    assert found.prerelease == ("rc", 10)
    assert found.build == ("b", "007")
    assert found.raw == " v1.2.3-rc.10+b.007 "


def test_a_version_does_not_change() -> None:
    found = semver.parse("1.2.3")
    with pytest.raises(AttributeError):
        found.major = 2  # type: ignore[misc, union-attr]


def test_precedence_is_that_of_semver_org() -> None:
    ascending = [
        "0.0.0-0",
        "0.0.0",
        "1.0.0-0",
        "1.0.0-2",
        "1.0.0-10",
        "1.0.0-9007199254740991",
        "1.0.0--",
        "1.0.0-0a",
        "1.0.0-Beta",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.1.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.1-0",
        "1.0.1",
        "1.9.0",
        "1.10.0",
        "2.0.0",
    ]
    assert semver.sort(reversed(ascending)) == ascending
    assert semver.sort(ascending, reverse=True) == ascending[::-1]
    for low, high in pairwise(ascending):
        assert (semver.compare(low, high), semver.compare(high, low)) == (-1, 1)


def test_build_metadata_decides_only_how_equals_are_sorted() -> None:
    assert semver.compare("1.2.3+a", "1.2.3+b") == 0
    assert semver.parse("1.2.3+a") == semver.parse("v1.2.3")
    assert hash(semver.parse("1.2.3+a")) == hash(semver.parse("v1.2.3"))
    assert semver.sort(["1.2.3+b", "1.2.3+10", "1.2.3+9", "1.2.3"]) == [
        "1.2.3",
        "1.2.3+9",
        "1.2.3+10",
        "1.2.3+b",
    ]


def test_versions_order_like_their_keys() -> None:
    low, high = semver.parse("1.0.0-a"), semver.parse("1.0.0")
    assert low is not None
    assert high is not None
    assert low < high
    assert low <= high
    assert high > low
    assert high >= low
    assert low != high
    assert low != "1.0.0-a"
    assert low.key < high.key


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("1.2.3beta", "1.2.3-beta"),
        ("01.02.03", "1.2.3"),
        ("= v 1.2.3", "1.2.3"),
        ("1.2.3-01", "1.2.3-1"),
        ("1.2.3-", "1.2.3--"),
        ("1.2.34.x", "1.2.3-4.x"),
        ("1.2.3rc.1+b", "1.2.3-rc.1"),
    ],
)
def test_loose_versions_are_read_as_npm_reads_them(text: str, normal: str) -> None:
    assert semver.parse(text) is None
    assert str(semver.parse_loose(text)) == normal


@pytest.mark.parametrize(
    "text", ["", "1.2", "1.2.3.4", "1.2.3_", "x", f"{LARGEST + 1}.0.0", "1.2.3" + "a" * 252]
)
def test_loose_mode_has_its_limits(text: str) -> None:
    assert semver.parse_loose(text) is None


def test_loose_comparison_takes_both_kinds() -> None:
    assert semver.compare_loose("1.2.3beta", "1.2.3-beta") == 0
    assert semver.compare_loose("01.2.3", "v1.2.4") == -1
    parsed = semver.parse("1.2.4")
    assert parsed is not None
    assert semver.compare_loose(parsed, "=1.2.3") == 1


def test_comparing_what_is_not_a_version_says_so() -> None:
    with pytest.raises(FormatError, match=r"not a version.*'1\.2'"):
        semver.compare("1.2.3", "1.2")
    with pytest.raises(FormatError):
        semver.compare_loose("latest", "1.2.3")
    with pytest.raises(FormatError):
        semver.sort(["1.2.3", None])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("v2-beta", "2.0.0"),
        ("1.2.3.4", "1.2.3"),
        ("1.2.3-rc.1", "1.2.3"),
        ("react@19.1", "19.1.0"),
        ("12345678901234567.1", "1.0.0"),
        ("1.12345678901234567.3", "1.0.0"),
        ("a1b2", "1.0.0"),
        (".1.", "1.0.0"),
    ],
)
def test_versions_are_coerced(text: str, normal: str) -> None:
    assert str(semver.coerce(text)) == normal


@pytest.mark.parametrize("text", ["", "latest", "01.2", "9" * 16, "1" * 17, "\u0661.\u0662"])
def test_what_has_no_version_in_it_is_not_coerced(text: str) -> None:
    assert semver.coerce(text) is None
