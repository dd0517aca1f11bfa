"""Versions and ranges answer as npm's do: recorded verdicts, and node-semver's own test tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hanse import semver

HERE = Path(__file__)
CASES = HERE.parents[1] / "cases" / "npm-semver.jsonl"
TABLES = HERE.parents[3] / "shared" / "third_party" / "node-semver" / "fixtures.json"

beside = pytest.mark.skipif(not TABLES.exists(), reason="node-semver's tables are not beside the project")

Row = list[Any]


def read_table(name: str) -> list[Row]:
    """Rows of one table."""
    table: list[Row] = json.loads(TABLES.read_text())[name]
    assert table, "an empty table proves nothing"
    return table


def is_loose(row: Row, at: int = 2) -> bool:
    """Whether the options at this place ask for loose mode."""
    options = row[at] if len(row) > at else None
    return options is True or (isinstance(options, dict) and bool(options.get("loose")))


def is_wide(row: Row, at: int = 2) -> bool:
    """Whether the options at this place ask for prereleases."""
    options = row[at] if len(row) > at else None
    return isinstance(options, dict) and bool(options.get("includePrerelease"))


def read_strict(name: str) -> list[Row]:
    """Rows of one table that are not about loose mode."""
    return [row for row in read_table(name) if not is_loose(row)]


def test_recorded_verdicts_hold() -> None:
    cases = [json.loads(line) for line in CASES.read_text().splitlines()]
    assert len(cases) == 6000
    assert any(case["satisfies"] for case in cases)
    wrong = [case for case in cases if semver.satisfies(case["version"], case["range"]) != case["satisfies"]]
    assert wrong == []


@beside
@pytest.mark.parametrize(("name", "inside"), [("range-include", True), ("range-exclude", False)])
def test_ranges_include_and_exclude(name: str, inside: bool) -> None:
    wrong = [
        row
        for row in read_strict(name)
        if semver.satisfies(row[1], row[0], include_prerelease=is_wide(row)) is not inside
    ]
    assert wrong == []


@beside
def test_ranges_are_spelled_in_comparators() -> None:
    for range_, spelled, *options in read_strict("range-parse"):
        wide = is_wide([options[0]] if options else [], at=0)
        assert semver.valid_range(range_, include_prerelease=wide) == spelled, range_


@beside
def test_ranges_intersect() -> None:
    for a, b, expected in read_table("range-intersection"):
        assert semver.intersects(a, b) is expected, (a, b)
        assert semver.intersects(b, a) is expected, (b, a)


@beside
def test_comparators_intersect() -> None:
    for a, b, expected, *wide in read_table("comparator-intersection"):
        found = semver.intersects(a, b, include_prerelease=bool(wide and wide[0]))
        assert found is expected, (a, b, wide)


@beside
def test_versions_compare() -> None:
    for row in read_table("comparisons"):
        compare = semver.compare_loose if is_loose(row) else semver.compare
        assert (compare(row[0], row[1]), compare(row[1], row[0]), compare(row[0], row[0])) == (1, -1, 0), row


@beside
def test_versions_are_equal() -> None:
    for row in read_table("equality"):
        compare = semver.compare_loose if is_loose(row) else semver.compare
        assert (compare(row[0], row[1]), compare(row[1], row[0])) == (0, 0), row


@beside
def test_valid_versions_are_taken_apart() -> None:
    for text, *parts in read_table("valid-versions"):
        found = semver.parse(text)
        assert found is not None, text
        assert [found.major, found.minor, found.patch, [*found.prerelease], [*found.build]] == parts, text


@beside
def test_invalid_versions_are_refused() -> None:
    for row in read_table("invalid-versions"):
        assert semver.parse(row[0]) is None, row
        assert semver.valid(row[0]) is None, row
        assert semver.parse_loose(row[0]) is None, row


@beside
@pytest.mark.parametrize(
    ("name", "ask", "expected"),
    [
        ("version-gt-range", semver.is_above, True),
        ("version-not-gt-range", semver.is_above, False),
        ("version-lt-range", semver.is_below, True),
        ("version-not-lt-range", semver.is_below, False),
    ],
)
def test_versions_lie_outside_ranges(name: str, ask: Any, expected: bool) -> None:
    wrong = [
        row
        for row in read_strict(name)
        if ask(row[1], row[0], include_prerelease=is_wide(row)) is not expected
    ]
    assert wrong == []


@beside
def test_versions_are_incremented() -> None:
    for version, release, expected, *rest in read_table("increments"):
        if rest and isinstance(rest[0], str):
            rest.insert(0, None)
        options, identifier, base, *_ = [*rest, None, None, "0"][: len(rest)] + [None, None, "0"][len(rest) :]
        if is_loose([options], at=0):
            continue
        number = None if base is False else int(base)
        found = semver.increment(version, release, identifier=identifier or "", base=number)
        assert found == expected, (version, release, rest)


@beside
def test_versions_are_truncated() -> None:
    for version, release, expected in read_table("truncations"):
        assert semver.truncate(version, release) == expected, (version, release)
