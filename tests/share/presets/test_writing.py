"""What is written for a build is run by Node, and read back."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hanse.share.presets import (
    Config,
    SharedOption,
    SharedTable,
    decide_external,
    javascript,
    layered_table,
    merge_shared,
    next_shared,
    plain_config,
)
from hanse.share.presets.options import given
from hanse.share.presets.writing import ModuleFormat
from scripts.node import ensure_node

REQUESTS = [
    "react", "react/jsx-runtime", "react-dom/client", "react-carousel", "next/router", "next/navigation",
    "lodash", "styled-jsx", "styled-jsx/style", "@module-federation/runtime", "./local",
    "my-ui/button", "constructor",
]  # fmt: skip
LAYERS = [None, "rsc", "ssr", "api", "constructor"]

ASK = """
const written = await import(process.argv[1]);
const tell = (value) => (value === undefined ? "<undefined>" : value);
const shared = Object.entries(written.shared).map(([key, entry]) => [
  key,
  typeof entry === "string" ? entry : Object.entries(entry).map(([name, value]) => [name, tell(value)]),
]);
const { requests, layers } = JSON.parse(process.argv[2]);
const externals = [];
for (const layer of layers) {
  for (const request of requests) {
    let answer;
    const contextInfo = { issuerLayer: layer ?? undefined };
    for (const one of written.externals) answer ??= await one({ request, contextInfo });
    externals.push(answer ?? null);
  }
}
const answers = [undefined, "module react", "react"];
const decided = written.decide ? answers.map((answer) => tell(written.decide("react", answer))) : null;
console.log(JSON.stringify({ shared, externals, decided, exports: Object.keys(written).sort() }));
"""


def run(folder: Path, text: str, module: ModuleFormat) -> Any:
    """Let Node import the file, and tell what it gives."""
    file = folder / ("shared.mjs" if module == "esm" else "shared.cjs")
    file.write_text(text, encoding="utf-8")
    asked = json.dumps({"requests": REQUESTS, "layers": LAYERS})
    done = subprocess.run(
        [str(ensure_node().program), "--input-type=module", "-e", ASK, str(file), asked],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def told(table: SharedTable) -> list[list[object]]:
    """Write a table as Node tells it."""
    return [
        [
            key,
            entry
            if isinstance(entry, str)
            else [
                [name, "<undefined>" if value is None else [*value] if isinstance(value, tuple) else value]
                for name, value in given(entry)
            ],
        ]
        for key, entry in table.items()
    ]


OWN: SharedTable = {
    "my-ui/": SharedOption(singleton=True, share_scope=("a", "b")),
    'it\'s "quoted"\u2028': "^1.0.0",
    "__proto__": SharedOption(eager=True),
    "const": SharedOption(),
    "react-dom/client": SharedOption(import_="./own.js", required_version="^19 || */ <script>"),
}


@pytest.mark.node
@pytest.mark.parametrize("module", ["esm", "commonjs"])
@pytest.mark.parametrize("layered", [False, True])
def test_node_reads_the_servers_table_and_decides_as_hanse_does(
    tmp_path: Path, module: ModuleFormat, layered: bool
) -> None:
    table = next_shared("server", OWN, layered="corrected" if layered else None)
    answer = run(tmp_path, javascript(Config(table, external=True, origin="a\nb */"), module=module), module)
    assert answer["shared"] == told(table)
    assert answer["externals"] == [
        decide_external(request, shared=table, issuer_layer=layer).external
        for layer in LAYERS
        for request in REQUESTS
    ]
    assert answer["decided"] == ["<undefined>", "module react", "<undefined>"]
    assert {"shared", "externals", "decide", "default"} <= set(answer["exports"])


@pytest.mark.node
def test_node_reads_a_table_without_externals(tmp_path: Path) -> None:
    table = next_shared("client", OWN)
    answer = run(tmp_path, javascript(Config(table)), "esm")
    assert answer["shared"] == told(table)
    assert answer["externals"] == [None] * len(REQUESTS) * len(LAYERS)
    assert answer["decided"] is None
    empty = run(tmp_path, javascript(Config({})), "esm")
    assert empty["shared"] == []


def test_json_has_the_rules_of_the_server_and_nothing_undefined() -> None:
    table = merge_shared(
        {"react": SharedOption(import_=False), "a/": SharedOption(import_=None)}, {"b": "^1"}
    )
    assert plain_config(Config(table, external=True)) == {
        "shared": {"react": {"import": False}, "a/": {}, "b": "^1"},
        "externals": {
            "bundle": {
                "exact": ["b"],
                "containing": ["a/"],
                "requestContaining": "@module-federation/",
                "layers": {},
            },
            "external": {
                "exact": ["react", "react-dom", "styled-jsx/style"],
                "prefixes": ["next", "react/", "react-dom/"],
            },
            "otherwise": "bundle",
        },
    }
    assert plain_config(Config(table))["externals"] is None


def test_layers_have_rules_of_their_own() -> None:
    rules: Any = plain_config(Config(layered_table("server"), external=True))["externals"]
    both = {"exact": ["react", "react-dom", "next/navigation"], "containing": ["react/"]}
    assert rules["bundle"]["layers"] == {"rsc": both, "ssr": both}
    assert rules["bundle"]["exact"] == []
