"""Documents that flood, nest or lie cost an error that names them, and little time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from hanse.errors import FormatError
from hanse.formats.config import decode_config
from hanse.formats.import_map import parse_import_map
from hanse.formats.lint import Kind, lint
from hanse.formats.manifest import decode_manifest
from hanse.formats.mf_manifest import decode_mf_manifest
from hanse.formats.remote_entry import decode_remote_entry
from hanse.formats.storage import decode_storage

Decode = Callable[[bytes], object]

DECODERS: dict[str, Decode] = {
    "manifest": lambda data: decode_manifest(data, subject="doc"),
    "remote-entry": lambda data: decode_remote_entry(data, subject="doc"),
    "import-map": lambda data: parse_import_map(data, base="https://a.example/", subject="doc"),
    "storage": lambda data: decode_storage(data, subject="doc"),
    "mf-manifest": lambda data: decode_mf_manifest(data, subject="doc"),
    "hanse-toml": lambda data: decode_config(data, environment={}, subject="doc"),
}

BOMBS = {
    "arrays": b"[" * 100_000,
    "closed arrays": b"[" * 50_000 + b"]" * 50_000,
    "objects": b'{"a":' * 100_000,
    "an unknown field": b'{"name":"a","x":' + b"[" * 100_000,
    "a free field": b'{"name":"a","exposes":[{"key":"./a","outFileName":"a.js","dev":' + b'{"a":' * 50_000,
    "imports": b'{"imports":{"a":' + b"[" * 100_000,
    "toml": b"[federation]\nx = " + b"[" * 50_000,
}

JUNK = {
    "empty": b"",
    "null": b"null",
    "HTML": b"<!doctype html><title>404</title>",
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "two documents": b"{}{}",
    "half a character": b'{"name": "\\ud800"}',
    "half a character as key": b'{"\\ud800": "x"}',
    "a huge number": b'{"name": ' + b"9" * 10_000 + b"}",
}


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_of_depth_is_refused(kind: str, bomb: str) -> None:
    start = time.perf_counter()
    with pytest.raises(FormatError) as caught:
        DECODERS[kind](BOMBS[bomb])
    assert caught.value.subject.startswith("doc")
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("junk", JUNK)
def test_junk_is_refused_by_name(kind: str, junk: str) -> None:
    if (kind, junk) == ("hanse-toml", "empty"):
        DECODERS[kind](JUNK[junk])
        return
    with pytest.raises(FormatError) as caught:
        DECODERS[kind](JUNK[junk])
    assert caught.value.subject.startswith("doc")


@pytest.mark.parametrize("kind", DECODERS)
def test_a_document_that_is_too_large_is_refused_unread(kind: str) -> None:
    data = b" " * ((64 << 20) + 1)
    start = time.perf_counter()
    with pytest.raises(FormatError, match="too large"):
        DECODERS[kind](data)
    assert time.perf_counter() - start < 1


def test_a_hundred_thousand_shared_packages_are_too_many() -> None:
    item = {
        "packageName": "p",
        "version": "1.0.0",
        "requiredVersion": "^1",
        "singleton": True,
        "outFileName": "p.js",
    }
    items = [item | {"packageName": f"p{index}"} for index in range(100_000)]
    data = json.dumps({"name": "flood", "shared": items}, separators=(",", ":")).encode()
    start = time.perf_counter()
    with pytest.raises(FormatError) as caught:
        decode_remote_entry(data, subject="https://flood.example/remoteEntry.json")
    assert "flood.example" in str(caught.value)
    assert time.perf_counter() - start < 5


def test_a_hundred_thousand_entrypoints_of_one_package_are_too_many() -> None:
    entries = {f"p/{index}": "p.js" for index in range(100_000)}
    data = json.dumps({"name": "flood", "shared": [{"packageName": "p", "entries": entries}]}).encode()
    with pytest.raises(FormatError, match="too many items"):
        decode_remote_entry(data, subject="flood")


KINDS: list[Kind] = ["manifest", "remote-entry", "import-map", "hanse-toml", "mf-manifest", "mf-stats"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", [*BOMBS.values(), *JUNK.values()], ids=[*BOMBS, *JUNK])
def test_whoever_looks_for_all_faults_survives_too(kind: Kind, data: bytes) -> None:
    start = time.perf_counter()
    faults = lint(data, subject="doc", kind=kind)
    assert time.perf_counter() - start < 5
    if (kind, data) != ("hanse-toml", b""):
        assert any(fault.severity == "error" for fault in faults)


def test_a_flood_of_faults_is_listed_in_time() -> None:
    items = [
        {"packageName": "__proto__", "outFileName": "../x", "versoin": 1, "version": "x"}
        for _ in range(9_000)
    ]
    data = json.dumps({"name": "a", "shared": items, **{f"x{i}": 1 for i in range(10_000)}}).encode()
    start = time.perf_counter()
    assert len(lint(data, subject="remoteEntry.json")) > 27_000
    assert time.perf_counter() - start < 30
