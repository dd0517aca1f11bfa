from __future__ import annotations

import json
from typing import Any

import pytest

from hanse.errors import FormatError
from hanse.formats.lint import guess_kind, lint
from hanse.formats.server_entry import (
    ContainerScript,
    ServerEntry,
    ServerModule,
    ServerPage,
    build_digest,
    decode_server_entry,
    encode_server_entry,
    server_entry_faults,
)
from hanse.limits import Limits

DIGEST = "sha384-" + "A" * 64
MODULE = {"digest": DIGEST, "size": 10}
DOCUMENT: dict[str, Any] = {
    "schema": 1,
    "name": "shop",
    "version": "1.4.0",
    "build": DIGEST,
    "serial": 17,
    "exposes": {"./ProductCard": "product-card.js"},
    "pages": [{"path": "/shop/products/[id]", "module": "pages/product.js", "loader": True}],
    "modules": {
        "product-card.js": {
            **MODULE,
            "imports": ["chunk-A.js"],
            "externals": ["react"],
            "styles": ["product-card.css"],
        },
        "chunk-A.js": MODULE,
        "pages/product.js": MODULE,
        "react.js": MODULE,
    },
    "shared": [{"packageName": "react", "version": "19.3.1", "entries": {"react": "react.js"}}],
    "ofTomorrow": True,
}


def decode(**changes: object) -> ServerEntry:
    return decode_server_entry({**DOCUMENT, **changes}, subject="server-entry.json")


def test_a_document_is_decoded_with_its_defaults() -> None:
    entry = decode_server_entry(json.dumps(DOCUMENT), subject="server-entry.json")
    assert (entry.format, entry.layer, entry.container) == ("esm", "ssr", None)
    assert entry.exposes == {"./ProductCard": "product-card.js"}
    assert entry.pages == (ServerPage("/shop/products/[id]", "pages/product.js", loader=True),)
    assert entry.modules["chunk-A.js"] == ServerModule(DIGEST, 10)
    assert entry.modules["product-card.js"].externals == ("react",)
    assert entry.shared[0].entries == {"react": "react.js"}


def test_what_was_encoded_is_decoded_alike() -> None:
    entry = decode()
    assert decode_server_entry(encode_server_entry(entry), subject="again") == entry


def test_a_container_has_its_script_and_global() -> None:
    container = {"script": "react.js", "global": "shop"}
    assert decode(format="cjs", container=container).container == ContainerScript("react.js", "shop")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"schema": 2}, "$.schema"),
        ({"name": "__proto__"}, "$.name"),
        ({"version": ""}, "$.version"),
        ({"build": "latest"}, "$.build"),
        ({"serial": -1}, "$.serial"),
        ({"serial": 2**53}, "$.serial"),
        ({"serial": "17"}, "$.serial"),
        ({"format": "umd"}, "$.format"),
        ({"layer": "moon"}, "$.layer"),
        ({"format": "cjs"}, "$.container"),
        ({"container": {"script": "react.js", "global": "shop"}}, "$.container"),
        ({"format": "cjs", "container": {"script": "react.js", "global": "a b"}}, "$.container.global"),
        ({"format": "cjs", "container": {"script": "hole.js", "global": "a"}}, "$.container.script"),
        ({"exposes": {"": "react.js"}}, '$.exposes[""]'),
        ({"exposes": {"./a": "hole.js"}}, '$.exposes["./a"]'),
        ({"pages": [{"path": "shop", "module": "react.js"}]}, "$.pages[0].path"),
        ({"pages": [{"path": "/../x", "module": "react.js"}]}, "$.pages[0].path"),
        ({"pages": [{"path": "/x?y", "module": "react.js"}]}, "$.pages[0].path"),
        ({"pages": [{"path": "/", "module": "hole.js"}]}, "$.pages[0].module"),
        ({"shared": [{"packageName": "/react"}]}, "$.shared[0].packageName"),
        ({"shared": [{"packageName": "a", "entries": {"a": "hole.js"}}]}, "$.shared[0].entries.a"),
        ({"shared": [{"packageName": "a", "outFileName": "hole.js"}]}, "$.shared[0].outFileName"),
    ],
)
def test_a_fault_has_its_path(changes: dict[str, object], path: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode(**changes)
    assert caught.value.path == path
    assert caught.value.subject == "server-entry.json"


@pytest.mark.parametrize(
    ("module", "path"),
    [
        ({**MODULE, "digest": "sha256-" + "A" * 43 + "="}, ".digest"),
        ({**MODULE, "size": -1}, ".size"),
        ({**MODULE, "size": 1 << 40}, ".size"),
        ({**MODULE, "imports": ["hole.js"]}, ".imports[0]"),
        ({**MODULE, "externals": ["./react"]}, ".externals[0]"),
        ({**MODULE, "styles": ["../a.css"]}, ".styles[0]"),
    ],
)
def test_a_modules_fault_has_its_path(module: dict[str, object], path: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode(modules={**DOCUMENT["modules"], "m.js": module})
    assert caught.value.path == f'$.modules["m.js"]{path}'


@pytest.mark.parametrize("name", ["../a.js", "__proto__/a.js", "/a.js", "a\n.js", "https://x/a.js"])
def test_a_module_lies_in_the_build(name: str) -> None:
    with pytest.raises(FormatError):
        decode(modules={**DOCUMENT["modules"], name: MODULE})


def test_all_faults_are_named_not_only_the_first() -> None:
    document = {**DOCUMENT, "schema": 3, "serial": -1, "exposes": {"./a": "hole.js", "./b": "gap.js"}}
    found = lint(json.dumps(document).encode(), subject="server-entry.json")
    assert [fault.path for fault in found] == [
        "$.schema",
        "$.serial",
        '$.exposes["./a"]',
        '$.exposes["./b"]',
    ]
    assert lint(json.dumps(DOCUMENT).encode(), subject="server-entry.json") == []
    missing = lint(b'{"schema": 1, "nmae": "shop"}', subject="server-entry.json")
    assert {fault.message for fault in missing} >= {"`name` is missing", "`modules` is missing"}


def test_lint_knows_it_by_name_and_by_content() -> None:
    assert guess_kind(b"{}", "dist/server-entry.json") == "server-entry"
    assert guess_kind(json.dumps(DOCUMENT).encode(), "x.json") == "server-entry"


def test_counts_have_caps() -> None:
    entry = decode()
    faults = server_entry_faults(
        entry, limits=Limits(exposes_per_entry=0, stream_modules=3, shared_per_entry=0)
    )
    assert [fault.path for fault in faults] == ["$.exposes", "$.pages", "$.modules", "$.shared"]


def test_a_builds_digest_is_that_of_all_but_build_and_serial() -> None:
    digest = build_digest(json.dumps(DOCUMENT).encode(), subject="x")
    later = {**dict(reversed(DOCUMENT.items())), "build": "another", "serial": 18}
    assert build_digest(json.dumps(later).encode(), subject="x") == digest
    changes: list[dict[str, Any]] = [{"version": "1.4.1"}, {"ofTomorrow": False}, {"exposes": {}}]
    for change in changes:
        assert build_digest(json.dumps({**DOCUMENT, **change}).encode(), subject="x") != digest
