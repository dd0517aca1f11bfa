"""Resolving after a previous plan: the same as from scratch, and of what did not change nothing is done."""

from __future__ import annotations

import time

import msgspec
import pytest

from hanse.formats.import_map import serialise
from hanse.resolve import Plan, Policy, Remote, resolve
from hanse.resolve.catalogue import catalogue_of
from tests.resolve.browsing import copy_of, notices, source
from tests.resolve.federations import flat, remote, shared
from tests.resolve.frameworks import ANGULAR, REACT, dense, flattened

START = [
    dense("a", REACT, "19.1.0", "^19.0.0"),
    dense("b", REACT, "19.2.0", "^19.0.0"),
    flattened("c", REACT, "18.3.1"),
    dense("d", ANGULAR, "22.1.4", "^22.1.0"),
    remote("e", shared("zod", "3.0.0", singleton=False), shared("ui", "1.0.0", scope="team")),
]


def assert_same(plan: Plan, remotes: list[Remote]) -> None:
    """Compare with a resolution from scratch, down to the order of the map."""
    fresh = resolve(remotes, plan.policy)
    assert plan == fresh
    assert serialise(plan.import_map) == serialise(fresh.import_map)
    assert plan.storage() == fresh.storage()


def replaced(remotes: list[Remote], new: Remote) -> list[Remote]:
    return [new if one.name == new.name else one for one in remotes]


CHANGES = {
    "nothing": START,
    "a remote is gone": START[1:],
    "the winner is gone": [START[0], *START[2:]],
    "everybody is gone": [],
    "a remote is new": [*START, dense("f", REACT, "19.3.0", "^19.0.0")],
    "a range is wider": replaced(START, flattened("c", REACT, "18.3.1", "^18.0.0 || ^19.0.0")),
    "dense becomes flat": replaced(START, flattened("b", REACT, "19.2.0", "^19.0.0")),
    "an entrypoint is gone": replaced(START, dense("b", {"react": (), "react-dom": ()}, "19.2.0", "^19.0.0")),
    "a package is new": replaced(START, remote("e", shared("lodash", "4.0.0"))),
    "nothing is shared any more": replaced(START, remote("b")),
    "a remote becomes the host": replaced(START, dense("c", REACT, "18.3.1", host=True)),
    "packages are linked by a tag": replaced(
        START, remote("e", shared("react", "19.0.0", pool="p"), shared("ui", "1.0.0", pool="p"))
    ),
    "a part becomes private": replaced(
        START, remote("b", shared("react", "19.2.0", singleton=False), shared("react-dom", "19.2.0"))
    ),
    "a package comes in two groups": replaced(
        START, remote("e", shared("ui", "1.0.0"), shared("ui", "1.0.0", "~1.0.0", entries=["ui/x"]))
    ),
    "another folder": replaced(
        START, msgspec.structs.replace(START[1], url="https://a.example/b/remoteEntry.json")
    ),
    "another name inside": replaced(START, remote("e", called="other")),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("latest", [False, True])
def test_a_change_comes_out_as_from_scratch(change: str, latest: bool) -> None:
    policy = Policy.coherent(latest_shared_external=latest)
    plan = resolve(START, policy)
    there = resolve(CHANGES[change], policy, plan)
    assert_same(there, CHANGES[change])
    assert_same(resolve(START, policy, there), START)
    assert_same(plan, START)


@pytest.mark.parametrize("change", CHANGES)
def test_under_compatible_a_previous_plan_changes_nothing(change: str) -> None:
    policy = Policy.compatible()
    plan = resolve(START, policy)
    assert_same(resolve(CHANGES[change], policy, plan), CHANGES[change])


def test_every_change_after_every_other() -> None:
    plan = resolve(START)
    for change in CHANGES.values():
        plan = resolve(change, None, plan)
        assert_same(plan, change)


def test_a_plan_of_another_policy_is_no_help_and_no_harm() -> None:
    for earlier in (Policy.compatible(), Policy.coherent(latest_shared_external=True)):
        plan = resolve(START, Policy.coherent(), resolve(START, earlier))
        assert_same(plan, START)


def test_the_same_remotes_give_the_same_decisions() -> None:
    plan = resolve(START)
    again = resolve(list(reversed(START)), None, plan)
    assert again == plan
    assert again is not plan


def test_a_change_of_sizes_alone_is_seen() -> None:
    plan = resolve(START)
    assert copy_of(plan, "c", "react").bytes is None
    weighed = msgspec.structs.replace(START[2], sizes={"react.js": 7})
    again = resolve(replaced(START, weighed), None, plan)
    assert copy_of(again, "c", "react").bytes == 7
    assert again.import_map == plan.import_map


def test_a_new_remote_can_take_over() -> None:
    plan = resolve(START)
    assert source(plan, START[0], "react") == "b"
    later = dense("f", REACT, "19.3.0", "^19.0.0")
    assert source(resolve([*START, later], None, plan), START[0], "react") == "f"


def test_notices_follow() -> None:
    plan = resolve(START)
    assert {notice.remote for notice in notices(plan, "own-copy")} == {"c"}
    healed = resolve(CHANGES["a range is wider"], None, plan)
    assert notices(healed, "own-copy") == []


def federation_of(count: int) -> list[Remote]:
    """Write many remotes with thirty packages each, in five versions."""
    return [
        remote(
            f"r{place:03}",
            *[shared(f"p{i}", f"1.{(place + i) % 5}.0", "^1.0.0") for i in range(30)],
            flat("private", "1.0.0", singleton=False),
        )
        for place in range(count)
    ]


def test_one_change_costs_a_fraction() -> None:
    start = federation_of(400)
    plan = resolve(start)
    changed = replaced(start, remote("r200", shared("p1", "1.9.0", "^1.0.0")))

    def seconds(previous: Plan | None) -> float:
        begin = time.process_time()
        resolve(changed, None, previous)
        return time.process_time() - begin

    seconds(None)
    scratch = min(seconds(None) for _ in range(3))
    after = min(seconds(plan) for _ in range(3))
    assert after < scratch / 2
    assert_same(resolve(changed, None, plan), changed)


def test_many_redeploys_leave_nothing_behind() -> None:
    start = federation_of(20)
    plan = resolve(start)
    for turn in range(400):
        items = [shared(f"p{i}", f"1.{turn}.{i}", "^1.0.0") for i in range(30)]
        plan = resolve(replaced(start, remote("r003", *items)), None, plan)
    workings = plan.workings
    known = workings.catalogue.size  # type: ignore[attr-defined]
    assert known < 15_000


@pytest.mark.parametrize("lasting", [True, False])
@pytest.mark.parametrize("change", [{"strict_version": None}, {"pool": "mine"}, {"required_version": False}])
def test_of_builds_that_are_equal_but_in_how_they_are_written_none_is_preferred_for_coming_early(
    change: dict[str, object],
    lasting: bool,
) -> None:
    item = msgspec.structs.replace(shared("p", "1.0.0", "1.0.0"), strict_version=False)
    other = msgspec.structs.replace(item, **change)
    third = [remote("c", item)] if lasting else []
    old = [remote("a", item), remote("b", other), *third]
    new = [remote("a", other), old[1] if lasting else remote("b", item), *third]
    catalogue_of.cache_clear()
    anew = resolve(new)
    catalogue_of.cache_clear()
    assert_same(resolve(new, None, resolve(old)), new)
    assert resolve(new).import_map == anew.import_map
