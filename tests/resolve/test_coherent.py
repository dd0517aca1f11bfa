"""The `coherent` policy: families whole, most consumers served, the others kept and reported."""

from __future__ import annotations

import pytest

from hanse.resolve import Plan, Policy, Remote, resolve
from tests.resolve.browsing import copy_of, find, notices, providers, source
from tests.resolve.federations import flat, remote, shared

DENSE_REACT = {
    "react": ["react", "react/jsx-runtime"],
    "react-dom": ["react-dom", "react-dom/client"],
}
REACT = [specifier for entries in DENSE_REACT.values() for specifier in entries]


def dense_react(name: str, version: str, *, required: str | None = None, host: bool = False) -> Remote:
    items = [shared(package, version, required, entries=entries) for package, entries in DENSE_REACT.items()]
    return remote(name, *items, host=host)


def flat_react(name: str, version: str, *, required: str | None = None) -> Remote:
    return remote(name, *[flat(specifier, version, required) for specifier in REACT])


def served_by(plan: Plan, package: str) -> dict[str, str]:
    return {copy.remote: copy.served_by for copy in plan.packages["__GLOBAL__", package].copies}


# --- who is served ------------------------------------------------------------------------------------


def test_the_build_that_covers_most_consumers_serves_them() -> None:
    old = [dense_react(name, "18.3.1") for name in ("a", "b")]
    plan = resolve([*old, dense_react("c", "19.1.0")])
    assert served_by(plan, "react") == {"a": "a", "b": "a", "c": "c"}
    (notice,) = {notice.text for notice in notices(plan, "own-copy") if notice.package == "react"}
    assert notice == "react@19.1.0 stays its own: ^19.1.0 rejects 18.3.1 from 'a'"


def test_a_flat_entry_is_one_consumer_as_a_dense_one_is() -> None:
    # Flat, React is four packages, dense two: that must not make its one remote outvote two.
    plan = resolve([flat_react("a", "19.1.0"), dense_react("b", "18.3.1"), dense_react("c", "18.3.1")])
    assert served_by(plan, "react") == {"a": "a", "b": "b", "c": "b"}


def test_of_builds_that_serve_as_many_the_one_that_loads_fewer_files_is_published() -> None:
    small = [remote(name, shared("react", "19.1.0")) for name in ("a", "b")]
    plan = resolve([*small, dense_react("c", "18.3.1"), dense_react("d", "18.3.1")])
    assert served_by(plan, "react") == {"a": "a", "b": "b", "c": "c", "d": "c"}
    assert sum(package.downloads for package in plan.packages.values()) == 2


# --- families -----------------------------------------------------------------------------------------


def test_entrypoints_of_a_package_that_nobody_shares_itself_move_together() -> None:
    wide = [remote(name, flat("date/format", "1.1.0"), flat("date/parse", "1.1.0")) for name in ("a", "b")]
    narrow = remote("c", flat("date/format", "1.0.0", "~1.0.0"), flat("date/parse", "1.0.0"))
    plan = resolve([*wide, narrow])
    assert providers(plan, narrow, ["date/format", "date/parse"]) == {"c"}
    assert copy_of(plan, "c", "date/parse").reason.code == "family"


def test_an_entrypoint_inside_another_package_moves_with_the_package_that_owns_it() -> None:
    kit = shared("kit", "1.0.0", entries=["kit", "react/jsx-runtime"])
    bundled = remote("a", kit, shared("react", "19.1.0", "~19.1.0"))
    plan = resolve([bundled, dense_react("b", "19.2.0"), dense_react("c", "19.2.0")])
    assert providers(plan, bundled, ["kit", "react", "react/jsx-runtime"]) == {"a"}


def test_a_package_that_comes_in_two_groups_keeps_both() -> None:
    # Builders group a package's entrypoints by version and range: one package, two items.
    groups = (
        shared("react", "19.1.0", "^19.0.0", entries=["react"]),
        shared("react", "19.1.0", "~19.1.0", entries=["react/jsx-runtime"]),
    )
    plan = resolve([remote("a", *groups)])
    assert plan.import_map.imports["react"] == "https://a.example/react.js"
    assert plan.import_map.imports["react/jsx-runtime"] == "https://a.example/react_jsx-runtime.js"
    both = resolve([remote("a", *groups), dense_react("b", "19.2.0")])
    assert providers(both, both.remotes["a"], ["react", "react/jsx-runtime"]) == {"a"}
    assert [
        copy.specifiers for copy in both.packages["__GLOBAL__", "react"].copies if copy.remote == "a"
    ] == [
        ("react",),
        ("react/jsx-runtime",),
    ]


def test_of_a_specifier_that_comes_twice_in_a_package_the_later_counts() -> None:
    twice = remote("a", shared("lodash", "3.0.0"), shared("lodash", "4.0.0"))
    plan = resolve([twice, remote("b", shared("lodash", "4.1.0"))])
    assert source(plan, twice, "lodash") == "b"
    assert [copy.version for copy in plan.packages["__GLOBAL__", "lodash"].copies] == ["4.0.0", "4.1.0"]


@pytest.mark.parametrize("private", ["react", "react/jsx-runtime", "react-is"])
def test_a_family_of_which_a_remote_keeps_a_part_stays_its_own(private: str) -> None:
    # Its private React beside somebody else's react-dom would be two Reacts in one tree.
    own = remote("a", shared(private, "19.1.0", singleton=False), shared("react-dom", "19.1.0"))
    plan = resolve([own, dense_react("b", "19.2.0"), dense_react("c", "19.2.0")])
    assert providers(plan, own, [private, "react-dom"]) == {"a"}
    copy = copy_of(plan, "a", "react-dom")
    assert copy.action == "scope"
    assert copy.reason.text == f"moves with {private}, which 'a' keeps to itself"


def test_a_build_beside_a_private_copy_of_its_family_serves_nobody_else() -> None:
    own = remote("a", shared("react", "19.9.0", singleton=False), shared("react-dom", "19.9.0"), host=True)
    plan = resolve([own, remote("b", shared("react-dom", "19.1.0"))])
    assert served_by(plan, "react-dom") == {"a": "a", "b": "b"}
    assert plan.import_map.imports["react-dom"] == "https://b.example/react-dom.js"


def test_where_everybody_has_a_private_part_everybody_keeps_the_family() -> None:
    items = shared("react", "19.1.0", singleton=False), shared("react-dom", "19.1.0")
    plan = resolve([remote("a", *items), remote("b", *items)])
    assert served_by(plan, "react-dom") == {"a": "a", "b": "b"}
    assert find(plan.import_map, plan.remotes["b"], "react") == "https://b.example/react.js"


def test_private_chunks_bind_nothing() -> None:
    chunk = flat("@nf-internal/chunk-A", "0.0.0", singleton=False)
    plan = resolve([remote("a", chunk, shared("react", "19.1.0")), remote("b", shared("react", "19.2.0"))])
    assert served_by(plan, "react") == {"a": "b", "b": "b"}


def test_a_family_that_is_shared_nowhere_else_is_published_from_the_one_that_has_it() -> None:
    plan = resolve([dense_react("a", "19.1.0")], Policy.coherent(latest_shared_external=True))
    assert copy_of(plan, "a", "react").reason.code == "only-version"
