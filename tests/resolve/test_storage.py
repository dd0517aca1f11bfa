"""A plan as the orchestrator's storage: a browser that starts on it fetches nothing and has the same map."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given

from hanse.formats.import_map import ImportMap
from hanse.formats.remote_entry import decode_remote_entry
from hanse.formats.storage import decode_storage, encode_storage
from hanse.resolve import Plan, Policy, Profile, Remote, resolve
from hanse.resolve.emit import emit
from hanse.resolve.paths import package_of
from hanse.resolve.session import Answer, Options, Session
from hanse.resolve.storage import load_record
from tests.formats.earlier import EARLIER
from tests.resolve.browsing import find
from tests.resolve.federations import federations, flat, remote, shared

CACHING = Policy(name="compatible", profile=Profile.caching())


def unplugged(url: str) -> Answer:
    raise AssertionError(f"fetched {url}")


def start(documents: Mapping[str, Any], remotes: list[Remote]) -> tuple[Session, ImportMap]:
    """Start a page's orchestrator on stored documents, without a network."""
    session = Session(load_record(documents), Options(policy=CACHING), unplugged)
    return session, session.init({one.name: one.url for one in remotes})


def through_json(plan: Plan) -> dict[str, Any]:
    documents: dict[str, Any] = json.loads(json.dumps(plan.storage()))
    return documents


def shared_once(one: Remote) -> set[str]:
    """Return the specifiers whose package the remote has in one share scope only, and not privately too."""
    ways: dict[str, set[str | None]] = {}
    count: dict[str, int] = {}
    for item in one.entry.shared or ():
        for specifier in item.entries or ():
            ways.setdefault(package_of(specifier), set()).add(item.share_scope if item.singleton else "own")
            count[specifier] = count.get(specifier, 0) + 1
    return {name for name, times in count.items() if times == 1 and len(ways[package_of(name)]) == 1}


@given(federations())
def test_a_browser_seeded_with_a_plan_gives_everybody_what_was_planned(federation: list[Remote]) -> None:
    plan = resolve(federation)
    _, seeded = start(through_json(plan), federation)
    for one in federation:
        for specifier in shared_once(one):
            assert find(seeded, one, specifier) == find(plan.import_map, one, specifier)
        assert seeded.imports[f"{one.name}/./Card"] == plan.import_map.imports[f"{one.name}/./Card"]


@given(federations())
def test_a_browser_seeded_with_a_compatible_plan_has_the_same_map(federation: list[Remote]) -> None:
    plan = resolve(federation, Policy.compatible())
    session, seeded = start(through_json(plan), federation)
    assert seeded == plan.import_map
    assert session.record.changed == set()


def test_flat_copies_of_a_dense_build_stay_with_it() -> None:
    dense = shared("react-dom", "19.2.0", entries=["react-dom", "react-dom/client"])
    thin = [flat("react-dom", "19.1.0"), flat("react-dom/client", "19.1.0")]
    federation = [remote("a", dense), remote("b", dense), remote("c", *thin)]
    documents = resolve(federation).storage()
    client = documents["shared-externals"]["__GLOBAL__"]["react-dom/client"]
    (row,) = client["versions"]
    assert (row["action"], row["remotes"][0]["servedBy"]) == ("skip", "a")
    _, seeded = start(documents, federation)
    assert seeded.imports["react-dom/client"] == "https://a.example/react-dom_client.js"
    assert seeded.scopes == {}


def test_two_builds_of_one_exact_version_stay_apart() -> None:
    def exact(name: str, *entries: str) -> Remote:
        return remote(name, shared("x", "1.0.0", scope="strict", entries=entries))

    federation = [exact("a", "x", "x/a"), exact("b", "x", "x/b"), exact("c", "x/b"), exact("d", "x/a")]
    plan = resolve(federation)
    rows = plan.storage()["shared-externals"]["strict"]["x"]["versions"]
    assert [(row["action"], [copy["name"] for copy in row["remotes"]]) for row in rows] == [
        ("share", ["a", "d"]),
        ("scope", ["b"]),
        ("skip", ["c"]),
    ]
    assert rows[2]["remotes"][0]["servedBy"] == "b"
    _, seeded = start(plan.storage(), federation)
    for one in federation:
        for specifier in shared_once(one):
            assert find(seeded, one, specifier) == find(plan.import_map, one, specifier)


def test_what_every_remote_brought_is_stored() -> None:
    one = remote(
        "a",
        shared("react", "19.1.0", "^19.0.0", bundle="browser-react", pool="ui"),
        shared("zod", "not a version", "^3.2.0", singleton=False, bundle="browser-shared"),
        chunks={"browser-react": ["chunk-R.js"]},
        integrity={"react.js": "sha384-abc"},
    )
    assert resolve([one]).storage() == {
        "remotes": {
            "a": {
                "scopeUrl": "https://a.example/",
                "exposes": [{"moduleName": "./Card", "file": "Card.js"}],
                "integrity": {"react.js": "sha384-abc"},
            }
        },
        "scoped-externals": {
            "a": {"zod": {"tag": "3.2.0", "bundle": "browser-shared", "entries": {"zod": "zod.js"}}}
        },
        "shared-externals": {
            "__GLOBAL__": {
                "react": {
                    "dirty": False,
                    "versions": [
                        {
                            "tag": "19.1.0",
                            "action": "share",
                            "host": False,
                            "remotes": [
                                {
                                    "name": "a",
                                    "cached": True,
                                    "requiredVersion": "^19.0.0",
                                    "strictVersion": True,
                                    "bundle": "browser-react",
                                    "pool": "ui",
                                    "entries": {"react": "react.js"},
                                }
                            ],
                        }
                    ],
                }
            }
        },
        "shared-chunks": {"a": {"browser-react": ["chunk-R.js"]}},
    }


@pytest.mark.parametrize("policy", [Policy.coherent(), Policy.compatible()])
def test_writing_into_the_documents_changes_neither_plan_nor_entry(policy: Policy) -> None:
    chunks, digests = {"browser-react": ["chunk-R.js"]}, {"react.js": "sha384-abc"}
    one = remote("a", shared("react", "19.1.0", bundle="browser-react"), chunks=chunks, integrity=digests)
    plan = resolve([one], policy)
    before = copy.deepcopy(plan.storage())
    documents = plan.storage()
    documents["remotes"]["a"]["integrity"]["react.js"] = "sha384-evil"
    documents["shared-chunks"]["a"]["browser-react"].append("evil.js")
    documents["shared-externals"]["__GLOBAL__"]["react"]["versions"][0]["remotes"][0]["entries"].clear()
    record = plan.record()
    record.shared["__GLOBAL__"]["react"].rows[0].copies.clear()
    record.remotes["a"].scope_url = "https://evil.example/"
    record.chunks["a"]["browser-react"].append("evil.js")
    assert plan.storage() == before
    assert resolve([one], policy).storage() == before
    assert (chunks, digests) == ({"browser-react": ["chunk-R.js"]}, {"react.js": "sha384-abc"})


# --- an example of the older documents ------------------------------------------------------------------

MANIFEST = {
    "team/mfe1": "https://example.org/mfe1/remoteEntry.json",
    "team/mfe2": "https://example.org/mfe2/remoteEntry.json",
}
REMOTE_ENTRY = {
    "name": "team/mfe1",
    "exposes": [{"key": "./wc-comp-a", "outFileName": "component-a.js"}],
    "shared": [
        {
            "version": "1.2.3",
            "requiredVersion": "~1.2.1",
            "strictVersion": False,
            "singleton": True,
            "packageName": "dep-a",
            "outFileName": "dep-a.js",
        },
        {
            "version": "4.5.6",
            "requiredVersion": "^4.1.1",
            "strictVersion": True,
            "singleton": False,
            "packageName": "dep-b",
            "outFileName": "dep-b.js",
        },
    ],
}
# The second remote of the example is shown by its place in the cache only.
OTHER_ENTRY = {
    "name": "team/mfe2",
    "exposes": [],
    "shared": [
        {
            "version": "1.2.2",
            "requiredVersion": "^1.2.1",
            "strictVersion": True,
            "singleton": True,
            "packageName": "dep-a",
            "outFileName": "dep-a.js",
        }
    ],
}
IMPORT_MAP: dict[str, dict[str, Any]] = {
    "imports": {"dep-a": "https://example.org/mfe1/dep-a.js"},
    "scopes": {"https://example.org/mfe1/": {"dep-b": "https://example.org/mfe1/dep-b.js"}},
}


def example() -> list[Remote]:
    entries = [decode_remote_entry(document, subject="entry") for document in (REMOTE_ENTRY, OTHER_ENTRY)]
    return [
        Remote(name=name, url=url, entry=entry)
        for (name, url), entry in zip(MANIFEST.items(), entries, strict=True)
    ]


def test_the_older_cache_makes_the_import_map_beside_it() -> None:
    made = emit(load_record(EARLIER), Policy.compatible())
    assert {"imports": made.imports, "scopes": made.scopes} == IMPORT_MAP


@pytest.mark.parametrize("policy", [Policy.coherent(), Policy.compatible()])
def test_the_older_entries_come_out_as_the_cache_shows_them(policy: Policy) -> None:
    plan = resolve(example(), policy)
    versions = EARLIER["shared-externals"]["dep-a"]
    shown = [(one["version"], one["action"], one["requiredVersion"], one["cached"]) for one in versions]
    rows = plan.storage()["shared-externals"]["__GLOBAL__"]["dep-a"]["versions"]
    assert shown == [
        (row["tag"], row["action"], row["remotes"][0]["requiredVersion"], row["remotes"][0]["cached"])
        for row in rows
    ]
    assert plan.storage()["scoped-externals"] == {
        "team/mfe1": {"dep-b": {"tag": "4.5.6", "entries": {"dep-b": "dep-b.js"}}}
    }


@pytest.mark.parametrize("policy", [Policy.coherent(), Policy.compatible()])
def test_the_older_entries_make_the_import_map_and_their_exposed_modules(policy: Policy) -> None:
    found = resolve(example(), policy).import_map
    assert found.scopes == IMPORT_MAP["scopes"]
    modules = {"team/mfe1/./wc-comp-a": "https://example.org/mfe1/component-a.js"}
    if policy.name == "coherent":
        modules["team/mfe1/wc-comp-a"] = "https://example.org/mfe1/component-a.js"
    assert found.imports == IMPORT_MAP["imports"] | modules


def test_a_page_starts_on_the_older_cache_of_its_remotes() -> None:
    places = {name: url.removesuffix("remoteEntry.json") for name, url in MANIFEST.items()}
    exposes = [{"moduleName": "./wc-comp-a", "file": "component-a.js"}]
    remotes = {
        name: {"scopeUrl": scope, "exposes": exposes if name == "team/mfe1" else []}
        for name, scope in places.items()
    }
    session, found = start({"remotes": remotes, **EARLIER}, example())
    assert found.scopes == IMPORT_MAP["scopes"]
    assert found.imports["dep-a"] == "https://example.org/mfe1/dep-a.js"
    url = session.load_remote_module("team/mfe1", "./wc-comp-a")
    assert url == "https://example.org/mfe1/component-a.js"


def test_stored_documents_are_read_back_as_they_were_written() -> None:
    documents = resolve(example()).storage()
    again = json.loads(encode_storage(decode_storage(documents)))
    assert again == documents
