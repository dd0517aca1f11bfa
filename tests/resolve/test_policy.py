"""Policies: their options by name, and every strict option under both."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from hanse.errors import ResolveError, UsageError
from hanse.formats.remote_entry import Shared
from hanse.resolve import FAMILIES, Feature, Policy, PolicyName, Profile, Remote, Strict, resolve
from tests.resolve.browsing import notices, providers
from tests.resolve.federations import flat, remote, shared

NAMES: tuple[PolicyName, ...] = ("coherent", "compatible")

# --- options ------------------------------------------------------------------------------------------


def test_options_go_where_they_belong() -> None:
    policy = Policy.compatible(strict_import_map=True, cache_tag="v2", use_auto_external_pooling=True)
    assert policy == Policy(
        name="compatible",
        strict=Strict(strict_import_map=True),
        profile=Profile(cache_tag="v2"),
        feature=Feature(use_auto_external_pooling=True),
    )


def test_a_misspelt_option_is_named_with_the_one_that_was_meant() -> None:
    with pytest.raises(UsageError, match="no policy option is called 'latest_shared'") as raised:
        Policy.coherent(latest_shared=True)
    assert "latest_shared_external" in raised.value.hint


def test_an_option_that_looks_like_none_lists_them_all() -> None:
    with pytest.raises(UsageError) as raised:
        Policy.coherent(colour=True)
    assert all(option in raised.value.hint for option in Strict.__struct_fields__)


def test_an_option_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="wrong kind"):
        Policy.coherent(strict_import_map="yes")
    with pytest.raises(UsageError, match="wrong kind"):
        Policy.compatible(override_cached_remotes="sometimes")


def test_all_strict_options_at_once() -> None:
    every = Strict.all()
    assert all(getattr(every, option) for option in Strict.__struct_fields__)
    assert len(Strict.__struct_fields__) == 6


def test_a_policy_never_changes() -> None:
    policy = Policy.coherent()
    with pytest.raises(AttributeError):
        policy.name = "compatible"  # type: ignore[misc]


def test_nothing_given_is_coherent() -> None:
    assert resolve([remote("a")]).policy == Policy.coherent() == Policy()


def test_two_remotes_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="two remotes have one name") as raised:
        resolve([remote("a"), remote("b"), remote("a")])
    assert raised.value.subject == "a"


# --- families of one's own ------------------------------------------------------------------------------


def test_the_table_of_families_can_be_extended() -> None:
    def lit(name: str, version: str, required: str) -> Remote:
        return remote(name, shared("lit", version, required), shared("@lit/context", version, "^3.0.0"))

    federation = [lit("a", "3.2.0", "^3.0.0"), lit("b", "3.2.0", "^3.0.0"), lit("c", "3.1.0", "~3.1.0")]
    torn = resolve(federation)
    assert providers(torn, federation[2], ["lit", "@lit/context"]) == {"a", "c"}
    policy = msgspec.structs.replace(Policy.coherent(), families=(*FAMILIES, ("lit", "@lit/context")))
    whole = resolve(federation, policy)
    assert providers(whole, federation[2], ["lit", "@lit/context"]) == {"c"}
    assert resolve(federation, policy, torn) == whole


def test_an_empty_table_leaves_packages_to_themselves() -> None:
    federation = [
        remote("a", shared("react", "19.2.0"), shared("react-dom", "19.2.0")),
        remote("b", shared("react", "19.2.0"), shared("react-dom", "19.2.0")),
        remote("c", shared("react", "19.1.0", "~19.1.0"), shared("react-dom", "19.1.0")),
    ]
    policy = msgspec.structs.replace(Policy.coherent(), families=())
    assert providers(resolve(federation, policy), federation[2], ["react", "react-dom"]) == {"a", "c"}


# --- strict options -------------------------------------------------------------------------------------


def refused(name: PolicyName, option: str, federation: Sequence[Remote]) -> ResolveError:
    """Resolve with a strict option and without; return the error of the first, the other must pass."""
    resolve(federation, Policy.named(name, {}))
    with pytest.raises(ResolveError) as raised:
        resolve(federation, Policy.named(name, {option: True}))
    return raised.value


def assert_names(error: ResolveError, *texts: str) -> None:
    assert error.hint
    assert all(text in str(error) for text in texts), str(error)


@pytest.mark.parametrize("name", NAMES)
def test_a_remote_entry_of_another_name(name: PolicyName) -> None:
    error = refused(name, "strict_remote_entry", [remote("shop", called="store"), remote("cart")])
    assert error.subject == "shop"
    assert_names(error, "store", "strict_remote_entry")


@pytest.mark.parametrize("name", NAMES)
def test_the_hosts_entry_may_have_another_name(name: PolicyName) -> None:
    resolve([remote("host", called="site", host=True)], Policy.named(name, {"strict_remote_entry": True}))


@pytest.mark.parametrize("name", NAMES)
def test_a_strict_consumer_that_rejects_the_shared_version(name: PolicyName) -> None:
    federation = [
        remote("shop", shared("react", "19.1.0")),
        remote("cart", shared("react", "19.2.0")),
        remote("old", shared("react", "18.3.1")),
    ]
    error = refused(name, "strict_external_compatibility", federation)
    assert error.subject == "old"
    assert_names(error, "react")


def test_a_consumer_that_lacks_an_entrypoint_may_reject_the_version_too() -> None:
    federation = [
        remote("shop", shared("react", "19.1.0")),
        remote("cart", shared("react", "19.1.0")),
        remote("old", shared("react", "18.3.1", entries=["react", "react/legacy"])),
    ]
    assert refused("coherent", "strict_external_compatibility", federation).subject == "old"
    assert refused("coherent", "strict_entry_point_coverage", federation).subject == "old"
    compatible = [federation[0], federation[1], remote("new", shared("react", "19.1.0", entries=["react/x"]))]
    resolve(compatible, Policy.coherent(strict_external_compatibility=True))


@pytest.mark.parametrize("name", NAMES)
def test_two_ranges_for_one_version(name: PolicyName) -> None:
    federation = [
        remote("cart", shared("react", "19.1.0", "^19.0.0")),
        remote("shop", shared("react", "19.1.0", "^19.1.0")),
    ]
    error = refused(name, "strict_external_same_version_compatibility", federation)
    assert error.subject == "shop"
    assert_names(error, "^19.1.0", "^19.0.0", "react")


def test_under_coherent_the_manifests_order_does_not_choose_the_culprit() -> None:
    federation = [
        remote("shop", shared("react", "19.1.0", "^19.1.0")),
        remote("cart", shared("react", "19.1.0", "^19.0.0")),
    ]
    assert refused("coherent", "strict_external_same_version_compatibility", federation).subject == "shop"


def test_two_ranges_that_do_not_insist_are_no_fault() -> None:
    federation = [
        remote("cart", shared("react", "19.1.0", "^19.0.0", strict=False)),
        remote("shop", shared("react", "19.1.0", "^19.1.0", strict=False)),
    ]
    for name in NAMES:
        resolve(federation, Policy.named(name, {"strict_external_same_version_compatibility": True}))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("singleton", [True, False])
def test_a_version_that_is_none(name: PolicyName, singleton: bool) -> None:
    federation = [remote("cart"), remote("shop", shared("react", "19.x", singleton=singleton))]
    error = refused(name, "strict_external_version", federation)
    assert error.subject == "shop"
    assert_names(error, "19.x", "react")


@pytest.mark.parametrize("name", NAMES)
def test_an_entrypoint_that_the_shared_version_lacks(name: PolicyName) -> None:
    federation = [
        remote("cart", shared("react", "19.2.0", "^19.0.0")),
        remote("home", shared("react", "19.2.0", "^19.0.0")),
        remote("shop", shared("react", "19.1.0", "~19.1.0 || ^19.2.0", entries=["react", "react/x"])),
    ]
    options = {"latest_shared_external": True}
    resolve(federation, Policy.named(name, {**options}))
    with pytest.raises(ResolveError) as raised:
        resolve(federation, Policy.named(name, {**options, "strict_entry_point_coverage": True}))
    assert raised.value.subject == "shop"
    assert_names(raised.value, "react/x")


# What makes a map wrong differs: the orchestrator's can have gaps where Hanse's cannot, and Hanse proves its
# map by following it.


def test_a_compatible_map_that_publishes_a_package_twice() -> None:
    dense = shared("react-dom", "19.1.0", entries=["react-dom", "react-dom/client"])
    federation = [remote("cart", dense), remote("shop", flat("react-dom/client", "19.2.0"))]
    error = refused("compatible", "strict_import_map", federation)
    assert error.subject == "shop"
    assert_names(error, "react-dom/client")


def same_folder() -> list[Remote]:
    url = "https://cdn.example/app/remoteEntry.json"
    items: list[Shared] = [
        shared("react", "18.3.1", entries={"react": "react-18.js"}),
        shared("react", "19.1.0", entries={"react": "react-19.js"}),
    ]
    return [remote(name, item, url=url) for name, item in zip(("cart", "shop"), items, strict=True)]


def named_alike() -> list[Remote]:
    return [remote("team", exposes=["mfe/Card"]), remote("team/mfe", exposes=["Card"])]


def declared_in_two_scopes() -> list[Remote]:
    other = shared("react", "18.3.1", scope="old", entries={"react": "react-18.js"})
    return [remote("shop", shared("react", "19.1.0"), other)]


@pytest.mark.parametrize(
    ("federation", "culprit", "texts"),
    [
        (same_folder(), "shop", ("'react'", "react-18.js", "react-19.js")),
        (named_alike(), "team", ("'team/mfe/Card'",)),
        (declared_in_two_scopes(), "shop", ("'react'", "react-18.js")),
    ],
    ids=["one folder", "one name for two modules", "one specifier in two share scopes"],
)
def test_a_coherent_map_that_cannot_say_what_was_decided(
    federation: list[Remote], culprit: str, texts: tuple[str, ...]
) -> None:
    error = refused("coherent", "strict_import_map", federation)
    assert error.subject == culprit
    assert_names(error, "strict_import_map", *texts)


def test_a_coherent_map_without_a_package_that_was_left_out() -> None:
    options = {"skip_invalid_external_versions": True}
    federation = [remote("cart"), remote("shop", shared("react", "nineteen"))]
    resolve(federation, Policy.coherent(**options))
    with pytest.raises(ResolveError, match="leads nowhere") as raised:
        resolve(federation, Policy.coherent(**options, strict_import_map=True))
    assert raised.value.subject == "shop"


@pytest.mark.parametrize("name", NAMES)
def test_a_federation_without_fault_passes_every_strict_option(name: PolicyName) -> None:
    items = [
        shared("react", "19.1.0", "^19.0.0", entries=["react", "react/jsx-runtime"]),
        shared("react-dom", "19.1.0", "^19.0.0"),
        shared("zod", "3.0.0", singleton=False),
        shared("ui", "1.0.0", scope="team"),
        shared("exact", "1.0.0", scope="strict"),
    ]
    federation = [remote("cart", *items), remote("shop", *items), remote("host", *items, host=True)]
    plan = resolve(federation, Policy(name=name, strict=Strict.all()))
    assert plan.import_map == resolve(federation, Policy(name=name)).import_map
    assert notices(plan, "own-copy") == []


def test_an_incremental_resolution_is_refused_as_one_from_scratch_is() -> None:
    good = [remote(name, shared("react", "19.1.0"), shared("zod", "3.0.0")) for name in ("a", "b")]
    bad = [*good, remote("c", shared("zod", "2.0.0"), shared("react", "18.3.1"))]
    strict = Policy.coherent(strict_external_compatibility=True)
    plan = resolve(good, strict)
    errors = []
    for previous in (None, plan):
        with pytest.raises(ResolveError) as raised:
            resolve(bad, strict, previous)
        errors.append(str(raised.value))
    assert errors[0] == errors[1]
    assert resolve(good, strict, plan) == plan
