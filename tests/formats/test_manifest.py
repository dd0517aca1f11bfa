"""The manifest, as the ecosystem writes it and with what Hanse adds."""

from __future__ import annotations

import json

import pytest

from hanse.errors import FormatError
from hanse.formats.manifest import Remote, decode_manifest, encode_manifest, javascript_order
from hanse.limits import Limits

TEXT = b"""{
  "team/mfe1": "https://a.example/mfe1/remoteEntry.json",
  "shop": {"url": "./shop/remoteEntry.json", "integrity": "sha384-x", "main": "ignored"},
  "@acme/checkout": {"url": "/c/remoteEntry.json", "server": "https://c.example/", "type": "mf"}
}"""


def test_strings_and_objects_become_remotes_in_their_order() -> None:
    manifest = decode_manifest(TEXT, subject="manifest.json")
    assert list(manifest.items()) == [
        ("team/mfe1", Remote("https://a.example/mfe1/remoteEntry.json")),
        ("shop", Remote("./shop/remoteEntry.json", "sha384-x")),
        ("@acme/checkout", Remote("/c/remoteEntry.json", server="https://c.example/", type="mf")),
    ]


def test_bytes_text_and_dict_are_read_alike() -> None:
    expected = decode_manifest(TEXT, subject="m")
    assert decode_manifest(TEXT.decode(), subject="m") == expected
    assert decode_manifest(json.loads(TEXT), subject="m") == expected
    assert decode_manifest(b"\xef\xbb\xbf" + TEXT, subject="m") == expected


def test_a_manifest_without_remotes_is_fine() -> None:
    assert decode_manifest(b"{}", subject="m") == {}
    assert decode_manifest({}, subject="m") == {}


def test_writing_gives_the_shortest_form_back() -> None:
    manifest = decode_manifest(TEXT, subject="m")
    written = json.loads(encode_manifest(manifest))
    assert written == {
        "team/mfe1": "https://a.example/mfe1/remoteEntry.json",
        "shop": {"url": "./shop/remoteEntry.json", "integrity": "sha384-x"},
        "@acme/checkout": {"url": "/c/remoteEntry.json", "server": "https://c.example/", "type": "mf"},
    }
    assert decode_manifest(encode_manifest(manifest), subject="m") == manifest


@pytest.mark.parametrize(
    ("text", "path", "found", "expected"),
    [
        (b"null", "$", "null", "object"),
        (b"[]", "$", "array", "object"),
        (b'"x"', "$", "str", "object"),
        (b'{"a": null}', "$.a", "null", "str | object"),
        (b'{"a": 1}', "$.a", "int", "str | object"),
        (b'{"a": "/x", "b.c": {"url": 1}}', '$["b.c"].url', "int", "str"),
        (b'{"a": {"url": "/x"}, "b": {}}', "$.b", "", "a value for `url`"),
        (b'{"a": {"url": "/x", "integrity": []}}', "$.a.integrity", "array", "str | null"),
        (b'{"a": ""}', "$.a.url", "''", "a URL"),
        (b'{"a": "https://["}', "$.a.url", "'https://['", "a URL"),
        (b'{"a": {"url": "/x", "server": "http://:x"}}', "$.a.server", "'http://:x'", "a URL"),
    ],
)
def test_a_fault_names_document_path_found_and_expected(
    text: bytes, path: str, found: str, expected: str
) -> None:
    with pytest.raises(FormatError) as caught:
        decode_manifest(text, subject="https://a.example/manifest.json")
    error = caught.value
    assert (error.subject, error.path) == ("https://a.example/manifest.json", path)
    assert (error.found, error.expected) == (found, expected)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"<!doctype html>", b'{"a": "\xff"}', b"{} {}", b"{'a': 1}", b"NaN"]
)
def test_what_is_not_json_is_named(text: bytes) -> None:
    with pytest.raises(FormatError, match="not JSON") as caught:
        decode_manifest(text, subject="manifest.json")
    assert caught.value.subject == "manifest.json"


def test_an_unknown_type_of_remote_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        decode_manifest({"a": {"url": "/x", "type": "amd"}}, subject="m")
    assert caught.value.path == "$.a.type"


def test_too_many_remotes_are_refused() -> None:
    with pytest.raises(FormatError, match="too many remotes"):
        decode_manifest({"a": "/a", "b": "/b"}, subject="m", limits=Limits(remotes_per_manifest=1))


def test_a_manifest_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(FormatError, match="too large"):
        decode_manifest(b" " * (50 << 20), subject="m")


def test_javascript_goes_through_array_indices_first() -> None:
    keys = ["b", "42", "7", "a", "007", "4294967294", "4294967295", "-1", "1.0", "\u0664"]
    ordered = javascript_order(dict.fromkeys(keys, 0))
    assert list(ordered) == ["7", "42", "4294967294", "b", "a", "007", "4294967295", "-1", "1.0", "\u0664"]


def test_of_a_repeated_key_the_last_value_counts_in_the_first_place() -> None:
    manifest = decode_manifest(b'{"a": "/1", "b": "/2", "a": "/3"}', subject="m")
    assert [(name, remote.url) for name, remote in manifest.items()] == [("a", "/3"), ("b", "/2")]
