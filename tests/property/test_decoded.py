"""Entries that were read from documents are resolved like those that were made by hand, only quicker.

Items with equal texts are one object then, which the resolver knows again, here and in the next resolution.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.formats.import_map import serialise
from hanse.formats.remote_entry import decode_remote_entry, encode_remote_entry
from hanse.resolve import Plan, Policy, Remote, catalogue, resolve
from hanse.resolve.acceptance import LINES, MOST, MOST_RANGES, Lines
from hanse.resolve.ballot import MOST as MOST_REMEMBERED
from hanse.resolve.catalogue import catalogue_of
from tests.resolve.federations import federations, remote, shared

POLICIES = st.sampled_from(
    [
        Policy.coherent(),
        Policy.coherent(latest_shared_external=True, use_auto_external_pooling=True),
        Policy.compatible(),
        Policy.compatible(use_auto_external_pooling=True, skip_invalid_external_versions=True),
        Policy.compatible(convert_flat_shared_info=True, scope_uncovered_entrypoints=True),
    ]
)


def twins(federation: list[Remote]) -> list[Remote]:
    """Add a remote with the same items beside each."""
    return federation + [
        msgspec.structs.replace(
            one,
            name=f"{one.name}-twin",
            url=f"https://twin.{one.name}.example/remoteEntry.json",
            entry=msgspec.structs.replace(one.entry, name=f"{one.entry.name}-twin"),
            host=False,
        )
        for one in federation
    ]


def decoded(one: Remote) -> Remote:
    entry = decode_remote_entry(encode_remote_entry(one.entry), subject=one.url)
    return msgspec.structs.replace(one, entry=entry)


def assert_equal(plan: Plan, other: Plan) -> None:
    assert serialise(plan.import_map) == serialise(other.import_map)
    assert plan.packages == other.packages
    assert plan.notices == other.notices
    assert plan.storage() == other.storage()


@given(federations(), POLICIES)
def test_a_decoded_entry_is_resolved_as_one_made_by_hand(drawn: list[Remote], policy: Policy) -> None:
    federation = twins(drawn)
    read = [decoded(one) for one in federation]
    by_hand = resolve(federation, policy)
    assert_equal(resolve(read, policy), by_hand)
    assert_equal(resolve(read, policy, resolve(read[1:], policy)), by_hand)


@given(federations(), federations(), POLICIES)
def test_what_was_resolved_before_changes_no_answer(
    drawn: list[Remote], before: list[Remote], policy: Policy
) -> None:
    federation = [decoded(one) for one in twins(drawn)]
    catalogue_of.cache_clear()
    LINES.known = {}
    fresh = resolve(federation, policy)
    resolve([decoded(one) for one in twins(before)], policy)
    assert_equal(resolve(federation, policy), fresh)


@pytest.mark.parametrize("policy", [Policy.coherent(), Policy.compatible()])
def test_resolutions_at_the_same_time_do_not_disturb_each_other(policy: Policy) -> None:
    federation = [
        decoded(
            remote(f"r{place}", *[shared(f"p{i}", f"1.{(place * i) % 7}.0", "^1.0.0") for i in range(20)])
        )
        for place in range(40)
    ]
    expected = serialise(resolve(federation, policy).import_map)
    for _ in range(5):
        catalogue_of.cache_clear()
        with ThreadPoolExecutor(4) as threads:
            plans = list(threads.map(lambda _: resolve(federation, policy), range(8)))
        assert {serialise(plan.import_map) for plan in plans} == {expected}


def test_items_are_known_as_objects_up_to_a_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "MOST_ITEMS", 7)
    policy = Policy.coherent()
    catalogue_of.cache_clear()
    for turn in range(9):
        # Every turn has new objects, which may lie where those of an earlier turn were.
        federation = [
            remote(f"r{place}", *[shared(f"p{i}", f"{turn}.{place}.{i}", f"^{turn}.0.0") for i in range(5)])
            for place in range(4)
        ]
        assert_equal(resolve([decoded(one) for one in federation], policy), resolve(federation, policy))
        assert len(catalogue_of(policy).items.items) <= 7


def test_what_is_remembered_stays_small() -> None:
    lines = Lines()
    for turn in range(60):
        line = lines.of([f"1.{turn}.{patch}" for patch in range(1000)])
        for major in range(100):
            line.spans(f"^{major}.{turn}.0")
    assert lines.size <= MOST + 1000
    line = lines.of(["1.0.0"])
    for minor in range(MOST_RANGES + 1000):
        line.spans(f"^1.{minor}.0")
    assert len(line.ranges) <= MOST_RANGES + 1
    policy = Policy.coherent()
    catalogue_of.cache_clear()
    for turn in range(600):
        items = [shared(f"p{i}", f"1.{turn}.{i}", f"^1.{turn}.0") for i in range(40)]
        resolve([remote("a", *items), remote("b", *items[:30])], policy)
    known = catalogue_of(policy)
    assert known.size < 15_000
    assert known.elections.size <= MOST_REMEMBERED + 1000
