"""What holds for all versions and ranges, not only for those somebody thought of."""

from __future__ import annotations

from functools import cmp_to_key
from itertools import pairwise

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hanse import semver
from hanse.semver import Line, Version

# How long things take is asserted elsewhere; a busy machine must not fail a law.
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])

# Mostly small numbers, so that versions and ranges have something to do with each other.
small = st.integers(0, 2)
numbers = st.one_of(small, small, small, small, st.integers(0, 30), st.integers(2**53 - 3, 2**53))
identifiers = st.one_of(
    st.integers(0, 3).map(str),
    st.sampled_from(["alpha", "beta", "rc", "a", "x", "-", "0a", "Z", "10", "9007199254740992"]),
)
prereleases = st.lists(identifiers, min_size=1, max_size=3).map(".".join)
triples = st.tuples(numbers, numbers, numbers).map(lambda parts: "{}.{}.{}".format(*parts))
releases = triples.filter(lambda text: semver.valid(text) is not None)
versions = st.one_of(releases, st.builds("{}-{}".format, releases, prereleases))
parts = st.one_of(small.map(str), st.sampled_from(["x", "*", "X"]))
partials = st.one_of(
    parts,
    st.builds("{}.{}".format, parts, parts),
    st.builds("{}.{}.{}".format, parts, parts, parts),
    versions,
)
operators = st.sampled_from(["", "^", "~", "~>", ">", ">=", "<", "<=", "=", "> ", "~ "])
words = st.builds("{}{}".format, operators, partials)
hyphens = st.builds("{} - {}".format, partials, partials)
alternatives = st.one_of(st.lists(words, min_size=1, max_size=3).map(" ".join), hyphens, st.just(""))
spelled = st.lists(alternatives, min_size=1, max_size=3).map(" || ".join)

# With prereleases, a bound one above the largest number makes some more ranges invalid.
ranges = spelled.filter(
    lambda text: bool(semver.valid_range(text) and semver.valid_range(text, include_prerelease=True))
)
wide = st.booleans()
anything = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="01.x*v=<>~^|-+ ab\t\ufeff\x1c\u0661", max_size=40),
    spelled,
    versions,
    st.none(),
    st.integers(),
    st.binary(max_size=8),
    st.lists(st.text(max_size=3), max_size=2),
)


def read(text: str) -> Version:
    found = semver.parse(text)
    assert found is not None
    return found


def compare_as_written(a: str, b: str) -> int:
    """npm's rules of precedence, word for word."""
    left, right = read(a), read(b)
    main, other = (left.major, left.minor, left.patch), (right.major, right.minor, right.patch)
    if main != other:
        return -1 if main < other else 1
    if not left.prerelease or not right.prerelease:
        return bool(right.prerelease) - bool(left.prerelease)
    for one, two in zip(map(str, left.prerelease), map(str, right.prerelease), strict=False):
        if one.isdigit() and two.isdigit() and float(one) != float(two):
            return -1 if float(one) < float(two) else 1
        if one.isdigit() != two.isdigit():
            return -1 if one.isdigit() else 1
        if one != two:
            return -1 if one < two else 1
    return (len(left.prerelease) > len(right.prerelease)) - (len(left.prerelease) < len(right.prerelease))


@calm
@given(versions, versions)
def test_versions_compare_by_npms_rules(a: str, b: str) -> None:
    assert semver.compare(a, b) == compare_as_written(a, b)
    assert semver.compare(a, b) == -semver.compare(b, a)
    assert (read(a) == read(b)) is (semver.compare(a, b) == 0)


@calm
@given(st.lists(versions, max_size=12))
def test_the_order_of_versions_is_total(texts: list[str]) -> None:
    ordered = semver.sort(texts)
    assert sorted(ordered) == sorted(texts)
    assert all(semver.compare(low, high) <= 0 for low, high in pairwise(ordered))
    assert ordered == sorted(texts, key=cmp_to_key(semver.compare))
    assert [read(text).key for text in ordered] == sorted(read(text).key for text in texts)


@calm
@given(versions)
def test_what_a_version_is_spelled_as_is_the_same_version(text: str) -> None:
    normal = semver.valid(text)
    assert normal is not None
    assert semver.parse(normal) == semver.parse(f"v{text}+build") == semver.parse_loose(f"={text}")


@calm
@given(anything, anything, wide)
def test_no_input_raises(version: object, range_: object, include_prerelease: bool) -> None:
    verdict = semver.satisfies(version, range_, include_prerelease=include_prerelease)  # type: ignore[arg-type]
    assert isinstance(verdict, bool)
    for ask in (semver.valid, semver.coerce, semver.parse_loose, semver.valid_range, semver.min_version):
        ask(version)  # type: ignore[arg-type]
    for meet in (semver.intersects, semver.subset):
        assert isinstance(meet(version, range_), bool)  # type: ignore[arg-type]


@calm
@given(ranges, versions, wide)
def test_a_range_and_how_it_is_spelled_accept_the_same(text: str, version: str, wide: bool) -> None:
    normal = semver.valid_range(text, include_prerelease=wide)
    assert normal is not None
    assume(len(normal) <= 256)
    assert semver.satisfies(version, text, include_prerelease=wide) is semver.satisfies(
        version, normal, include_prerelease=wide
    )


@calm
@given(ranges, versions)
def test_prereleases_count_only_for_prereleases(range_: str, version: str) -> None:
    if not read(version).prerelease:
        assert semver.satisfies(version, range_) is semver.satisfies(version, range_, include_prerelease=True)
    elif semver.satisfies(version, range_):
        assert semver.satisfies(version, range_, include_prerelease=True)


@calm
@given(spelled, spelled, wide)
def test_intersecting_is_mutual(a: str, b: str, wide: bool) -> None:
    found = semver.intersects(a, b, include_prerelease=wide)
    assert found is semver.intersects(b, a, include_prerelease=wide)


@calm
@given(ranges, ranges, releases)
def test_ranges_that_accept_one_release_intersect(a: str, b: str, release: str) -> None:
    if semver.satisfies(release, a) and semver.satisfies(release, b):
        assert semver.intersects(a, b)


@calm
@given(ranges, ranges, versions, wide)
def test_what_satisfies_a_subset_satisfies_the_whole(sub: str, dom: str, version: str, wide: bool) -> None:
    if semver.subset(sub, dom, include_prerelease=wide) and semver.satisfies(
        version, sub, include_prerelease=wide
    ):
        assert semver.satisfies(version, dom, include_prerelease=wide)


@calm
@given(ranges)
def test_a_range_lies_inside_itself_and_everything(range_: str) -> None:
    assert semver.subset(range_, range_)
    assert semver.subset(f" {range_} ", range_)
    assert semver.subset(range_, "*", include_prerelease=True)


@calm
@given(ranges, versions, wide)
def test_the_least_version_is_in_the_range_and_least(range_: str, version: str, wide: bool) -> None:
    least = semver.min_version(range_, include_prerelease=wide)
    if least is None:
        return
    assert semver.satisfies(str(least), range_, include_prerelease=wide)
    if not wide and not read(version).prerelease and semver.satisfies(version, range_):
        assert semver.compare(least, version) <= 0


@calm
@given(st.lists(versions, max_size=20), ranges, wide)
def test_spans_hold_what_the_range_accepts(texts: list[str], range_: str, wide: bool) -> None:
    compiled = semver.parse_range(range_, include_prerelease=wide)
    assert compiled is not None
    line = Line(map(read, texts))
    spans = line.spans(compiled)
    inside = {at for start, end in spans for at in range(start, end)}
    assert inside == {at for at, version in enumerate(line.versions) if compiled.accepts(version)}
    assert all(start < end for start, end in spans)
    assert all(before[1] < after[0] for before, after in pairwise(spans))


@calm
@given(st.lists(versions, max_size=12), ranges)
def test_the_highest_and_lowest_are_those_of_all_that_satisfy(texts: list[str], range_: str) -> None:
    inside = [text for text in texts if semver.satisfies(text, range_)]
    highest, lowest = semver.max_satisfying(texts, range_), semver.min_satisfying(texts, range_)
    assert (highest is None) is (lowest is None) is (not inside)
    if highest is not None and lowest is not None:
        assert highest in inside
        assert lowest in inside
        assert all(semver.compare(lowest, text) <= 0 <= semver.compare(highest, text) for text in inside)


@calm
@given(ranges, versions)
def test_what_a_range_accepts_lies_on_neither_side(range_: str, version: str) -> None:
    if semver.satisfies(version, range_):
        assert not semver.is_above(version, range_)
        assert not semver.is_below(version, range_)
