"""The `compatible` policy: the orchestrator's rules one by one, beside the recorded federations."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from hanse.formats.remote_entry import Shared
from hanse.resolve import Policy, Remote, resolve
from hanse.resolve.dense import group_flat
from tests.resolve.browsing import copy_of, find, notices
from tests.resolve.federations import flat, remote, shared

COMPATIBLE = Policy.compatible()


def published(federation: Sequence[Remote], package: str = "x", policy: Policy = COMPATIBLE) -> str | None:
    return resolve(federation, policy).packages["__GLOBAL__", package].version


def each(**versions: str) -> list[Remote]:
    """Write remotes that share `x`; a version may be followed by its range."""
    written = []
    for name, text in versions.items():
        version, _, required = text.partition(" ")
        written.append(remote(name, shared("x", version, required or None)))
    return written


# --- which version is shared --------------------------------------------------------------------------


def test_the_version_that_costs_fewest_downloads_is_shared() -> None:
    assert published(each(a="1.0.0", b="1.1.0", c="2.0.0")) == "1.1.0"
    assert published(each(a="1.0.0", b="2.0.0", c="2.1.0")) == "2.1.0"


def test_of_equally_cheap_versions_the_latest_is_shared() -> None:
    assert published(each(a="1.0.0", b="2.0.0")) == "2.0.0"
    assert published(each(a="1.2.0 ^1.0.0", b="1.10.0 ^1.0.0")) == "1.10.0"


def test_a_prerelease_is_outside_most_ranges() -> None:
    assert published(each(a="1.2.0 ^1.0.0", b="1.3.0-rc.1 ^1.0.0 || ^1.3.0-0")) == "1.2.0"
    latest = Policy.compatible(latest_shared_external=True)
    assert published(each(a="1.2.0 ^1.0.0", b="1.3.0-rc.1 ^1.3.0-0"), policy=latest) == "1.3.0-rc.1"


def test_copies_are_counted_not_versions() -> None:
    # Two remotes would download 1.0.0 again, one would download 2.0.0 again.
    assert published(each(a="1.0.0", b="1.0.0", c="2.0.0")) == "1.0.0"


def test_who_does_not_insist_costs_nothing() -> None:
    federation = [
        remote("a", shared("x", "1.0.0", strict=False)),
        remote("b", shared("x", "1.0.0", strict=False)),
        remote("c", shared("x", "2.0.0")),
    ]
    plan = resolve(federation, COMPATIBLE)
    assert plan.packages["__GLOBAL__", "x"].version == "2.0.0"
    assert {notice.remote for notice in notices(plan, "outside-range")} == {"a", "b"}


def test_latest_means_latest() -> None:
    policy = Policy.compatible(latest_shared_external=True)
    assert published(each(a="1.0.0", b="1.0.0", c="2.0.0"), policy=policy) == "2.0.0"


def test_the_host_comes_before_everything() -> None:
    federation = [*each(a="2.0.0", b="2.0.0"), remote("host", shared("x", "1.0.0"), host=True)]
    for policy in (COMPATIBLE, Policy.compatible(latest_shared_external=True)):
        assert published(federation, policy=policy) == "1.0.0"


def test_the_more_complete_build_wins_a_tie() -> None:
    full = remote("a", shared("x", "1.0.0", entries=["x", "x/y"]))
    assert published([full, remote("b", shared("x", "1.1.0", "^1.0.0"))]) == "1.0.0"


# --- what becomes of a copy ---------------------------------------------------------------------------


def test_a_version_is_split_where_only_some_of_its_copies_object() -> None:
    federation = each(a="1.0.0 ~1.0.0", b="1.0.0 ^1.0.0", c="1.1.0 ^1.0.0", d="1.1.0 ~1.1.0", e="1.1.0")
    plan = resolve(federation, COMPATIBLE)
    assert {copy.remote: copy.action for copy in plan.packages["__GLOBAL__", "x"].copies} == {
        "a": "scope",
        "b": "skip",
        "c": "share",
        "d": "skip",
        "e": "skip",
    }
    assert plan.import_map.scopes == {"https://a.example/": {"x": "https://a.example/x.js"}}


def test_an_entrypoint_is_filled_in_or_the_copy_kept() -> None:
    federation = [
        remote("a", shared("x", "1.1.0", "^1.0.0")),
        remote("b", shared("x", "1.0.0", "^1.0.0", entries=["x", "x/y"])),
    ]
    options = {"latest_shared_external": True}
    filled = resolve(federation, Policy.compatible(**options))
    assert filled.import_map.imports["x"] == "https://a.example/x.js"
    assert filled.import_map.imports["x/y"] == "https://b.example/x_y.js"
    kept = resolve(federation, Policy.compatible(**options, scope_uncovered_entrypoints=True))
    assert kept.import_map.scopes["https://b.example/"]["x"] == "https://b.example/x.js"
    reason = copy_of(kept, "b", "x").reason
    assert (reason.code, "x/y" in reason.text) == ("missing-entrypoint", True)


def test_within_one_version_copies_complete_each_other() -> None:
    federation = [
        remote("a", shared("x", "1.0.0", entries=["x", "x/y"])),
        remote("b", shared("x", "1.0.0", entries=["x", "x/z", "x/w"])),
    ]
    imports = resolve(federation, COMPATIBLE).import_map.imports
    assert {name: url for name, url in imports.items() if name.startswith("x")} == {
        "x": "https://b.example/x.js",
        "x/z": "https://b.example/x_z.js",
        "x/w": "https://b.example/x_w.js",
        "x/y": "https://a.example/x_y.js",
    }


# --- flat entries -------------------------------------------------------------------------------------


def test_flat_items_of_one_package_are_grouped() -> None:
    items = [
        flat("@a/ui", "1.0.0"),
        flat("@a/ui/button", "1.0.0"),
        flat("@a/ui/table", "1.1.0"),
        flat("react", "19.1.0"),
        flat("react/jsx-runtime", "19.1.0"),
        flat("@nf-internal/chunk-A", "0.0.0", singleton=False),
        shared("dense", "1.0.0", entries=["dense", "dense/x"]),
    ]
    assert [(item.package_name, list(item.entries or {})) for item in group_flat(items)] == [
        ("@a/ui", ["@a/ui", "@a/ui/button"]),
        ("@a/ui", ["@a/ui/table"]),
        ("react", ["react", "react/jsx-runtime"]),
        ("@nf-internal/chunk-A", ["@nf-internal/chunk-A"]),
        ("dense", ["dense", "dense/x"]),
    ]
    assert items[0].entries is None


def test_of_a_flat_specifier_that_comes_twice_the_later_file_counts() -> None:
    first = flat("x", "1.0.0")
    later = msgspec.structs.replace(first, out_file_name="x-2.js", bundle="later")
    (item,) = group_flat([first, later])
    assert item.entries == {"x": "x-2.js"}
    assert item.bundle is None


def test_flat_items_without_files_are_grouped_too() -> None:
    empty = msgspec.structs.replace(flat("x", "1.0.0"), out_file_name=None)
    (item,) = group_flat([empty, flat("x/y", "1.0.0")])
    assert item.entries == {"x/y": "x_y.js"}


# --- share scopes -------------------------------------------------------------------------------------


def in_scope(name: str, version: str, scope: str, required: str | None = None) -> Remote:
    return remote(name, shared("x", version, required, scope=scope))


@pytest.mark.parametrize("policy", [COMPATIBLE, Policy.coherent()])
def test_versions_are_compared_within_a_share_scope(policy: Policy) -> None:
    federation = [
        in_scope("a", "1.0.0", "ng20", "^1.0.0"),
        in_scope("b", "1.1.0", "ng20", "^1.0.0"),
        in_scope("c", "2.0.0", "ng21"),
        remote("d", shared("x", "3.0.0")),
        in_scope("e", "1.2.0", "", "^1.0.0"),
    ]
    plan = resolve(federation, policy)
    assert {one.name: find(plan.import_map, one, "x") for one in federation} == {
        "a": "https://b.example/x.js",
        "b": "https://b.example/x.js",
        "c": "https://c.example/x.js",
        "d": "https://d.example/x.js",
        "e": "https://e.example/x.js",
    }
    assert plan.import_map.imports["x"] == "https://d.example/x.js"


@pytest.mark.parametrize("policy", [COMPATIBLE, Policy.coherent()])
def test_the_global_scope_may_be_named(policy: Policy) -> None:
    plan = resolve([in_scope("a", "1.0.0", "__GLOBAL__", "^1.0.0"), *each(b="1.1.0 ^1.0.0")], policy)
    assert plan.import_map.imports["x"] == "https://b.example/x.js"
    assert plan.import_map.scopes == {}


@pytest.mark.parametrize("policy", [COMPATIBLE, Policy.coherent()])
def test_in_the_strict_scope_everybody_gets_exactly_their_version(policy: Policy) -> None:
    federation = [
        in_scope("a", "1.0.0", "strict", "^1.0.0"),
        in_scope("b", "1.1.0", "strict", "^1.0.0"),
        in_scope("c", "1.0.0", "strict", "*"),
    ]
    plan = resolve(federation, policy)
    assert {one.name: find(plan.import_map, one, "x") for one in federation} == {
        "a": "https://a.example/x.js",
        "b": "https://b.example/x.js",
        "c": "https://a.example/x.js",
    }
    assert "x" not in plan.import_map.imports
    assert copy_of(plan, "c", "x", "strict").served_by == "a"
    assert {copy.reason.code for copy in plan.packages["strict", "x"].copies} <= {"strict-scope", "accepted"}


# --- pools --------------------------------------------------------------------------------------------


def pair(name: str, core: str, forms: str, pool: str | None = "ui") -> Remote:
    """Write a remote with two packages of a pool, each at a version with a range, or not at all."""
    items: list[Shared] = []
    for package, text in (("@a/core", core), ("@a/forms", forms)):
        version, _, required = text.partition(" ")
        if version:
            items.append(shared(package, version, required or None, pool=pool))
    return remote(name, *items)


POOLED = [
    ("tags", COMPATIBLE, "ui"),
    ("automatic", Policy.compatible(use_auto_external_pooling=True), None),
    ("coherent tags", Policy.coherent(), "ui"),
    ("coherent automatic", Policy.coherent(use_auto_external_pooling=True), None),
]


@pytest.mark.parametrize(("policy", "pool"), [case[1:] for case in POOLED], ids=[case[0] for case in POOLED])
def test_a_pool_comes_from_one_build(policy: Policy, pool: str | None) -> None:
    federation = [
        pair("a", "1.0.0 ^1.0.0", "1.0.0 ^1.0.0", pool),
        pair("b", "1.1.0 ^1.0.0", "1.1.0 ~1.1.0", pool),
        pair("c", "1.2.0 ^1.0.0", "1.2.0 ^1.0.0", pool),
    ]
    plan = resolve(federation, policy)
    for one in federation:
        urls = {find(plan.import_map, one, name) for name in ("@a/core", "@a/forms")}
        assert len({str(url).rpartition("/")[0] for url in urls}) == 1, (one.name, urls)


@pytest.mark.parametrize("policy", [COMPATIBLE, Policy.coherent()])
def test_without_a_pool_packages_of_one_scope_are_decided_apart(policy: Policy) -> None:
    federation = [
        pair("a", "1.1.0 ^1.0.0", "1.1.0 ^1.0.0", None),
        pair("b", "1.0.0 ^1.0.0", "1.0.0 ~1.0.0", None),
        pair("c", "1.1.0 ^1.0.0", "1.1.0 ^1.0.0", None),
    ]
    plan = resolve(federation, policy)
    found = {name: find(plan.import_map, federation[1], name) for name in ("@a/core", "@a/forms")}
    assert found["@a/core"] == "https://a.example/a_core.js"
    assert found["@a/forms"] == "https://b.example/a_forms.js"


def test_who_rejects_one_member_of_a_pool_keeps_all_of_it() -> None:
    federation = [
        pair("a", "1.1.0 ^1.0.0", "1.1.0 ~1.1.0"),
        pair("b", "1.0.0 ^1.0.0", "1.0.0 ~1.0.0"),
        pair("c", "1.1.0 ^1.0.0", "1.1.0 ~1.1.0"),
    ]
    plan = resolve(federation, COMPATIBLE)
    core, forms = (copy_of(plan, "b", name) for name in ("@a/core", "@a/forms"))
    assert (core.action, core.reason.code) == ("scope", "pool")
    assert (forms.action, forms.reason.code) == ("scope", "rejects-version")


def test_a_remote_is_served_by_the_build_that_has_all_it_needs() -> None:
    federation = [
        pair("a", "1.0.0 ^1.0.0", "1.0.0 ^1.0.0"),
        pair("b", "1.1.0 ^1.0.0", ""),
        pair("c", "1.0.0 ^1.0.0", "1.0.0 ^1.0.0"),
    ]
    plan = resolve(federation, COMPATIBLE)
    for one in (federation[0], federation[2]):
        assert find(plan.import_map, one, "@a/core") == "https://a.example/a_core.js"
        assert find(plan.import_map, one, "@a/forms") == "https://a.example/a_forms.js"
    assert copy_of(plan, "c", "@a/core").reason.code == "pool"
    assert find(plan.import_map, federation[1], "@a/core") == "https://b.example/a_core.js"


def test_a_blank_tag_makes_no_pool() -> None:
    federation = [
        pair("a", "1.1.0 ^1.0.0", "1.1.0 ^1.0.0", "  "),
        pair("b", "1.0.0 ^1.0.0", "1.0.0 ~1.0.0", "  "),
        pair("c", "1.1.0 ^1.0.0", "1.1.0 ^1.0.0", ""),
    ]
    for policy in (COMPATIBLE, Policy.coherent()):
        plan = resolve(federation, policy)
        assert find(plan.import_map, federation[1], "@a/core") == "https://a.example/a_core.js"


# --- broken versions ----------------------------------------------------------------------------------

BROKEN = [
    "",
    "1",
    "1.2",
    "1.2.3.4",
    "01.2.3",
    "latest",
    "^1.2.3",
    "*",
    "1.2.x",
    "1.2.3-",
    "-1.2.3",
    "1" * 300,
]


@pytest.mark.parametrize("version", BROKEN)
@pytest.mark.parametrize("policy", [COMPATIBLE, Policy.coherent()])
def test_a_broken_version_counts_as_the_least_its_range_accepts(policy: Policy, version: str) -> None:
    plan = resolve([remote("a", shared("x", version, "^3.2.0")), remote("b", shared("y", "1.0.0"))], policy)
    assert copy_of(plan, "a", "x").version == "3.2.0"
    (notice,) = notices(plan, "invalid-version")
    assert (notice.remote, notice.package) == ("a", "x")
    assert repr(version) in notice.text
    assert "counts as 3.2.0" in notice.text
    assert plan.import_map.imports["y"] == "https://b.example/y.js"


@pytest.mark.parametrize("required", ["nonsense", "", ">2 <1", True, False])
@pytest.mark.parametrize("policy", [COMPATIBLE, Policy.coherent()])
def test_a_broken_version_with_a_broken_range_counts_as_nothing_at_all(
    policy: Policy, required: str | bool
) -> None:
    plan = resolve([remote("a", shared("x", "latest", required))], policy)
    assert copy_of(plan, "a", "x").version == "0.0.0"
    assert plan.import_map.imports["x"] == "https://a.example/x.js"


@pytest.mark.parametrize("version", [" 1.2.3 ", "v1.2.3", "1.2.3+build"])
@pytest.mark.parametrize("policy", [COMPATIBLE, Policy.coherent()])
def test_a_version_in_an_unusual_spelling_is_one(policy: Policy, version: str) -> None:
    plan = resolve([remote("a", shared("x", version, "^1.0.0")), *each(b="1.0.0 ^1.0.0")], policy)
    assert plan.packages["__GLOBAL__", "x"].version == version
    assert notices(plan, "invalid-version") == []


@pytest.mark.parametrize("required", ["nonsense", ">2 <1", "^^1", "1.2.3.4"])
@pytest.mark.parametrize("policy", [COMPATIBLE, Policy.coherent()])
def test_a_range_that_accepts_nothing_leaves_its_remote_its_own_copy(policy: Policy, required: str) -> None:
    federation = [*each(a="1.0.0", b="1.0.0"), remote("c", shared("x", "1.0.0", required))]
    plan = resolve(federation, policy)
    expected = "https://c.example/x.js" if policy.name == "coherent" else "https://a.example/x.js"
    # To the orchestrator, a version that is there already pleases whoever brought it too.
    assert find(plan.import_map, federation[2], "x") == expected


@pytest.mark.parametrize("policy", [COMPATIBLE, Policy.coherent()])
def test_no_range_means_exactly_the_version(policy: Policy) -> None:
    for required in ("", False, None):
        item = msgspec.structs.replace(shared("x", "1.0.0"), required_version=required)
        federation = [*each(a="1.1.0 ^1.0.0", b="1.1.0 ^1.0.0"), remote("c", item)]
        plan = resolve(federation, policy)
        assert copy_of(plan, "c", "x").required == "1.0.0"
        assert find(plan.import_map, federation[2], "x") == "https://c.example/x.js"


@pytest.mark.parametrize("name", ["coherent", "compatible"])
def test_broken_versions_can_be_left_out(name: str) -> None:
    make = Policy.coherent if name == "coherent" else Policy.compatible
    federation = [
        remote("a", shared("x", "latest"), shared("y", "1.0.0")),
        remote("b", shared("x", "1.0.0")),
        remote("c", shared("z", "", singleton=False)),
    ]
    plan = resolve(federation, make(skip_invalid_external_versions=True))
    assert [copy.remote for copy in plan.packages["__GLOBAL__", "x"].copies] == ["b"]
    assert plan.import_map.imports["y"] == "https://a.example/y.js"
    told = {(notice.remote, notice.package): notice.text for notice in notices(plan, "invalid-version")}
    assert "left out" in told["a", "x"]
    # Under coherent nothing depends on the version of what a remote keeps to itself.
    kept = {"z": "https://c.example/z.js"}
    assert plan.import_map.scopes.get("https://c.example/", {}) == (kept if name == "coherent" else {})
    assert ("c", "z") in told


# --- names --------------------------------------------------------------------------------------------

ODD_NAMES = ["constructor", "prototype", "toString", "hasOwnProperty", "Team/MFE", "@acme/shop", "1", "007"]


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("policy", [COMPATIBLE, Policy.coherent()])
def test_names_of_javascript_objects_are_names_like_others(policy: Policy, name: str) -> None:
    package = name.lower() if "/" not in name else "valueOf"
    item = shared(package, "1.0.0", "^1.0.0", entries=[package, f"{package}/toString"], scope=None)
    federation = [
        remote(name, item, shared("valueOf", "1.0.0", scope="constructor"), exposes=["./constructor"]),
        remote("b", shared(package, "1.1.0", "^1.0.0", entries=[package, f"{package}/toString"])),
    ]
    plan = resolve(federation, policy)
    assert find(plan.import_map, federation[0], f"{package}/toString") == (
        f"https://b.example/{package}_toString.js"
    )
    assert plan.import_map.imports[f"{name}/./constructor"].endswith("/constructor.js")
    assert copy_of(plan, name, "valueOf", "constructor").served_by == name
    assert resolve([*federation, remote("c")], policy, plan) == resolve([*federation, remote("c")], policy)


def test_under_compatible_the_entrys_own_name_counts() -> None:
    plan = resolve([remote("shop", shared("x", "1.0.0"), called="store")], COMPATIBLE)
    assert plan.import_map.imports["store/./Card"] == "https://shop.example/Card.js"
    assert "shop/./Card" not in plan.import_map.imports
    (notice,) = notices(plan, "foreign-name")
    assert (notice.remote, "'store'" in notice.text) == ("shop", True)


def test_two_keys_may_deliver_one_name() -> None:
    federation = [
        remote("a", shared("x", "1.0.0"), called="same", exposes=["./A"]),
        remote("b", shared("y", "1.0.0"), called="same", exposes=["./B"]),
    ]
    plan = resolve(federation, COMPATIBLE)
    assert "same/./A" not in plan.import_map.imports
    assert plan.import_map.imports["same/./B"] == "https://b.example/B.js"
    assert {notice.remote for notice in notices(plan, "foreign-name")} == {"a", "b"}
    both = resolve(federation)
    assert both.import_map.imports["a/./A"] == "https://a.example/A.js"
    assert both.import_map.imports["b/./B"] == "https://b.example/B.js"
