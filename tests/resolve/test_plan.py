"""The plan: immutable, comparable, and with a reason and a price for every copy."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given

from hanse.resolve import CopyPlan, Plan, Policy, Remote, resolve
from tests.resolve.browsing import copy_of, notices
from tests.resolve.federations import federations, flat, remote, shared
from tests.resolve.frameworks import REACT, dense, flattened

POLICIES = [
    Policy.coherent(),
    Policy.coherent(latest_shared_external=True),
    Policy.compatible(),
    Policy.compatible(use_auto_external_pooling=True, convert_flat_shared_info=True),
    Policy.compatible(scope_uncovered_entrypoints=True),
]


def copies(plan: Plan) -> list[CopyPlan]:
    return [copy for package in plan.packages.values() for copy in package.copies]


# --- reasons ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
@given(federation=federations())
def test_every_copy_has_a_reason_and_a_price(policy: Policy, federation: list[Remote]) -> None:
    plan = resolve(federation, policy)
    for copy in copies(plan):
        assert copy.reason.text
        assert copy.served_by in plan.remotes
        assert copy.downloads <= len(copy.specifiers)
        assert copy.bytes == 0 or (copy.downloads and copy.bytes is None)
        if copy.action == "scope":
            assert copy.served_by == copy.remote
            assert copy.downloads == len(copy.specifiers)
    for notice in plan.notices:
        assert notice.text
        assert notice.remote in plan.remotes


@pytest.mark.parametrize("policy", [Policy.coherent(), Policy.compatible()])
def test_a_copy_for_everything_that_is_shared(policy: Policy) -> None:
    one = remote("a", shared("react", "19.1.0"), shared("x", "1.0.0", scope="team"), shared("y", "1.0.0"))
    plan = resolve([one, flattened("b", REACT, "19.2.0", "^19.0.0")], policy)
    assert sorted(
        (copy.remote, package) for (_, package), p in plan.packages.items() for copy in p.copies
    ) == [
        ("a", "react"),
        ("a", "x"),
        ("a", "y"),
        ("b", "react"),
        ("b", "react-dom"),
        ("b", "react-dom/client"),
        ("b", "react/jsx-runtime"),
    ]


CODES = {
    "only-version": ("a", [remote("a", shared("x", "1.0.0"))], {}),
    "host": ("a", [remote("a", shared("x", "1.0.0"), host=True), remote("b", shared("x", "1.1.0"))], {}),
    "latest": (
        "b",
        [remote("a", shared("x", "1.0.0")), remote("b", shared("x", "1.1.0"))],
        {"latest_shared_external": True},
    ),
    "fewest-downloads": ("b", [remote("a", shared("x", "1.0.0")), remote("b", shared("x", "1.1.0"))], {}),
    "accepted": ("a", [remote("a", shared("x", "1.0.0")), remote("b", shared("x", "1.1.0"))], {}),
    "outside-range": (
        "a",
        [remote("a", shared("x", "1.0.0", strict=False)), remote("b", shared("x", "2.0.0"))],
        {},
    ),
    "rejects-version": ("a", [remote("a", shared("x", "1.0.0")), remote("b", shared("x", "2.0.0"))], {}),
    "strict-scope": (
        "a",
        [
            remote("a", shared("x", "1.0.0", scope="strict")),
            remote("b", shared("x", "2.0.0", scope="strict")),
        ],
        {},
    ),
}


@pytest.mark.parametrize("name", ["coherent", "compatible"])
@pytest.mark.parametrize("code", CODES)
def test_the_reasons_both_policies_give(name: str, code: str) -> None:
    who, federation, options = CODES[code]
    policy = Policy.coherent(**options) if name == "coherent" else Policy.compatible(**options)
    plan = resolve(federation, policy)
    (found,) = [copy for copy in copies(plan) if copy.remote == who]
    assert found.reason.code == code


def test_an_entrypoint_that_is_missing_is_named() -> None:
    federation = [dense("a", REACT, "19.1.0"), dense("b", REACT, "19.1.0")]
    more = remote(
        "c", shared("react", "19.1.0", entries=["react", "react/compiler"]), shared("react-dom", "19.1.0")
    )
    plan = resolve([*federation, more])
    copy = copy_of(plan, "c", "react")
    assert copy.reason.code == "missing-entrypoint"
    assert copy.reason.text == "needs react/compiler, which the build of 'a' does not have"
    other = copy_of(plan, "c", "react-dom")
    assert (other.action, other.reason.code) == ("scope", "family")
    assert other.reason.text == f"moves with react: {copy.reason.text}"


def test_a_package_without_entrypoints_loads_nothing() -> None:
    for options in ({}, {"latest_shared_external": True}):
        empty = remote("a", shared("x", "1.0.0", entries=[]))
        plan = resolve([empty, remote("b", shared("x", "2.0.0"))], Policy.coherent(**options))
        copy = copy_of(plan, "a", "x")
        assert (copy.action, copy.reason.code, copy.downloads) == ("skip", "accepted", 0)
        assert plan.notices == ()
        alone = resolve([empty, remote("b", shared("x", "2.0.0", entries=[]))], Policy.coherent(**options))
        assert "x" not in alone.import_map.imports


def test_a_build_with_several_versions_has_all_of_them_judged() -> None:
    odd = remote("a", flat("x", "1.4.0", "^1.0.0"), flat("x/y", "2.0.0", "^2.0.0"), host=True)
    easy = remote("b", shared("x", "1.0.0", "^1.0.0", entries=["x", "x/y"], strict=False))
    plan = resolve([odd, easy])
    reason = copy_of(plan, "b", "x").reason
    assert (reason.code, reason.text) == (
        "outside-range",
        "gets 2.0.0 from 'a', which ^1.0.0 rejects; it does not insist",
    )


def test_a_package_that_is_an_entrypoint_of_the_published_build_has_its_version() -> None:
    federation = [dense("a", REACT, "19.2.0", "^19.0.0"), flattened("b", REACT, "19.1.0", "^19.0.0")]
    client = resolve(federation).packages["__GLOBAL__", "react-dom/client"]
    assert (client.provider, client.version) == ("a", "19.2.0")
    assert [(copy.remote, copy.served_by) for copy in client.copies] == [("b", "a")]


# --- prices -------------------------------------------------------------------------------------------

SIZES = {"react.js": 1000, "react_jsx-runtime.js": 50, "react-dom.js": 9000, "react-dom_client.js": 300}


def weighed(one: Remote, sizes: dict[str, int] | None = None) -> Remote:
    return msgspec.structs.replace(one, sizes=SIZES if sizes is None else sizes)


@pytest.mark.parametrize("policy", [Policy.coherent(), Policy.compatible()])
def test_a_second_copy_costs_its_files_and_their_bytes(policy: Policy) -> None:
    federation = [
        dense("a", REACT, "19.1.0"),
        dense("b", REACT, "19.1.0"),
        weighed(dense("c", REACT, "18.3.1")),
    ]
    plan = resolve([weighed(one) for one in federation], policy)
    react, dom = (plan.packages["__GLOBAL__", package] for package in ("react", "react-dom"))
    assert (react.downloads, dom.downloads) == (2, 2)
    assert [(copy.downloads, copy.bytes) for copy in react.copies] == [(0, 0), (0, 0), (2, 1050)]
    assert [(copy.downloads, copy.bytes) for copy in dom.copies] == [(0, 0), (0, 0), (2, 9300)]


@pytest.mark.parametrize("policy", [Policy.coherent(), Policy.compatible()])
def test_bytes_are_unknown_where_one_size_is(policy: Policy) -> None:
    federation = [dense("a", REACT, "19.1.0"), dense("b", REACT, "19.1.0")]
    partly = weighed(
        dense("c", REACT, "18.3.1"), {"react.js": 1000, "react-dom.js": 1, "react-dom_client.js": 1}
    )
    plan = resolve([*federation, partly], policy)
    assert copy_of(plan, "c", "react").bytes is None
    assert copy_of(plan, "c", "react-dom").bytes == 2
    assert copy_of(plan, "a", "react").bytes == 0


@pytest.mark.parametrize("policy", [Policy.coherent(), Policy.compatible()])
def test_further_versions_of_the_strict_scope_cost_downloads(policy: Policy) -> None:
    def exact(name: str, version: str) -> Remote:
        return weighed(remote(name, shared("x", version, scope="strict", entries={"x": "react.js"})))

    plan = resolve([exact("a", "1.0.0"), exact("b", "1.0.0"), exact("c", "2.0.0")], policy)
    package = plan.packages["strict", "x"]
    assert package.downloads == 1
    served = {copy.remote: (copy.action, copy.served_by, copy.bytes) for copy in package.copies}
    if policy.name == "coherent":
        assert served == {"a": ("share", "a", 0), "b": ("skip", "a", 0), "c": ("share", "c", 1000)}
    else:
        # The orchestrator's first row is its latest version.
        assert served == {"a": ("share", "a", 1000), "b": ("skip", "a", 0), "c": ("share", "c", 0)}


# --- notices ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [Policy.coherent(), Policy.compatible()])
def test_who_runs_outside_its_range_is_told(policy: Policy) -> None:
    easy = remote("easy", shared("react", "18.3.1", strict=False))
    plan = resolve(
        [remote("a", shared("react", "19.1.0")), remote("b", shared("react", "19.1.0")), easy], policy
    )
    (notice,) = plan.notices
    assert (notice.code, notice.remote, notice.package) == ("outside-range", "easy", "react")
    assert notice.level == "warning"
    assert notice.text == ("react: gets 19.1.0 from 'a', which ^18.3.1 rejects; it does not insist")


@pytest.mark.parametrize("policy", [Policy.coherent(), Policy.compatible()])
def test_a_package_that_names_no_file_is_told(policy: Policy) -> None:
    missing = msgspec.structs.replace(flat("x", "1.0.0"), out_file_name=None)
    plan = resolve([remote("a", missing, shared("y", "1.0.0"))], policy)
    (notice,) = notices(plan, "no-file")
    assert (notice.remote, notice.package) == ("a", "x")
    assert "x" not in plan.import_map.imports
    assert plan.import_map.imports["y"] == "https://a.example/y.js"


def test_an_entry_that_declares_a_specifier_twice_is_told() -> None:
    twice = [shared("x", "1.0.0"), shared("x", "1.1.0", scope="team")]
    (notice,) = notices(resolve([remote("a", *twice)]), "declared-twice")
    assert notice.text == (
        "'x' is declared shared and in the share scope 'team'; a module of the remote can get only one"
    )
    private = [shared("x", "1.0.0"), shared("x", "1.0.0", singleton=False)]
    (notice,) = notices(resolve([remote("a", *private)]), "declared-twice")
    assert "shared and as its own" in notice.text
    same = [shared("x", "1.0.0"), shared("x", "1.1.0")]
    (notice,) = notices(resolve([remote("a", *same)]), "declared-twice")
    assert "declared 2 times" in notice.text


def test_a_family_in_two_share_scopes_is_told() -> None:
    apart = remote("a", shared("react", "19.1.0"), shared("react-dom", "19.1.0", scope="team"))
    (notice,) = notices(resolve([apart, dense("b", REACT, "19.1.0")]), "split-family")
    assert notice.remote == "a"
    assert "react in '__GLOBAL__' and react-dom in 'team'" in notice.text


# --- values -------------------------------------------------------------------------------------------


def federation() -> list[Remote]:
    return [
        remote("a", shared("react", "18.3.1"), shared("zod", "3.0.0", singleton=False)),
        dense("b", REACT, "19.1.0", "^19.0.0"),
        dense("c", REACT, "19.2.0", "^19.0.0"),
    ]


@pytest.mark.parametrize("policy", POLICIES)
def test_equal_federations_have_equal_plans(policy: Policy) -> None:
    one, other = resolve(federation(), policy), resolve(federation(), policy)
    assert one == other
    assert one is not other
    assert one != resolve(federation()[:2], policy)
    assert one != "a plan"


def test_a_plan_of_another_policy_is_another_plan() -> None:
    assert resolve([remote("a")]) != resolve([remote("a")], Policy.coherent(latest_shared_external=True))


def test_a_difference_in_reasons_alone_is_a_difference() -> None:
    heavy = [weighed(one, {"react.js": 1}) for one in federation()]
    assert resolve(heavy).import_map == resolve(federation()).import_map
    assert resolve(heavy) != resolve(federation())


@pytest.mark.parametrize("attribute", ["import_map", "policy", "remotes", "packages", "notices", "new"])
def test_nothing_of_a_plan_can_be_set(attribute: str) -> None:
    plan = resolve(federation())
    with pytest.raises(AttributeError):
        setattr(plan, attribute, None)
    with pytest.raises(AttributeError):
        delattr(plan, attribute)


def test_the_values_in_a_plan_cannot_be_set() -> None:
    plan = resolve(federation())
    (first, *_) = plan.packages.values()
    for value in (first, first.copies[0], first.copies[0].reason, plan.notices[0], plan.import_map):
        with pytest.raises(AttributeError):
            setattr(value, value.__struct_fields__[0], None)
    with pytest.raises(TypeError):
        plan.packages["x", "y"] = first  # type: ignore[index]
    with pytest.raises(TypeError):
        del plan.remotes["a"]  # type: ignore[attr-defined]


def test_writing_into_a_map_spoils_no_other_plan() -> None:
    start = federation()
    plan = resolve(start)
    plan.import_map.imports.clear()
    for table in plan.import_map.scopes.values():
        table["zod"] = "https://evil.example/zod.js"
    later = resolve([*start, remote("d")], None, plan)
    assert later == resolve([*start, remote("d")])
    assert later.import_map.scopes["https://a.example/"]["zod"] == "https://a.example/zod.js"
    assert resolve(start, None, plan) == resolve(start)


def test_a_plan_cannot_be_a_key() -> None:
    with pytest.raises(TypeError):
        hash(resolve(federation()))


LAST = remote("z", shared("a", "1.0.0", scope="team"), shared("b", "1.0.0"), shared("react-client", "1.0.0"))


def test_packages_come_in_the_order_of_names() -> None:
    plan = resolve([*federation(), LAST])
    assert [*plan.packages] == [
        ("__GLOBAL__", "b"),
        ("__GLOBAL__", "react"),
        ("__GLOBAL__", "react-client"),
        ("__GLOBAL__", "react-dom"),
        ("team", "a"),
    ]


def test_a_federation_of_nobody_is_empty() -> None:
    for policy in POLICIES:
        plan = resolve([], policy)
        assert (plan.import_map.imports, plan.import_map.scopes) == ({}, {})
        assert (dict(plan.packages), plan.notices) == ({}, ())
        assert plan.storage() == {
            "remotes": {},
            "scoped-externals": {},
            "shared-externals": {"__GLOBAL__": {}},
            "shared-chunks": {},
        }


def test_an_entry_with_nothing_in_it_is_a_remote_all_the_same() -> None:
    for policy in POLICIES:
        plan = resolve([remote("a", exposes=[])], policy)
        assert [*plan.remotes] == ["a"]
        assert plan.import_map.imports == {}
