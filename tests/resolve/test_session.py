"""A session on one page: what `compatible` promises beyond the recorded cases."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hanse.resolve.replay import replay


def entry(name: str, *shared: dict[str, Any], exposes: tuple[str, ...] = ("./Card",)) -> dict[str, Any]:
    items = [{"key": key, "outFileName": key.strip("./") + ".js"} for key in exposes]
    return {"json": {"name": name, "exposes": items, "shared": list(shared)}}


def package(name: str, version: str, required: str, **more: Any) -> dict[str, Any]:
    return {
        "packageName": name,
        "version": version,
        "requiredVersion": required,
        "singleton": True,
        "strictVersion": True,
        "entries": {name: f"{name}.js"},
        **more,
    }


def run(case: dict[str, Any]) -> dict[str, Any]:
    return replay({"id": "case", "options": {}, **case})


NAMES = ("constructor", "prototype", "toString", "hasOwnProperty", "Team/MFE", "@acme/shop")


@pytest.mark.parametrize("name", NAMES)
def test_names_of_javascript_objects_are_names_like_others(name: str) -> None:
    outcome = run(
        {
            "manifest": {name: "http://a/remoteEntry.json", "b": "http://b/remoteEntry.json"},
            "documents": {
                "http://a/remoteEntry.json": entry(name, package("constructor", "1.0.0", "^1.0.0")),
                "http://b/remoteEntry.json": entry("b", package("constructor", "1.0.0", "^1.0.0")),
            },
            "steps": [{"op": "loadRemoteModule", "remote": name, "module": "./Card"}],
        }
    )
    assert [op["ok"] for op in outcome["ops"]] == [True, True]
    assert outcome["ops"][1]["value"] == "http://a/Card.js"
    assert outcome["finalMap"]["imports"] == {
        "constructor": "http://a/constructor.js",
        f"{name}/./Card": "http://a/Card.js",
        "b/./Card": "http://b/Card.js",
    }


def failing_newcomer(*, strict: bool) -> dict[str, Any]:
    flags = {"strictExternalCompatibility": True, "strictRemoteEntry": strict}
    return {
        "options": {"strict": flags},
        "manifest": {"a": "http://a/remoteEntry.json"},
        "documents": {
            "http://a/remoteEntry.json": entry("a", package("p", "1.0.0", "^1.0.0")),
            "http://d/remoteEntry.json": entry(
                "d", package("q", "1.0.0", "^1.0.0"), package("p", "2.0.0", "^2.0.0")
            ),
            "http://e/remoteEntry.json": entry("e", package("q", "1.1.0", "^1.0.0")),
        },
        "steps": [
            {"op": "initRemoteEntry", "url": "http://d/remoteEntry.json", "remote": "d"},
            {"op": "loadRemoteModule", "remote": "d", "module": "./Card"},
            {"op": "initRemoteEntry", "url": "http://e/remoteEntry.json", "remote": "e"},
        ],
    }


@pytest.mark.parametrize("strict", [False, True])
def test_a_newcomer_that_fails_leaves_nothing_behind(strict: bool) -> None:
    outcome = run(failing_newcomer(strict=strict))
    _, failed, loaded, joined = outcome["ops"]
    assert failed["ok"] is not strict
    assert failed["importMaps"] == []
    assert failed["writes"] == []
    assert not loaded["ok"]
    assert joined["importMaps"][0]["map"]["imports"]["q"] == "http://e/q.js"
    assert "d" not in outcome["storage"]["remotes"]
    assert '"name": "d"' not in json.dumps(outcome["storage"])


def test_a_version_that_everybody_keeps_to_themselves_is_mapped_for_the_newcomer_too() -> None:
    scoped = {
        "tag": "1.0.0",
        "action": "scope",
        "host": False,
        "remotes": [
            {
                "name": "z",
                "strictVersion": True,
                "cached": False,
                "requiredVersion": "^1.0.0",
                "entries": {"p": "p.js"},
            }
        ],
    }
    outcome = run(
        {
            "manifest": {},
            "storage": {
                "remotes": {"z": {"scopeUrl": "http://z/", "exposes": []}},
                "shared-externals": {"__GLOBAL__": {"p": {"dirty": False, "versions": [scoped]}}},
            },
            "documents": {"http://d/remoteEntry.json": entry("d", package("p", "1.0.0", "^1.0.0"))},
            "steps": [{"op": "initRemoteEntry", "url": "http://d/remoteEntry.json", "remote": "d"}],
        }
    )
    assert outcome["finalMap"]["scopes"]["http://d/"] == {"p": "http://d/p.js"}
