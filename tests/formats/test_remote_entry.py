"""The remote entry: both shapes, every field, and what is wrong with one."""

from __future__ import annotations

import copy
import json
import pickle
import time
from typing import Any

import pytest

from hanse.errors import FormatError
from hanse.formats.plain_entry import SHARED
from hanse.formats.remote_entry import (
    Expose,
    RemoteEntry,
    Shared,
    decode_remote_entry,
    encode_remote_entry,
)
from hanse.limits import LIMITS, Limits

DENSE: dict[str, Any] = {
    "name": "team/shop",
    "exposes": [
        {"key": "./Card", "outFileName": "Card.Ab12.js", "element": "shop-card", "dev": {"entryPoint": "x"}}
    ],
    "shared": [
        {
            "packageName": "@angular/core",
            "version": "22.1.4",
            "requiredVersion": "^22.1.0",
            "singleton": True,
            "strictVersion": True,
            "shareScope": "ng22.1",
            "pool": "ng",
            "bundle": "browser-ng",
            "entries": {
                "@angular/core": "_angular_core.js",
                "@angular/core/testing": "_angular_core_testing.js",
            },
        }
    ],
    "chunks": {"browser-ng": ["chunk-A.js", "./chunk-B.mjs"], "mapping-or-exposed": []},
    "integrity": {"Card.Ab12.js": "sha384-x"},
    "buildNotificationsEndpoint": "/@angular-architects/native-federation:build-notifications",
    "url": "https://cdn.example/shop/remoteEntry.json",
    "$version": "v4",
}

FLAT: dict[str, Any] = {
    "name": "cart",
    "exposes": [],
    "shared": [
        {"packageName": "react", "outFileName": "react.js", "requiredVersion": False, "singleton": True},
        {
            "packageName": "@nf-internal/chunk-X",
            "version": "0.0.0",
            "outFileName": "chunk-X.js",
            "singleton": False,
        },
    ],
}


def item(**fields: object) -> dict[str, object]:
    """Return an entry with one shared package."""
    return {"name": "a", "shared": [{"packageName": "p", **fields}]}


def decode(document: object) -> RemoteEntry:
    """Decode a document given as values."""
    return decode_remote_entry(json.dumps(document).encode(), subject="shop")


def test_every_field_of_a_dense_entry_is_read() -> None:
    entry = decode(DENSE)
    assert entry.name == "team/shop"
    assert entry.exposes == [Expose("./Card", "Card.Ab12.js", "shop-card", {"entryPoint": "x"})]
    assert entry.shared == [
        Shared(
            package_name="@angular/core",
            version="22.1.4",
            required_version="^22.1.0",
            singleton=True,
            strict_version=True,
            share_scope="ng22.1",
            pool="ng",
            bundle="browser-ng",
            entries=DENSE["shared"][0]["entries"],
        )
    ]
    assert entry.chunks == DENSE["chunks"]
    assert entry.integrity == {"Card.Ab12.js": "sha384-x"}
    assert entry.build_notifications_endpoint == DENSE["buildNotificationsEndpoint"]
    assert (entry.url, entry.version) == ("https://cdn.example/shop/remoteEntry.json", "v4")


def test_a_flat_entry_has_files_in_place_of_entries() -> None:
    react, chunk = decode(FLAT).shared or []
    assert (react.out_file_name, react.entries, react.required_version) == ("react.js", None, False)
    assert (chunk.package_name, chunk.version) == ("@nf-internal/chunk-X", "0.0.0")


@pytest.mark.parametrize("document", [DENSE, FLAT, {"name": "a"}])
def test_writing_gives_the_document_back(document: dict[str, Any]) -> None:
    entry = decode(document)
    assert json.loads(encode_remote_entry(entry)) == document
    assert decode_remote_entry(encode_remote_entry(entry), subject="shop") == entry


def test_bytes_text_and_dict_are_read_alike() -> None:
    text = json.dumps(DENSE)
    assert decode(DENSE) == decode_remote_entry(text, subject="s") == decode_remote_entry(DENSE, subject="s")
    assert decode(DENSE) == decode_remote_entry(b"\xef\xbb\xbf" + text.encode(), subject="s")


def test_missing_and_null_lists_are_absent() -> None:
    assert decode({"name": "a"}) == decode({"name": "a", "exposes": None, "shared": None, "chunks": None})


def test_unknown_fields_are_ignored() -> None:
    assert decode({"name": "a", "future": {"x": [1]}}) == RemoteEntry("a")
    assert decode({"name": "a", "exposes": [{"key": "./x", "outFileName": "x.js", "y": 1}]}).exposes


def test_an_object_of_exposes_gives_its_values() -> None:
    document = {"name": "a", "exposes": {"one": {"key": "./x", "outFileName": "x.js"}}}
    expected = RemoteEntry("a", [Expose("./x", "x.js")])
    assert decode(document) == decode_remote_entry(document, subject="a") == expected


@pytest.mark.parametrize(
    ("document", "path", "found", "expected"),
    [
        (None, "$", "null", "object"),
        ([], "$", "array", "object"),
        ("x", "$", "str", "object"),
        ({}, "$", "", "a value for `name`"),
        ({"name": 1}, "$.name", "int", "str"),
        ({"name": None}, "$.name", "null", "str"),
        ({"name": "a", "exposes": "x"}, "$.exposes", "str", "array | null"),
        ({"name": "a", "exposes": [None]}, "$.exposes[0]", "null", "object"),
        ({"name": "a", "exposes": [{"key": "./x"}]}, "$.exposes[0]", "", "a value for `outFileName`"),
        ({"name": "a", "exposes": {"e": {"key": 1}}}, "$.exposes[0].key", "int", "str"),
        ({"name": "a", "shared": [{}]}, "$.shared[0]", "", "a value for `packageName`"),
        (item(version=1), "$.shared[0].version", "int", "str | null"),
        (item(singleton="yes"), "$.shared[0].singleton", "str", "bool | null"),
        (item(entries={"p": "p.js", "p/x": 1}), '$.shared[0].entries["p/x"]', "int", "str"),
        ({"name": "a", "chunks": {"b": [], "c.d": ["x.js", None]}}, '$.chunks["c.d"][1]', "null", "str"),
        ({"name": "a", "integrity": []}, "$.integrity", "array", "object | null"),
    ],
)
def test_a_fault_names_document_path_found_and_expected(
    document: object, path: str, found: str, expected: str
) -> None:
    with pytest.raises(FormatError) as caught:
        decode(document)
    error = caught.value
    assert (error.subject, error.path, error.found, error.expected) == ("shop", path, found, expected)


@pytest.mark.parametrize("text", [b"", b"{", b"<!doctype html>", b'{"name": "\xff"}', b'{"name": "\\ud800"}'])
def test_what_is_not_json_is_named(text: bytes) -> None:
    with pytest.raises(FormatError, match="not JSON"):
        decode_remote_entry(text, subject="shop")


@pytest.mark.parametrize(
    ("field", "limits"),
    [
        ("exposes", Limits(exposes_per_entry=1)),
        ("shared", Limits(shared_per_entry=1)),
        ("shared", Limits(files_per_entry=1)),
    ],
)
def test_too_many_parts_are_refused(field: str, limits: Limits) -> None:
    items = {
        "exposes": [{"key": f"./{index}", "outFileName": "x.js"} for index in range(2)],
        "shared": [{"packageName": f"p{index}", "outFileName": "x.js"} for index in range(2)],
    }
    with pytest.raises(FormatError, match="too many items"):
        decode_remote_entry({"name": "a", field: items[field]}, subject="a", limits=limits)


def test_an_ordinary_entry_is_decoded_in_microseconds() -> None:
    shared = [
        {
            "packageName": f"@s/p{index}",
            "version": "1.2.3",
            "requiredVersion": "^1.0.0",
            "singleton": True,
            "strictVersion": True,
            "entries": {f"@s/p{index}": f"_s_p{index}.Ab12Cd34.js"},
        }
        for index in range(60)
    ]
    data = json.dumps({"name": "a", "exposes": [], "shared": shared}).encode()
    decode_remote_entry(data, subject="a")
    rounds = []
    for _ in range(50):
        start = time.process_time()
        decode_remote_entry(data, subject="a")
        rounds.append(time.process_time() - start)
    assert min(rounds) < 10 * 40e-6


def test_what_two_documents_have_in_common_cannot_be_changed() -> None:
    first = decode_remote_entry(json.dumps(DENSE), subject="a").shared
    second = decode_remote_entry(json.dumps({**DENSE, "name": "other"}), subject="b").shared
    assert first is not None
    assert second is not None
    assert first == second
    entries = first[0].entries
    assert entries is not None
    for change in (
        lambda: entries.update(x="y"),
        lambda: entries.pop("@angular/core"),
        lambda: entries.clear(),
        lambda: entries.setdefault("x", "y"),
        lambda: entries.__setitem__("x", "y"),
        lambda: entries.__ior__({"x": "y"}),
    ):
        with pytest.raises(TypeError, match="never change"):
            change()
    assert second[0].entries == DENSE["shared"][0]["entries"]
    assert copy.deepcopy(entries) == pickle.loads(pickle.dumps(entries)) == entries


def test_an_item_that_was_refused_is_refused_again() -> None:
    bad = {**DENSE, "shared": [{"packageName": "x", "outFileName": "../x.js"}]}
    for _ in range(2):
        with pytest.raises(FormatError, match="file name") as raised:
            decode_remote_entry(json.dumps(bad), subject="a")
        assert raised.value.path == "$.shared[0].outFileName"


def test_an_item_that_is_known_counts_like_any_other() -> None:
    decode_remote_entry(json.dumps(DENSE), subject="a")
    with pytest.raises(FormatError, match="too many"):
        decode_remote_entry(json.dumps(DENSE), subject="a", limits=Limits(files_per_entry=2))
    with pytest.raises(FormatError, match="too many"):
        decode_remote_entry(json.dumps(DENSE), subject="a", limits=Limits(shared_per_entry=0))


def test_only_so_many_items_are_remembered() -> None:
    for number in range(40):
        files = {f"p/{number}/{place}": f"{'x' * 100}{place}.js" for place in range(1000)}
        entry = {"name": "a", "shared": [{"packageName": "p", "entries": files}]}
        assert decode_remote_entry(json.dumps(entry), subject="a").shared
    assert sum(map(len, SHARED.known)) <= LIMITS.items_bytes + (1 << 18)
