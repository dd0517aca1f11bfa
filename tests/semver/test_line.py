"""A line of versions tells each range its spans."""

from __future__ import annotations

from hanse import semver
from hanse.semver import Line, Range, Version

TEXTS = ["1.0.0-a", "1.0.0-b", "1.0.0", "1.1.0", "1.2.0-rc.1", "1.2.0", "2.0.0-a", "2.0.0", "3.0.0"]


def read(text: str) -> Version:
    found = semver.parse(text)
    assert found is not None
    return found


def read_range(text: str, *, include_prerelease: bool = False) -> Range:
    found = semver.parse_range(text, include_prerelease=include_prerelease)
    assert found is not None
    return found


LINE = Line(map(read, TEXTS))


def test_spans_stop_at_prereleases_that_nobody_named() -> None:
    assert LINE.spans(read_range("*")) == ((2, 4), (5, 6), (7, 9))
    assert LINE.spans(read_range("^1.0.0")) == ((2, 4), (5, 6))
    assert LINE.spans(read_range("~1.1.0")) == ((3, 4),)
    assert LINE.spans(read_range("~1.0.0")) == ((2, 3),)
    assert LINE.spans(read_range(">=1.1.1")) == ((5, 6), (7, 9))


def test_spans_take_in_prereleases_that_are_named() -> None:
    assert LINE.spans(read_range("^1.0.0-b")) == ((1, 4), (5, 6))
    assert LINE.spans(read_range(">=1.2.0-0 <2.0.0-z")) == ((4, 7),)
    assert LINE.spans(read_range("1.0.0-a")) == ((0, 1),)


def test_spans_of_alternatives_are_joined() -> None:
    assert LINE.spans(read_range("3 || 1.0 || 1.1")) == ((2, 4), (8, 9))
    assert LINE.spans(read_range("<1.2 || 1.2.0-rc.1 || >1.1.0 <2")) == ((2, 6),)


def test_all_versions_count_where_prereleases_do() -> None:
    assert LINE.spans(read_range("*", include_prerelease=True)) == ((0, 9),)
    assert LINE.spans(read_range("^1.0.0", include_prerelease=True)) == ((2, 6),)


def test_nothing_is_found_where_nothing_is() -> None:
    assert LINE.spans(read_range("^7")) == ()
    assert LINE.spans(read_range(">3 <2")) == ()
    assert Line([]).spans(read_range("*")) == ()
    assert Line([read("1.0.0-a")]).spans(read_range("* || 2")) == ()


def test_a_line_without_prereleases_has_one_span_a_stretch() -> None:
    line = Line(map(read, ["1.0.0", "1.0.0", "1.5.0", "2.0.0"]))
    assert line.spans(read_range("1.0.0")) == ((0, 2),)
    assert line.spans(read_range("1 || 2")) == ((0, 4),)


def test_what_is_out_of_order_is_put_in_order() -> None:
    line = Line(map(read, ["2.0.0", "1.0.0+b", "1.0.0+a"]))
    assert [version.raw for version in line.versions] == ["1.0.0+b", "1.0.0+a", "2.0.0"]
    assert line == Line(map(read, ["1.0.0+b", "1.0.0+a", "2.0.0"]))
