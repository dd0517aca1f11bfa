"""A hostile Module Federation manifest: no name pollutes, no file leaves, no text is run."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import FormatError
from hanse.formats.federated_stats import decode_federated_stats
from hanse.formats.lint import lint
from hanse.formats.mf_checks import asset_name_fault, folder_fault
from hanse.formats.mf_manifest import decode_mf_manifest
from hanse.formats.mf_places import place_file
from hanse.formats.read_container import read_container

ESCAPES = [
    "../x.js",
    "a/../../x.js",
    "./../x.js",
    "//evil.example/x.js",
    "https://evil.example/x.js",
    "javascript:alert(1).js",
    "data:text/javascript,x.js",
    "\\\\evil.example/x.js",
    "a\\..\\x.js",
    "%2e%2e/x.js",
    "a/%2e%2e/%2e%2e/x.js",
    ".%2e/x.js",
    "x.js?y.js",
    "x.js#y.js",
    "\t../x.js",
    ".\n./x.js",
    "x y.js",
    '"><script>.js',
    "x.html",
    "",
    "/",
    "a//x.js",
    "x" * 5000 + ".js",
]
NAMES = ["__proto__", "a/__proto__", "", "a b", "\u202ea", "a\\b", "x" * 5000]


@pytest.mark.parametrize("file", ESCAPES)
def test_a_file_that_could_leave_the_folder_is_refused_wherever_it_stands(file: str) -> None:
    assets = {"js": {"sync": [file]}}
    documents: list[dict[str, object]] = [
        {"exposes": [{"path": "./a", "assets": assets}]},
        {"exposes": [{"path": "./a", "assets": {"css": {"async": [file]}}}]},
        {"shared": [{"name": "a", "assets": assets}]},
        {"metaData": {"remoteEntry": {"name": file}}},
    ]
    for document in documents:
        with pytest.raises(FormatError):
            decode_mf_manifest(document, subject="doc")
    with pytest.raises(FormatError):
        decode_federated_stats({"federatedModules": [{"exposes": {"./a": [file]}}]}, subject="doc")


@pytest.mark.parametrize(
    "path", ["..", "../", "a/../..", "//evil.example", "https://evil.example/", "a\\b", "%2e%2e"]
)
def test_a_folder_that_leads_out_is_refused(path: str) -> None:
    assert folder_fault(path)
    with pytest.raises(FormatError):
        decode_mf_manifest({"metaData": {"remoteEntry": {"name": "e.js", "path": path}}}, subject="doc")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_pollutes_is_refused_wherever_it_stands(name: str) -> None:
    documents: list[dict[str, object]] = [
        {"name": name},
        {"metaData": {"name": name}},
        {"metaData": {"globalName": name}},
        {"shared": [{"name": name}]},
        {"exposes": [{"path": name or " "}]},
        {"exposes": [{"name": name}]},
    ]
    for document in documents:
        with pytest.raises(FormatError):
            decode_mf_manifest(document, subject="doc")


@pytest.mark.parametrize("scope", ["__proto__", ["default", "__proto__"]])
def test_a_share_scope_that_pollutes_is_refused(scope: object) -> None:
    with pytest.raises(FormatError):
        decode_mf_manifest({"shared": [{"name": "a", "shareScope": scope}]}, subject="doc")


@pytest.mark.parametrize("name", ["constructor", "toString", "prototype"])
def test_names_that_objects_have_anyway_are_names(name: str) -> None:
    document = {
        "name": name,
        "metaData": {"globalName": name},
        "shared": [{"name": name, "version": "1.0.0"}],
    }
    found = read_container(
        decode_mf_manifest(document, subject="d"), name=name, url="https://a.example/m.json"
    )
    assert found.global_name == name
    assert [use.package for use in found.shared or ()] == [name]


def test_javascript_in_the_document_stays_text() -> None:
    code = "(() => { throw new Error('ran') })()"
    document = {"metaData": {"getPublicPath": code, "remoteEntry": {"name": "e.js"}}}
    found = read_container(
        decode_mf_manifest(document, subject="d"), name="a", url="https://a.example/m.json"
    )
    assert found.script == "https://a.example/e.js"
    assert code not in repr(found)


@given(st.text(alphabet="./\\%2eE:?#@[]()!$a\t\n~-", max_size=24))
def test_whatever_a_file_is_called_it_stays_in_its_folder(text: str) -> None:
    file = f"{text}.js"
    if asset_name_fault(file) is None:
        placed = place_file("https://a.example/x/", file)
        assert placed is not None
        assert placed.startswith("https://a.example/x/")


def test_a_document_that_repeats_itself_is_cheap() -> None:
    item = {"path": "./a", "assets": {"js": {"sync": ["a.js"] * 1000}}}
    document = json.dumps({"exposes": [item] * 60}).encode()
    with pytest.raises(FormatError, match="too many"):
        decode_mf_manifest(document, subject="doc")


@pytest.mark.parametrize(
    "bomb", [b"[" * 100_000, b'{"federatedModules":[' + b'{"a":' * 100_000, b"null", b"<html>"]
)
def test_federated_stats_that_are_none_are_refused(bomb: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        decode_federated_stats(bomb, subject="doc")
    assert caught.value.subject == "doc"
    assert any(fault.severity == "error" for fault in lint(bomb, subject="doc", kind="federated-stats"))


def test_federated_stats_that_flood_are_refused() -> None:
    exposes = {f"./{index}": ["a.js"] * 100 for index in range(600)}
    with pytest.raises(FormatError, match="too many files"):
        decode_federated_stats({"federatedModules": [{"exposes": exposes}]}, subject="doc")
