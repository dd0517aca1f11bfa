"""The orchestrator's storage, of today and of earlier."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hanse.errors import FormatError
from hanse.formats.storage import StoredCopy, StoredVersion, decode_storage, encode_storage
from tests.formats.earlier import EARLIER

TODAY: dict[str, Any] = {
    "remotes": {
        "shop": {
            "scopeUrl": "https://cdn.example/shop/",
            "exposes": [{"moduleName": "./Card", "file": "Card.js"}],
            "integrity": {"Card.js": "sha384-x"},
        },
        "cart": {"scopeUrl": "https://cdn.example/cart/", "exposes": []},
    },
    "shared-externals": {
        "__GLOBAL__": {
            "react": {
                "dirty": False,
                "versions": [
                    {
                        "tag": "19.2.1",
                        "action": "share",
                        "host": True,
                        "remotes": [
                            {
                                "name": "shop",
                                "bundle": "browser-react",
                                "strictVersion": False,
                                "cached": True,
                                "requiredVersion": "^19.0.0",
                                "pool": "react",
                                "entries": {"react": "react.js"},
                                "servedBy": "cart",
                            },
                            {"name": "cart", "cached": False, "requiredVersion": "19.2.1", "entries": {}},
                        ],
                    }
                ],
            }
        },
        "strict": {"versions": {"dirty": True, "versions": []}},
    },
    "scoped-externals": {
        "shop": {"dep-b": {"tag": "4.5.6", "bundle": "b", "entries": {"dep-b": "dep-b.js"}}}
    },
    "shared-chunks": {"shop": {"browser-react": ["chunk-A.js"]}},
}


def test_todays_shape_comes_back_as_it_was() -> None:
    assert json.loads(encode_storage(decode_storage(TODAY))) == TODAY
    assert decode_storage(json.dumps(TODAY)) == decode_storage(TODAY)


def test_absent_documents_are_empty() -> None:
    assert json.loads(encode_storage(decode_storage({}))) == {
        "remotes": {},
        "shared-externals": {},
        "scoped-externals": {},
        "shared-chunks": {},
    }


def test_the_earlier_shape_becomes_todays() -> None:
    storage = decode_storage(EARLIER)
    one, two = "https://example.org/mfe1/", "https://example.org/mfe2/"
    copy = StoredCopy(one, True, "~1.2.1", {"dep-a": "dep-a.js"}, strict_version=False)
    other = StoredCopy(two, False, "^1.2.1", {"dep-a": "dep-a.js"}, strict_version=True)
    external = storage.shared_externals["__GLOBAL__"]["dep-a"]
    assert external.dirty is False
    assert external.versions == [
        StoredVersion("1.2.3", "share", False, [copy]),
        StoredVersion("1.2.2", "skip", False, [other]),
    ]
    assert storage.scoped_externals[one]["dep-b"].entries == {"dep-b": "dep-b.js"}
    assert {name: remote.scope_url for name, remote in storage.remotes.items()} == {one: one, two: two}


def test_the_earlier_shape_finds_the_remotes_it_names() -> None:
    remotes = {
        "team/mfe1": {"scopeUrl": "https://example.org/mfe1/", "exposes": []},
        "root": {"scopeUrl": "https://example.org/", "exposes": []},
    }
    storage = decode_storage(EARLIER | {"remotes": remotes})
    first, second = storage.shared_externals["__GLOBAL__"]["dep-a"].versions
    assert (first.remotes[0].name, first.remotes[0].entries) == ("team/mfe1", {"dep-a": "dep-a.js"})
    assert (second.remotes[0].name, second.remotes[0].entries) == ("root", {"dep-a": "mfe2/dep-a.js"})
    assert list(storage.scoped_externals) == ["team/mfe1"]
    assert list(storage.remotes) == ["team/mfe1", "root"]


def test_earlier_copies_of_one_version_share_a_row() -> None:
    version = {"version": "1.0.0", "action": "share", "requiredVersion": "^1.0.0"}
    versions = [version | {"file": f"https://example.org/{name}/d.js"} for name in "ab"]
    storage = decode_storage({"shared-externals": {"d": {"dirty": True, "versions": versions}}})
    external = storage.shared_externals["__GLOBAL__"]["d"]
    assert external.dirty is True
    (row,) = external.versions
    assert [copy.name for copy in row.remotes] == ["https://example.org/a/", "https://example.org/b/"]


def test_the_shape_in_between_has_files_for_entries() -> None:
    row = {
        "tag": "1.0.0",
        "action": "share",
        "host": False,
        "remotes": [{"name": "a", "file": "d.js", "cached": True, "requiredVersion": "^1.0.0"}],
    }
    storage = decode_storage({"shared-externals": {"__GLOBAL__": {"d": {"dirty": False, "versions": [row]}}}})
    assert storage.shared_externals["__GLOBAL__"]["d"].versions[0].remotes[0].entries == {"d": "d.js"}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"remotes": []}, "$.remotes"),
        ({"remotes": {"a": {"exposes": []}}}, "$.remotes.a"),
        ({"shared-externals": {"__GLOBAL__": 1}}, "$.shared-externals.__GLOBAL__"),
        ({"shared-externals": {"d": [{"version": []}]}}, ""),
        ({"shared-externals": {"d": [1]}}, ""),
        ({"scoped-externals": {"a": 1}}, ""),
        ({"shared-chunks": {"a": {"b": "x"}}}, ""),
    ],
)
def test_neither_shape_is_refused(document: dict[str, object], path: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_storage(document, subject="cache")
    assert caught.value.subject == "cache"
    assert not path or caught.value.path == path
