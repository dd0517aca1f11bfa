"""Whatever comes in: a struct or a HanseError comes out; what is written is read back the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import HanseError
from hanse.formats.config import decode_config
from hanse.formats.federated_stats import decode_federated_stats
from hanse.formats.import_map import ParsedImportMap, merge, parse_import_map, resolve_specifier, serialise
from hanse.formats.lint import Kind, lint
from hanse.formats.manifest import Remote, decode_manifest, encode_manifest, javascript_order
from hanse.formats.mf_manifest import decode_mf_manifest, encode_mf_manifest
from hanse.formats.mf_stats import decode_mf_stats
from hanse.formats.read_container import read_container
from hanse.formats.remote_entry import (
    Expose,
    RemoteEntry,
    Shared,
    decode_remote_entry,
    encode_remote_entry,
    entry_violations,
)
from hanse.formats.server_entry import decode_server_entry
from hanse.formats.storage import decode_storage, encode_storage
from hanse.formats.write_mf import write_mf_manifest

PAGE = "https://page.example/app/"

DECODERS: dict[Kind | str, Callable[[bytes], object]] = {
    "manifest": lambda data: decode_manifest(data, subject="x"),
    "remote-entry": lambda data: decode_remote_entry(data, subject="x"),
    "server-entry": lambda data: decode_server_entry(data, subject="x"),
    "import-map": lambda data: parse_import_map(data, base=PAGE),
    "hanse-toml": lambda data: decode_config(data, environment={"A": "1"}),
    "storage": lambda data: decode_storage(data),
    "mf-manifest": lambda data: read_container(
        decode_mf_manifest(data, subject="x"), name="x", url="https://x.example/mf-manifest.json"
    ),
    "mf-stats": lambda data: decode_mf_stats(data, subject="x"),
    "federated-stats": lambda data: decode_federated_stats(data, subject="x"),
}
KINDS: list[Kind] = [
    *(
        "manifest",
        "remote-entry",
        "server-entry",
        "import-map",
        "hanse-toml",
        "mf-manifest",
        "mf-stats",
        "federated-stats",
    ),
]

# The words of the formats, so that random documents get past the first check.
words = st.sampled_from(
    [
        *("name", "exposes", "shared", "key", "outFileName", "packageName", "version", "entries", "chunks"),
        *("integrity", "url", "type", "mf", "imports", "scopes", "a", "./a", "a/", "/", "a.js", "../a.js"),
        *("__proto__", "1.0.0", "^1", "https://x.example/", "remotes", "shared-externals", "file", "host"),
        *("scoped-externals", "shared-chunks", "versions", "tag", "action", "share", "scopeUrl", "dirty"),
        *("cached", "requiredVersion", "env:A", "x\ny", "metaData", "remoteEntry", "publicPath", "path"),
        *("assets", "js", "css", "sync", "federatedModules", "singleton", "shareScope", "ssrRemoteEntry"),
    ]
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | words
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=15,
)
json_documents = json_values.map(lambda value: json.dumps(value).encode())


@pytest.mark.parametrize("kind", DECODERS)
@given(st.binary(max_size=60) | json_documents)
def test_only_our_own_errors_come_out(kind: str, data: bytes) -> None:
    with suppress(HanseError):
        DECODERS[kind](data)


@pytest.mark.parametrize("kind", KINDS)
@given(st.binary(max_size=60) | json_documents)
def test_what_a_decoder_refuses_lint_explains(kind: Kind, data: bytes) -> None:
    faults = lint(data, subject="x", kind=kind)
    try:
        DECODERS[kind](data)
    except HanseError:
        assert any(fault.severity == "error" for fault in faults)


@given(st.dictionaries(words, json_values, max_size=6))
def test_a_dict_is_read_like_its_text(document: dict[str, Any]) -> None:
    def outcome(decode: Callable[..., object], data: object) -> object:
        try:
            return decode(data, subject="x")
        except HanseError as error:
            return type(error)

    text = json.dumps(document)
    for decode in (decode_manifest, decode_remote_entry, decode_storage):
        assert outcome(decode, document) == outcome(decode, text) == outcome(decode, text.encode())


@given(st.text("[]{}='\"\\#.,\n\r ab1-", max_size=40) | words.map(lambda word: f"[federation]\n{word} = 1"))
def test_toml_of_any_kind_is_read_or_refused(text: str) -> None:
    with suppress(HanseError):
        decode_config(text, environment={})


labels = st.text("abz09_", min_size=1, max_size=6).filter(lambda text: text != "__proto__")
names = st.lists(labels, min_size=1, max_size=3).map("/".join)
files = st.builds(
    "{}{}.{}".format,
    st.sampled_from(["", "./", "a/", "a/b.c/"]),
    labels,
    st.sampled_from(["js", "mjs", "css"]),
)
maybe_text = st.none() | labels
shared_items = st.builds(
    Shared,
    package_name=names,
    version=maybe_text,
    required_version=st.none() | st.booleans() | labels,
    singleton=st.none() | st.booleans(),
    strict_version=st.none() | st.booleans(),
    share_scope=maybe_text,
    pool=maybe_text,
    bundle=maybe_text,
    out_file_name=st.none() | files,
    entries=st.none() | st.dictionaries(names, files, max_size=3),
    dev=st.none(),
)
entries = st.builds(
    RemoteEntry,
    name=names,
    exposes=st.none()
    | st.lists(st.builds(Expose, key=names, out_file_name=files, element=maybe_text, dev=st.none())),
    shared=st.none() | st.lists(shared_items, max_size=4),
    chunks=st.none() | st.dictionaries(labels, st.lists(files, max_size=3), max_size=3),
    integrity=st.none() | st.dictionaries(files, labels, max_size=3),
    build_notifications_endpoint=maybe_text,
    url=maybe_text,
    version=maybe_text,
)


@given(entries)
def test_a_remote_entry_survives_writing_and_reading(entry: RemoteEntry) -> None:
    assert entry_violations(entry) == []
    assert decode_remote_entry(encode_remote_entry(entry), subject="x") == entry


@given(entries)
def test_a_native_remote_written_as_a_container_is_read_as_the_same(entry: RemoteEntry) -> None:
    written = write_mf_manifest(entry)
    again = decode_mf_manifest(encode_mf_manifest(written), subject="x")
    assert again == written
    assert not [
        one
        for one in lint(encode_mf_manifest(written), subject="mf-manifest.json")
        if one.severity == "error" and "same key" not in one.message
    ]
    found = read_container(again, name=entry.name, url="https://x.example/mf-manifest.json")
    assert (found.script, found.type) == ("https://x.example/remoteEntry.js", "module")
    first = {expose.key: expose.out_file_name for expose in reversed(entry.exposes or [])}
    placed = {key: (*one.js, *one.css) for key, one in (found.exposes or {}).items()}
    assert placed == {key: ("https://x.example/" + file.removeprefix("./"),) for key, file in first.items()}
    told = {(use.package, use.version, use.required, use.singleton, use.scopes) for use in found.shared or ()}
    assert told == {
        (
            specifier,
            item.version or "0",
            item.required_version if isinstance(item.required_version, str) else None,
            bool(item.singleton),
            (item.share_scope or "default",),
        )
        for item in entry.shared or []
        for specifier in (item.entries if item.entries is not None else flat(item))
    }


def flat(item: Shared) -> list[str]:
    """Return the specifiers of a package that has one file, or none."""
    return [] if item.out_file_name is None else [item.package_name]


@given(
    st.dictionaries(
        names,
        st.builds(
            Remote,
            url=files,
            integrity=maybe_text,
            server=st.none() | files,
            type=st.sampled_from(["native", "mf"]),
        ),
        max_size=5,
    )
)
def test_a_manifest_survives_writing_and_reading(manifest: dict[str, Remote]) -> None:
    again = decode_manifest(encode_manifest(manifest), subject="x")
    assert list(again.items()) == list(manifest.items())
    ordered = javascript_order(manifest)
    assert ordered == manifest
    assert javascript_order(ordered) == ordered


urls = st.builds("https://{}.example/{}".format, labels.map(lambda label: label.replace("_", "x")), files)
rules = st.dictionaries(names | urls, urls | st.none(), max_size=4)
maps = st.builds(
    lambda imports, scopes, integrity: {"imports": imports, "scopes": scopes, "integrity": integrity},
    rules,
    st.dictionaries(urls.map(lambda url: url.rpartition("/")[0] + "/"), rules, max_size=3),
    st.dictionaries(urls, labels, max_size=3),
)


@given(maps)
def test_a_parsed_map_survives_writing_and_reading(document: dict[str, Any]) -> None:
    parsed, _ = parse_import_map(document, base=PAGE)
    assert parse_import_map(serialise(parsed), base=PAGE)[0] == parsed


@given(maps, maps, names)
def test_a_second_map_changes_nothing_that_already_led_somewhere(
    first: dict[str, Any], second: dict[str, Any], specifier: str
) -> None:
    old, new = (parse_import_map(document, base=PAGE)[0] for document in (first, second))
    merged, conflicts = merge(old, new)
    assert merged.imports.items() >= old.imports.items()
    assert merged.integrity.items() >= old.integrity.items()
    assert merge(merged, new) == (merged, conflicts)
    assert merge(old, ParsedImportMap()) == (old, [])
    # Only a rule of the second map for exactly this specifier, or above it, can have changed its meaning.
    if specifier in old.imports and old.imports[specifier] is not None and not new.scopes and not old.scopes:
        assert resolve_specifier(merged, specifier, importer=PAGE) == old.imports[specifier]


@given(json_values)
def test_storage_that_is_read_survives_writing_and_reading(value: object) -> None:
    try:
        storage = decode_storage(json.dumps(value))
    except HanseError:
        return
    assert decode_storage(encode_storage(storage)) == storage
