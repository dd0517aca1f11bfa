"""The laws of the `coherent` policy, on drawn federations, as a browser would see them."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.formats.import_map import resolve_specifier, serialise
from hanse.formats.remote_entry import Shared
from hanse.resolve import Plan, Policy, Remote, resolve
from hanse.semver import satisfies, valid
from tests.resolve.federations import federations, remotes
from tests.soak.counts import often

POLICIES = st.sampled_from(
    [
        Policy.coherent(),
        Policy.coherent(latest_shared_external=True),
        Policy.coherent(use_auto_external_pooling=True),
        Policy.coherent(skip_invalid_external_versions=True),
    ]
)


def singletons(one: Remote) -> dict[tuple[str | None, str], Shared]:
    return {(item.share_scope, item.package_name): item for item in one.entry.shared or () if item.singleton}


def base_of(one: Remote) -> str:
    return one.url.removesuffix("remoteEntry.json")


def provider(plan: Plan, consumer: Remote, specifier: str) -> tuple[str, str]:
    """Return the remote a specifier comes from in a real browser, and the URL."""
    url = resolve_specifier(plan.import_map, specifier, importer=base_of(consumer) + "main.js")
    owners = [one.name for one in plan.remotes.values() if url.startswith(base_of(one))]
    assert len(owners) == 1, (specifier, url)
    return owners[0], url


def in_several_ways(one: Remote) -> set[str]:
    """Return the specifiers a remote declares more than once: in two share scopes, or privately too."""
    seen: dict[str, int] = {}
    for item in one.entry.shared or ():
        for specifier in item.entries or ():
            seen[specifier] = seen.get(specifier, 0) + 1
    return {specifier for specifier, count in seen.items() if count > 1}


@given(federations(), POLICIES)
def test_a_strict_consumer_gets_a_version_it_accepts_or_its_own_copy(
    federation: list[Remote], policy: Policy
) -> None:
    plan = resolve(federation, policy)
    for one in federation:
        ambiguous = in_several_ways(one)
        for (scope, package), item in singletons(one).items():
            found = plan.packages[scope or "__GLOBAL__", package]
            copy = next(copy for copy in found.copies if copy.remote == one.name)
            assert copy.reason.text
            for specifier in item.entries or ():
                if specifier in ambiguous:
                    continue
                who, url = provider(plan, one, specifier)
                assert who == copy.served_by, (specifier, url, copy)
                if not item.strict_version or who == one.name:
                    continue
                offered = [
                    other.version
                    for other in plan.remotes[who].entry.shared or ()
                    if specifier in (other.entries or ()) and other.share_scope == item.share_scope
                    if other.singleton
                ]
                required = item.required_version or item.version
                if scope == "strict":
                    required = item.version
                assert any(satisfies(str(version), str(required)) for version in offered), (copy, offered)


@given(federations(), POLICIES)
def test_a_package_never_tears_from_its_entrypoints(federation: list[Remote], policy: Policy) -> None:
    plan = resolve(federation, policy)
    for one in federation:
        ambiguous = in_several_ways(one)
        for found in plan.packages.values():
            mine = [
                specifier
                for package in found.family
                if (item := singletons(one).get((scope_of(found.scope), package))) is not None
                for specifier in item.entries or ()
                if specifier not in ambiguous
            ]
            providers = {provider(plan, one, specifier)[0] for specifier in mine}
            assert len(providers) <= 1, (one.name, found.family, providers)


def scope_of(scope: str) -> str | None:
    return None if scope == "__GLOBAL__" else scope


@given(federations(), POLICIES, st.randoms(use_true_random=False))
def test_the_order_of_the_manifest_leaves_no_trace(
    federation: list[Remote], policy: Policy, chance: random.Random
) -> None:
    shuffled = federation[:]
    chance.shuffle(shuffled)
    one, other = resolve(federation, policy), resolve(shuffled, policy)
    assert serialise(one.import_map) == serialise(other.import_map)
    assert one == other


@given(federations(), st.data(), POLICIES)
@settings(max_examples=often(50, soak=1000))
def test_resolving_incrementally_equals_resolving_from_scratch(
    federation: list[Remote], data: st.DataObject, policy: Policy
) -> None:
    plan = resolve(federation, policy)
    for _ in range(data.draw(st.integers(1, 4))):
        federation = change(federation, data)
        plan = resolve(federation, policy, plan)
        fresh = resolve(federation, policy)
        assert serialise(plan.import_map) == serialise(fresh.import_map)
        assert plan == fresh
        assert plan.storage() == fresh.storage()


def change(federation: list[Remote], data: st.DataObject) -> list[Remote]:
    """Redeploy, remove or add one remote."""
    index = data.draw(st.integers(0, len(federation)))
    name = federation[index].name if index < len(federation) else "late"
    kept = [one for one in federation if one.name != name]
    if index < len(federation) and data.draw(st.booleans()):
        return kept
    return [*kept, data.draw(remotes(name=name))]


@given(federations())
def test_what_is_published_is_offered_by_a_remote_with_that_file(federation: list[Remote]) -> None:
    plan = resolve(federation)
    files = {
        base_of(one) + file
        for one in federation
        for item in one.entry.shared or ()
        for file in (item.entries or {}).values()
    } | {base_of(one) + e.out_file_name for one in federation for e in one.entry.exposes or ()}
    mapped = set(plan.import_map.imports.values())
    mapped |= {url for table in plan.import_map.scopes.values() for url in table.values()}
    assert mapped <= files


@given(federations())
def test_an_invalid_version_is_named(federation: list[Remote]) -> None:
    plan = resolve(federation, Policy.coherent())
    named = {(n.remote, n.package) for n in plan.notices if n.code == "invalid-version"}
    wrong = {
        (one.name, item.package_name)
        for one in federation
        for item in one.entry.shared or ()
        if item.singleton and not valid(item.version or "")
    }
    assert wrong <= named
