"""Names that poison objects, look like others, or become somebody else's address are refused."""

from __future__ import annotations

import json

import pytest

from hanse.errors import FormatError
from hanse.formats.manifest import decode_manifest
from hanse.formats.remote_entry import decode_remote_entry, entry_violations
from hanse.formats.storage import decode_storage
from hanse.names import expose_name_fault, package_name_fault, remote_name_fault

HOSTILE = [
    "",
    "__proto__",
    "a/__proto__",
    "__proto__/polluted",
    "@a/__proto__/b",
    "a b",
    "a\tb",
    "a\nb",
    "a\u00a0b",
    "a\u2028b",
    "a\u200bb",
    "a\u202eb",
    "\ufeffreact",
    "a\x00b",
    "a\x7fb",
    "a\\b",
    "..\\b",
    "../b",
    "a/../b",
    "a//b",
    "a/",
    "\ud800",
    "x" * 5000,
]

URLS = ["/a", "//evil.example/a", "https://evil.example/a", "data:text/javascript,x", "blob:x", "C:evil"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_refused_everywhere(name: str) -> None:
    assert remote_name_fault(name)
    assert package_name_fault(name)
    assert expose_name_fault(name)


@pytest.mark.parametrize("name", [*URLS, "./a"])
def test_a_name_that_reads_as_a_url_replaces_nobodys_address(name: str) -> None:
    assert remote_name_fault(name)
    assert package_name_fault(name)


def poisoned(place: str, name: str) -> dict[str, object]:
    """Return a remote entry with a name in one place."""
    item: dict[str, object] = {"packageName": "p", "entries": {"p": "p.js"}}
    entry: dict[str, object] = {"name": "shop", "exposes": [], "shared": [item]}
    if place == "name":
        entry["name"] = name
    elif place == "key":
        entry["exposes"] = [{"key": name, "outFileName": "x.js"}]
    elif place == "specifier":
        item["entries"] = {name: "x.js"}
    elif place == "bundle":
        entry["chunks"] = {name: ["x.js"]}
    else:
        item[place] = name
    return entry


PLACES = {
    "name": "$.name",
    "key": "$.exposes[0].key",
    "packageName": "$.shared[0].packageName",
    "specifier": "$.shared[0].entries.__proto__",
    "shareScope": "$.shared[0].shareScope",
    "pool": "$.shared[0].pool",
    "bundle": "$.chunks.__proto__",
}


@pytest.mark.parametrize("place", PLACES)
def test_poison_is_found_wherever_it_stands(place: str) -> None:
    document = poisoned(place, "__proto__")
    for data in (
        document,
        json.dumps(document),
        json.dumps(document).replace("__proto__", "\\u005f_proto__"),
    ):
        raw = data.encode() if isinstance(data, str) else data
        with pytest.raises(FormatError, match="__proto__") as caught:
            decode_remote_entry(raw, subject="shop")
        assert caught.value.path == PLACES[place]


@pytest.mark.parametrize("name", ["constructor", "prototype", "toString", "hasOwnProperty", "valueOf"])
@pytest.mark.parametrize("place", PLACES)
def test_what_javascript_objects_inherit_is_an_ordinary_name(place: str, name: str) -> None:
    decode_remote_entry(json.dumps(poisoned(place, name)), subject="shop")
    assert name in decode_manifest({name: "/x.json"}, subject="manifest")


@pytest.mark.parametrize("name", [name for name in [*HOSTILE, *URLS] if name != "\ud800"])
def test_a_manifest_refuses_hostile_names(name: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_manifest(json.dumps({"good": "/a.json", name: "/b.json"}).encode(), subject="manifest.json")
    assert caught.value.subject == "manifest.json"
    assert "a remote's name" in caught.value.message


def test_a_report_names_every_place_at_once() -> None:
    document = {
        "name": "__proto__",
        "exposes": [{"key": "__proto__", "outFileName": "../x.js"}],
        "shared": [{"packageName": "__proto__", "pool": "__proto__", "entries": {"__proto__": "//x"}}],
        "chunks": {"__proto__": ["..\\x.js"]},
    }
    entry = decode_remote_entry(document, subject="shop", check="report")
    assert [violation.path for violation in entry_violations(entry)] == [
        "$.name",
        "$.exposes[0].key",
        "$.exposes[0].outFileName",
        "$.shared[0].packageName",
        "$.shared[0].pool",
        "$.shared[0].entries.__proto__",
        "$.shared[0].entries.__proto__",
        "$.chunks.__proto__",
        "$.chunks.__proto__[0]",
    ]


def test_the_memory_of_good_names_does_not_let_bad_ones_through() -> None:
    good = json.dumps({"name": "a", "shared": [{"packageName": "p", "entries": {"p": "p.js"}}]}).encode()
    bad = good.replace(b'"p":', b'"p/../p":')
    for _ in range(3):
        decode_remote_entry(good, subject="a")
        with pytest.raises(FormatError):
            decode_remote_entry(bad, subject="a")


def test_storage_with_a_poisoned_key_is_refused() -> None:
    with pytest.raises(FormatError, match="__proto__"):
        decode_storage({"remotes": {"__proto__": {"scopeUrl": "https://a/", "exposes": []}}})
