"""`lint` reports every fault, not the first."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hanse.formats.lint import Fault, Kind, guess_kind, lint

DIGEST = "sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb"


def faults_of(document: object, kind: Kind) -> list[Fault]:
    """Lint a document given as values, or as text."""
    text = document if isinstance(document, str) else json.dumps(document)
    return lint(text.encode(), subject="document", kind=kind)


def paths(document: object, kind: Kind, severity: str | None = None) -> list[str]:
    """Return where the faults are."""
    faults = faults_of(document, kind)
    return sorted(fault.path for fault in faults if severity in (None, fault.severity))


GOOD_ENTRY: dict[str, Any] = {
    "name": "team/shop",
    "exposes": [{"key": "./Card", "outFileName": "Card.js"}],
    "shared": [
        {
            "packageName": "react",
            "version": "19.2.1",
            "requiredVersion": "^19.0.0",
            "singleton": True,
            "bundle": "b",
            "entries": {"react": "react.js", "react/jsx-runtime": "jsx.js"},
        },
        {"packageName": "dep", "version": "1.0.0", "requiredVersion": False, "outFileName": "dep.js"},
    ],
    "chunks": {"b": ["chunk-A.js"]},
    "integrity": dict.fromkeys(["Card.js", "react.js", "jsx.js", "dep.js", "chunk-A.js"], DIGEST),
}


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (GOOD_ENTRY, "remote-entry"),
        ({"name": "a"}, "remote-entry"),
        ({"a": "/x", "team/b": {"url": "https://b/e.json", "integrity": DIGEST, "main": 1}}, "manifest"),
        ({}, "manifest"),
        ({"imports": {"a/": "/a/", "b": "./b.js"}, "scopes": {"/s/": {"a": "/b"}}}, "import-map"),
        ({"imports": {}, "integrity": {"/b": DIGEST, "./c": f"{DIGEST} {DIGEST}"}}, "import-map"),
        ('[federation]\nmanifest = "env:M"\nrefresh = "env:R"\n', "hanse-toml"),
    ],
)
def test_a_good_document_has_no_faults(document: object, kind: Kind) -> None:
    assert faults_of(document, kind) == []


def test_every_fault_of_a_remote_entry_is_listed() -> None:
    document = {
        "name": "__proto__",
        "exposes": [
            {"key": "./Card", "outFileName": "../Card.js"},
            {"key": "./Card", "outFileName": "Other.js"},
            {"key": 1},
            "x",
        ],
        "shared": [
            {"packageName": "react", "version": "19", "requiredVersion": "^x.y", "outFileName": "react.js"},
            {"packageName": "react", "version": "19.0.0", "outFileName": "react2.js"},
            {"packageName": "a b", "singleton": "yes", "bundle": "nope", "entries": {"/x": "x.js", "y": 3}},
            {"packageName": "empty", "pool": "__proto__", "versoin": "1.0.0"},
            {"packageName": "both", "outFileName": "b.js", "entries": {"both": "//b.js"}},
        ],
        "chunks": {"__proto__": "x", "c": ["%2e%2e/x.js", None]},
        "integrity": {"Other.js": "sha384-x", "ghost.js": DIGEST, "b.js": 1},
    }
    assert set(paths(document, "remote-entry", "error")) == {
        "$.name",
        "$.exposes[0].outFileName",
        "$.exposes[1]",
        "$.exposes[2].key",
        "$.exposes[2]",
        "$.exposes[3]",
        "$.shared[0].version",
        "$.shared[0].requiredVersion",
        "$.shared[1].packageName",
        "$.shared[2].packageName",
        "$.shared[2].singleton",
        '$.shared[2].entries["/x"]',
        "$.shared[2].entries.y",
        "$.shared[3].pool",
        "$.shared[3]",
        "$.shared[4].entries.both",
        "$.chunks.__proto__",
        "$.chunks.c[0]",
        "$.chunks.c[1]",
        '$.integrity["Other.js"]',
        '$.integrity["b.js"]',
    }
    warnings = set(paths(document, "remote-entry", "warning"))
    assert warnings >= {"$.shared[2].bundle", "$.shared[3].versoin", "$.shared[4].outFileName"}
    assert warnings >= {'$.integrity["ghost.js"]', "$.integrity"}


def test_what_is_said_of_a_fault() -> None:
    document = {
        "name": "a",
        "shared": [{"packageName": "p", "version": "x", "outFileName": "p.js", "sinleton": 1}],
    }
    assert faults_of(document, "remote-entry") == [
        Fault(
            path="$.shared[0].sinleton",
            message="nobody reads this field",
            found="'sinleton'",
            severity="warning",
            hint="did you mean `singleton`?",
        ),
        Fault(
            path="$.shared[0].version",
            message="this is not a version",
            found="'x'",
            expected="a version such as `19.2.1`",
            hint="the lowest version that `requiredVersion` accepts is taken in its place",
        ),
    ]


def test_the_same_package_in_two_share_scopes_is_no_repetition() -> None:
    item = {"packageName": "p", "version": "1.0.0", "outFileName": "p.js"}
    assert faults_of({"name": "a", "shared": [item, item | {"shareScope": "other"}]}, "remote-entry") == []


@pytest.mark.parametrize("kind", ["manifest", "remote-entry", "import-map"])
def test_a_repeated_key_is_found_at_any_depth(kind: Kind) -> None:
    text = '{"name": "/a", "x": [{"y": {"k": 1, "k": 2}}], "name": "/a"}'
    assert {"$.name", "$.x[0].y.k"} <= set(paths(text, kind, "error"))


@pytest.mark.parametrize("kind", ["manifest", "remote-entry", "import-map"])
@pytest.mark.parametrize(
    "text", ["null", "[]", '"x"', "3", "", "{", "NaN", '{"a": Infinity}', '{"\\ud800": 1}']
)
def test_what_is_no_document_at_all_is_an_error(kind: Kind, text: str) -> None:
    assert any(fault.severity == "error" for fault in faults_of(text, kind))


def test_a_fault_of_syntax_has_its_line() -> None:
    (fault,) = faults_of('{\n  "a": "/x",\n  b}', "manifest")
    assert fault.line == 3


def test_every_fault_of_a_manifest_is_listed() -> None:
    document = {
        "__proto__": "/a",
        "a b": "",
        "c": 3,
        "d": {"url": "https://[", "integrity": f"{DIGEST} {DIGEST}", "type": "amd", "server": None},
        "e": {"urll": "/x"},
    }
    assert paths(document, "manifest") == sorted(
        [
            "$.__proto__",
            '$["a b"]',
            '$["a b"]',
            "$.c",
            "$.d.url",
            "$.d.integrity",
            "$.d.type",
            "$.e",
            "$.e.urll",
        ]
    )


def test_every_fault_of_an_import_map_is_listed() -> None:
    document = {
        "imports": {
            "": "/x",
            "a": "bare",
            "b": None,
            "c/": "/c",
            "./d": "/1",
            "./x/../d": "/2",
            "__proto__": "/p",
        },
        "scopes": {"https://[": {"a": []}, "/s/": 3},
        "integrity": {"bare.js": DIGEST, "/x.js": "sha1-x", "/y.js": 1},
        "scops": {},
    }
    assert paths(document, "import-map", "error") == sorted(
        [
            '$.imports[""]',
            "$.imports.a",
            "$.imports.b",
            '$.imports["c/"]',
            '$.imports["./x/../d"]',
            "$.imports.__proto__",
            '$.scopes["https://["]',
            '$.scopes["https://["].a',
            '$.scopes["/s/"]',
            '$.integrity["bare.js"]',
            '$.integrity["/x.js"]',
            '$.integrity["/y.js"]',
        ]
    )
    assert paths(document, "import-map", "warning") == ["$.scops"]


def test_every_fault_of_a_toml_file_is_listed_with_its_line() -> None:
    text = '[federation]\npolcy = "x"\nrefresh = "soon"\n[remotes.a]\nkey = "env:NOT_SET"\nengine = 1\n'
    faults = faults_of(text, "hanse-toml")
    assert [(fault.line, fault.path) for fault in faults] == [
        (2, "federation.polcy"),
        (3, "federation.refresh"),
        (6, "remotes.a.engine"),
    ]
    (broken,) = faults_of("[federation]\nx = \n", "hanse-toml")
    assert broken.line == 2


def test_the_number_in_a_url_is_no_line() -> None:
    (fault,) = lint(b"[" * 5, subject="http://localhost:3000", kind="hanse-toml")
    assert fault.line != 3000


def test_a_document_that_is_too_large_is_not_read() -> None:
    (fault,) = lint(b" " * (2 << 20), subject="manifest.json")
    assert fault.message == "the document is too large"


@pytest.mark.parametrize(
    ("subject", "document", "kind"),
    [
        ("hanse.toml", "", "hanse-toml"),
        ("dist/browser/remoteEntry.json", {}, "remote-entry"),
        ("https://a.example/remoteEntry.8f3a.json?v=manifest", {}, "remote-entry"),
        ("importmap.json", {}, "import-map"),
        ("import-map.json", {}, "import-map"),
        ("federation.manifest.json", {}, "manifest"),
        ("a.json", {"name": "a", "exposes": []}, "remote-entry"),
        ("a.json", {"name": "a", "shared": []}, "remote-entry"),
        ("a.json", {"imports": {}}, "import-map"),
        ("a.json", {"a": "/x"}, "manifest"),
        ("a.json", "{", "manifest"),
    ],
)
def test_the_kind_is_guessed_from_name_and_content(subject: str, document: object, kind: Kind) -> None:
    text = document if isinstance(document, str) else json.dumps(document)
    assert guess_kind(text.encode(), subject) == kind


def test_what_only_the_decoder_knows_is_a_fault_as_well() -> None:
    text = '{"name": "a", "exposes": [{"key": "./a", "outFileName": "a.js", "dev": 1e999}]}'
    (fault,) = faults_of(text, "remote-entry")
    assert (fault.severity, fault.path) == ("error", "$.exposes[0].dev")
