"""Real mixtures: flat and dense entries, a host, two majors, two patch levels, chunks, nested folders."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from hanse.formats.import_map import ImportMap
from hanse.formats.remote_entry import Shared
from hanse.resolve import Plan, Policy, Remote, resolve
from tests.resolve.browsing import copy_of, find, folder, notices, providers, source
from tests.resolve.federations import flat, remote, shared
from tests.resolve.frameworks import ANGULAR, REACT, VUE, dense, flattened, specifiers

CONVERTED = Policy.compatible(convert_flat_shared_info=True)


def declared(one: Remote) -> list[str]:
    """Return every specifier a remote shares."""
    return [name for item in one.entry.shared or () for name in item.entries or [item.package_name]]


def sources(plan: Plan, one: Remote) -> dict[str, str | None]:
    return {specifier: source(plan, one, specifier) for specifier in declared(one)}


def assert_whole(federation: Sequence[Remote], policy: Policy | None = None) -> Plan:
    """Resolve; every remote gets all of its family from one build, whatever the manifest's order."""
    plan = resolve(federation, policy)
    for one in federation:
        assert len(providers(plan, one, declared(one))) == 1, sources(plan, one)
    for order in itertools.permutations(federation):
        assert resolve(order, policy) == plan
    return plan


# --- React: flat, dense, host -----------------------------------------------------------------------

FLAT = flattened("flat", REACT, "19.1.0", "^19.0.0")
DENSE = dense("dense", REACT, "19.2.0", "^19.0.0")
HOST = dense("host", REACT, "19.1.5", "^19.0.0", host=True)


def test_the_host_serves_flat_and_dense_remotes_alike() -> None:
    plan = assert_whole([FLAT, DENSE, HOST])
    for one in (FLAT, DENSE, HOST):
        assert providers(plan, one, specifiers(REACT)) == {"host"}
    assert copy_of(plan, "host", "react").reason.code == "host"
    assert plan.notices == ()


def test_without_a_host_the_latest_of_equal_builds_serves() -> None:
    plan = assert_whole([FLAT, DENSE])
    assert providers(plan, FLAT, specifiers(REACT)) == {"dense"}
    newer = flattened("flat", REACT, "19.3.0", "^19.0.0")
    assert providers(assert_whole([newer, DENSE]), DENSE, specifiers(REACT)) == {"flat"}


def test_a_flat_remote_without_an_entrypoint_cannot_serve_who_needs_it() -> None:
    # A builder may drop react/jsx-runtime, although the code imports it, because it looks unused.
    slim = remote("slim", *[flat(name, "19.3.0", "^19.0.0") for name in ("react", "react-dom")])
    plan = assert_whole([slim, DENSE])
    assert providers(plan, DENSE, specifiers(REACT)) == {"dense"}
    assert providers(plan, slim, ["react", "react-dom"]) == {"dense"}


def test_a_host_that_ships_only_a_part_of_the_family_takes_precedence_with_it() -> None:
    part = remote("host", shared("react", "19.1.0", "^19.0.0"), host=True)
    same = dense("same", REACT, "19.1.0", "^19.0.0")
    plan = assert_whole([part, same, DENSE])
    # The host's version is published, from the build that has the whole family.
    for one in (same, DENSE):
        assert providers(plan, one, specifiers(REACT)) == {"same"}
    assert source(plan, part, "react") == "same"
    assert copy_of(plan, "same", "react").reason.code == "host"


def test_a_host_whose_version_nobody_else_builds_serves_whom_it_can() -> None:
    part = remote("host", shared("react", "19.0.0", "^19.0.0"), host=True)
    small = remote("small", shared("react", "19.2.0", "^19.0.0"))
    plan = assert_whole([part, small, DENSE])
    assert source(plan, small, "react") == "host"
    assert providers(plan, DENSE, specifiers(REACT)) == {"dense"}
    reason = copy_of(plan, "dense", "react-dom").reason
    assert reason.text == "needs react-dom, react-dom/client, which the build of 'host' does not have"


def test_compatible_tears_a_flat_and_a_dense_entry_and_says_so() -> None:
    # The flat builder lists react/jsx-runtime first, as a package of its own.
    listed = ["react/jsx-runtime", "react", "react-dom/client", "react-dom"]
    thin = remote("flat", *[flat(name, "19.3.0", "^19.0.0") for name in listed])
    plan = resolve([thin, DENSE], Policy.compatible())
    assert sources(plan, DENSE) == {
        "react": "dense",
        "react/jsx-runtime": "flat",
        "react-dom": "dense",
        "react-dom/client": "flat",
    }
    converted = resolve([thin, DENSE], CONVERTED)
    assert set(sources(converted, DENSE).values()) == {"flat"}


def test_compatible_fills_a_gap_with_the_consumers_own_file() -> None:
    slim = remote("slim", *[flat(name, "19.3.0", "^19.0.0") for name in ("react", "react-dom")])
    plan = resolve([slim, DENSE], Policy.compatible(latest_shared_external=True))
    assert sources(plan, DENSE)["react"] == "slim"
    assert sources(plan, DENSE)["react/jsx-runtime"] == "dense"
    (_, torn) = notices(plan, "torn")
    assert (torn.remote, torn.package) == ("dense", "react-dom")
    assert "fills in react-dom/client" in torn.text
    assert copy_of(plan, "dense", "react").downloads == 1


# --- two majors -------------------------------------------------------------------------------------

MAJORS = [
    dense("old-a", REACT, "18.3.1"),
    flattened("old-b", REACT, "18.2.0"),
    dense("new-a", REACT, "19.2.0", "^19.0.0"),
    flattened("new-b", REACT, "19.1.0", "^19.0.0"),
]


def test_two_majors_stay_apart() -> None:
    plan = assert_whole(MAJORS)
    assert {one.name: source(plan, one, "react-dom/client") for one in MAJORS} == {
        "old-a": "old-a",
        "old-b": "old-b",
        "new-a": "new-a",
        "new-b": "new-a",
    }
    assert plan.import_map.imports["react"] == "https://new-a.example/react.js"
    assert {notice.remote for notice in notices(plan, "own-copy")} == {"old-a", "old-b"}


@pytest.mark.parametrize("policy", [Policy.compatible(), CONVERTED])
def test_two_majors_stay_apart_under_compatible(policy: Policy) -> None:
    plan = resolve(MAJORS, policy)
    assert {one.name: source(plan, one, "react-dom/client") for one in MAJORS[:2]} == {
        "old-a": "old-a",
        "old-b": "old-b",
    }
    assert plan.import_map.imports["react"] == "https://new-a.example/react.js"


def test_the_major_that_more_remotes_use_is_published() -> None:
    plan = assert_whole([*MAJORS[:3], dense("old-c", REACT, "18.3.1")])
    assert plan.packages["__GLOBAL__", "react"].version == "18.3.1"
    assert providers(plan, MAJORS[1], specifiers(REACT)) == {"old-a"}
    assert providers(plan, MAJORS[2], specifiers(REACT)) == {"new-a"}


# --- two patch levels of Angular ----------------------------------------------------------------------

CART = dense("cart", ANGULAR, "22.1.4", "^22.1.0")
SHOP = flattened(
    "shop",
    {"@angular/core": ("primitives/signals",), "@angular/common": (), "@angular/platform-browser": ()},
    "22.1.8",
    "^22.1.0",
)


def test_an_angular_release_stays_together() -> None:
    plan = assert_whole([CART, SHOP])
    # Only the older build has every entrypoint that somebody needs.
    assert providers(plan, SHOP, declared(SHOP)) == {"cart"}
    assert plan.notices == ()
    latest = assert_whole([CART, SHOP], Policy.coherent(latest_shared_external=True))
    assert providers(latest, SHOP, declared(SHOP)) == {"shop"}
    assert providers(latest, CART, declared(CART)) == {"cart"}


def test_an_angular_release_may_be_pinned() -> None:
    pinned = dense("cart", ANGULAR, "22.1.4", "22.1.4")
    plan = assert_whole([pinned, flattened("shop", ANGULAR, "22.1.8", "~22.1.8")])
    assert plan.packages["__GLOBAL__", "@angular/core"].version == "22.1.8"
    assert providers(plan, pinned, declared(pinned)) == {"cart"}


def test_compatible_mixes_releases_of_angular() -> None:
    plan = resolve([SHOP, CART], Policy.compatible())
    core, browser = (plan.packages["__GLOBAL__", f"@angular/{name}"] for name in ("core", "platform-browser"))
    assert (core.version, browser.version) == ("22.1.4", "22.1.4")
    slim = dense("cart", ANGULAR | {"@angular/platform-browser": ()}, "22.1.4", "^22.1.0")
    mixed = resolve([SHOP, slim], Policy.compatible())
    assert sources(mixed, slim)["@angular/core"] == "cart"
    assert sources(mixed, slim)["@angular/platform-browser"] == "shop"
    pooled = resolve([SHOP, slim], Policy.compatible(use_auto_external_pooling=True))
    assert providers(pooled, slim, declared(slim)) == {"cart"}


# --- Vue ------------------------------------------------------------------------------------------------


def test_vue_and_its_compiler_stay_together() -> None:
    small = flattened("small", {"vue": (), "@vue/shared": ()}, "3.5.20", "^3.5.0")
    federation = [dense("full", VUE, "3.5.13", "^3.5.0"), small, dense("pinned", VUE, "3.5.2", "~3.5.2")]
    plan = assert_whole(federation)
    assert providers(plan, small, ["vue", "@vue/shared"]) == {"full"}
    torn = resolve(federation, Policy.compatible())
    assert sources(torn, federation[0])["vue"] == "small"
    assert sources(torn, federation[0])["@vue/compiler-dom"] == "full"


def test_a_compiler_that_is_shared_alone_moves_with_vue() -> None:
    compiler = remote("repl", flat("@vue/compiler-sfc", "3.4.0", "~3.4.0"), flat("vue", "3.4.0", "^3.4.0"))
    federation = [dense("full", VUE, "3.5.13"), dense("other", VUE, "3.5.13"), compiler]
    plan = assert_whole(federation)
    assert providers(plan, compiler, ["vue", "@vue/compiler-sfc"]) == {"repl"}


# --- chunks ---------------------------------------------------------------------------------------------


def chunky(name: str, version: str, required: str) -> Remote:
    """Write a remote of a builder with dense chunking: bundles, and the chunks of its own modules."""
    item = shared("react", version, required, entries=["react", "react/jsx-runtime"], bundle="browser-react")
    private = shared("zod", "3.0.0", singleton=False, bundle="browser-zod")
    chunks = {
        "browser-react": ["chunk-R.js"],
        "browser-zod": ["chunk-Z.js"],
        "browser-unused": ["chunk-U.js"],
        "mapping-or-exposed": ["./chunk-M.mjs"],
    }
    return remote(name, item, private, chunks=chunks)


def own_chunks(import_map: ImportMap, one: Remote) -> set[str]:
    table = import_map.scopes.get(folder(one), {})
    return {name for name in table if name.startswith("@nf-internal/")}


@pytest.mark.parametrize("policy", [Policy.coherent(), Policy.compatible()])
def test_chunks_come_with_the_bundles_that_are_used(policy: Policy) -> None:
    served, serving = chunky("served", "19.1.0", "^19.0.0"), chunky("serving", "19.2.0", "^19.0.0")
    kept = chunky("kept", "18.3.1", "^18.0.0")
    plan = resolve([served, serving, kept], policy)
    always = {"@nf-internal/chunk-M", "@nf-internal/chunk-Z"}
    assert own_chunks(plan.import_map, served) == always
    assert own_chunks(plan.import_map, serving) == {*always, "@nf-internal/chunk-R"}
    assert own_chunks(plan.import_map, kept) == {*always, "@nf-internal/chunk-R"}
    for one in (served, serving, kept):
        assert find(plan.import_map, one, "@nf-internal/chunk-M") == f"{folder(one)}chunk-M.mjs"


@pytest.mark.parametrize("policy", [Policy.coherent(), Policy.compatible()])
def test_chunks_that_a_flat_entry_lists_as_packages_are_its_own(policy: Policy) -> None:
    def listing(name: str) -> Remote:
        return remote(
            name, flat("@nf-internal/chunk-A", "0.0.0", "0.0.0", singleton=False), flat("x", "1.0.0")
        )

    federation = [listing("a"), listing("b")]
    plan = resolve(federation, policy)
    for one in federation:
        assert source(plan, one, "@nf-internal/chunk-A") == one.name
    assert "@nf-internal/chunk-A" not in plan.import_map.imports


@pytest.mark.parametrize("policy", [Policy.coherent(), Policy.compatible()])
def test_chunks_that_are_listed_nowhere_need_nothing_of_the_map(policy: Policy) -> None:
    federation = [flattened("a", REACT, "19.1.0"), flattened("b", REACT, "19.2.0", "^19.0.0")]
    plan = resolve(federation, policy)
    for one in federation:
        assert find(plan.import_map, one, "./chunk-LAZY.js") == f"{folder(one)}chunk-LAZY.js"
        assert find(plan.import_map, one, "../b/chunk-LAZY.js") == f"{folder(one)}b/chunk-LAZY.js"


# --- integrity ------------------------------------------------------------------------------------------


def signed(name: str, *items: Shared, url: str | None = None) -> Remote:
    """Write a remote that has a digest for every file, also for files that no map names."""
    found = remote(name, *items, url=url, chunks={"mapping-or-exposed": ["chunk-M.js"]})
    files = {file for item in items for file in (item.entries or {}).values()}
    files |= {"Card.js", "chunk-M.js", "never.js"}
    return remote(
        name,
        *items,
        url=url,
        chunks=found.entry.chunks,
        integrity={file: f"sha384-{name}-{file}" for file in files},
    )


@pytest.mark.parametrize("policy", [Policy.coherent(), Policy.compatible(), CONVERTED])
def test_every_mapped_file_with_a_digest_has_it_and_no_other(policy: Policy) -> None:
    federation = [
        signed("a", shared("react", "19.2.0", "^19.0.0", entries=["react", "react/jsx-runtime"])),
        signed("b", shared("react", "19.1.0", "^19.0.0"), shared("zod", "3.0.0", singleton=False)),
        signed("c", shared("react", "18.3.1"), shared("ui", "1.0.0", scope="team")),
        remote("d", shared("lodash", "4.0.0")),
        signed("e", shared("ui", "1.1.0", "^1.0.0", scope="team"), shared("x", "1.0.0", scope="strict")),
    ]
    found = resolve(federation, policy).import_map
    mapped = {*found.imports.values(), *(url for table in found.scopes.values() for url in table.values())}
    named = {one.name: folder(one) for one in federation}
    expected = {
        url: f"sha384-{name}-{url.removeprefix(base)}"
        for url in mapped
        for name, base in named.items()
        if url.startswith(base) and name != "d"
    }
    assert found.integrity == expected
    assert not any("never.js" in url for url in found.integrity)
    assert "https://b.example/react.js" not in found.integrity


def test_a_rule_that_was_written_over_leaves_no_digest() -> None:
    url = "https://cdn.example/app/remoteEntry.json"
    federation = [
        signed("a", shared("zod", "3.0.0", singleton=False, entries={"zod": "zod-a.js"}), url=url),
        signed("b", shared("zod", "4.0.0", singleton=False, entries={"zod": "zod-b.js"}), url=url),
    ]
    found = resolve(federation).import_map
    assert found.scopes["https://cdn.example/app/"]["zod"] == "https://cdn.example/app/zod-a.js"
    assert "https://cdn.example/app/zod-b.js" not in found.integrity


# --- folders in folders ---------------------------------------------------------------------------------


def at(path: str, name: str, *items: Shared) -> Remote:
    return remote(name, *items, url=f"https://cdn.example{path}remoteEntry.json")


def test_what_a_remote_keeps_does_not_leak_into_a_folder_below_it() -> None:
    federation = [
        at("/shop/", "shop", shared("react", "18.3.1"), shared("zod", "3.0.0", singleton=False)),
        at("/shop/v2/", "next", shared("react", "19.1.0", "^19.0.0"), shared("zod", "4.0.0")),
        at("/cart/", "cart", shared("react", "19.2.0", "^19.0.0")),
        at("/shop/v2/beta/", "beta", shared("react", "19.0.0", "^19.0.0")),
    ]
    plan = resolve(federation)
    found = {one.name: find(plan.import_map, one, "react") for one in federation}
    assert found == {
        "shop": "https://cdn.example/shop/react.js",
        "next": "https://cdn.example/cart/react.js",
        "cart": "https://cdn.example/cart/react.js",
        "beta": "https://cdn.example/cart/react.js",
    }
    assert find(plan.import_map, federation[1], "zod") == "https://cdn.example/shop/v2/zod.js"


def test_what_a_share_scope_gives_an_outer_remote_does_not_leak_either() -> None:
    team = shared("ui", "2.0.0", scope="team")
    federation = [
        at("/shop/", "shop", shared("ui", "2.1.0", "^2.0.0", scope="team")),
        at("/shop/v2/", "next", shared("ui", "1.0.0")),
        at("/cart/", "cart", team),
    ]
    plan = resolve(federation)
    assert find(plan.import_map, federation[1], "ui") == "https://cdn.example/shop/v2/ui.js"


def test_many_folders_in_folders_take_no_time() -> None:
    federation = [
        at("/" + "d/" * depth, f"r{depth}", shared("react", f"1.{depth}.0", f"1.{depth}.0"))
        for depth in range(300)
    ]
    plan = resolve(federation)
    for one in federation[::50]:
        assert find(plan.import_map, one, "react") == f"{folder(one)}react.js"


def test_two_remotes_in_one_folder_are_reported() -> None:
    plan = resolve([at("/app/", "a"), at("/app/", "b"), at("/app/c/", "c")])
    (notice,) = notices(plan, "same-folder")
    assert notice.remote == "b"
    assert "'a'" in notice.text
    assert "https://cdn.example/app/" in notice.text


def test_two_remotes_in_one_folder_are_reported_under_compatible() -> None:
    (notice,) = notices(resolve([at("/app/", "a"), at("/app/", "b")], Policy.compatible()), "same-folder")
    assert notice.remote == "b"


def test_one_folder_in_two_spellings_is_one_folder() -> None:
    one = remote("a", url="https://CDN.example/app/remoteEntry.json")
    other = remote("b", url="https://cdn.example:443/app/remoteEntry.json")
    assert [notice.remote for notice in notices(resolve([one, other]), "same-folder")] == ["b"]
