from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hanse.share.build_options import decode_next_options
from hanse.share.build_plan import plan_build
from hanse.share.presets import Target
from scripts.node import ensure_node
from tests.cli.running import Run

SHOP = {
    "name": "shop",
    "filename": "static/chunks/remoteEntry.js",
    "exposes": {"./Card": "./components/Card.jsx"},
    "shared": {"lodash": {"singleton": True, "requiredVersion": "^4.17.0"}},
}


@pytest.fixture
def options(tmp_path: Path) -> Path:
    file = tmp_path / "federation.json"
    file.write_text(json.dumps(SHOP))
    return file


@pytest.mark.parametrize("target", ["server", "client"])
def test_json_is_the_plan(run: Run, options: Path, target: Target) -> None:
    planned = plan_build(target, 15, decode_next_options(json.dumps(SHOP)))
    for words in (["--json"], ["--format", "json"]):
        found = run("share", "plan", "--target", target, "--options", options, *words)
        assert (found.code, found.json) == (0, json.loads(msgspec.json.encode(planned)))


def test_the_build_and_the_version_choose_the_plan(run: Run, options: Path) -> None:
    def effects(*words: str) -> dict[str, Any]:
        found = run("share", "plan", "--target", "server", "--options", options, "--json", *words).json
        return {effect["at"]: effect["value"] for step in found["steps"] for effect in step["effects"]}

    assert "output.chunkFilename" not in effects()
    assert effects("--chunk-filename", "[id].js")["output.chunkFilename"] == "[id]-[contenthash].js"
    assert "react-rsc" in effects("--layered")["federation.shared"]
    versions = [
        effects("--next", number)["federation.shared"]["styled-jsx"]["version"] for number in ("14", "15")
    ]
    assert versions == ["5.1.1", "5.1.6"]
    assert effects("--development")["CopyFederationPlugin"]["to"] == "static/ssr"
    client = run(
        "share", "plan", "--target", "client", "--options", options, "--json", "--public-path", "/own/"
    ).json
    assert "output.publicPath" not in {e["at"] for step in client["steps"] for e in step["effects"]}
    assert effects("--styled-jsx", "5.0.0")["federation.shared"]["styled-jsx"]["version"] == "5.0.0"
    documented = plan_build(
        "server", 15, decode_next_options(json.dumps(SHOP)), variant="documented", layered="documented"
    )
    said = run(
        *("share", "plan", "--target", "server", "--options", options, "--json"),
        *("--variant", "documented", "--layered"),
    ).json
    assert said == json.loads(msgspec.json.encode(documented))


def test_what_the_plugin_finds_can_be_said(run: Run, options: Path) -> None:
    options.write_text(json.dumps({**SHOP, "extraOptions": {"exposePages": True}}))

    def effects(*words: str) -> dict[str, Any]:
        found = run("share", "plan", "--target", "server", "--options", options, "--json", *words).json
        return {effect["at"]: effect["value"] for step in found["steps"] for effect in step["effects"]}

    pages = effects("--pages", "pages/index.tsx", "--pages", "pages/a/[id].tsx")["federation.exposes"]
    assert {"./pages/index", "./pages/a/[id]"} < {*pages}
    two = ("--externals", "string", "--externals", "function")
    assert "externals[1]" in effects(*two)
    assert "externals[1]" not in effects(*two, "--detection", "first")
    assert "externals[0]" in effects()
    refused = run("share", "plan", "--target", "server", "--options", options, "--app-dir")
    assert (refused.code, refused.out) == (2, "")
    assert "the app directory" in refused.err


def test_people_read_step_by_step(run: Run, options: Path) -> None:
    found = run("share", "plan", "--target", "server", "--options", options)
    assert found.code == 0
    assert found.out.startswith("1. validate-options: ")
    assert '   set federation.library {"type":"commonjs-module","name":"shop"}\n' in found.out


@pytest.mark.node
def test_node_imports_the_steps(run: Run, options: Path, tmp_path: Path) -> None:
    words = ["--next", "14", "--pages", "pages/a b.tsx", "--public-path", "/_next/"]
    found = run("share", "plan", "--target", "client", "--options", options, "--format", "js", *words)
    command = found.out.splitlines()[0].removeprefix("// Made by `hanse ").removesuffix("`.")
    assert shlex.split(command) == [
        *("share", "plan", "--target", "client", "--options", str(options)),
        *("--next", "14", "--pages", "pages/a b.tsx", "--format", "js"),
    ]
    assert run(*shlex.split(command)).out == found.out
    (tmp_path / "client.mjs").write_text(found.out)
    program = "import('./client.mjs').then((it) => console.log(JSON.stringify(it.steps)))"
    node = subprocess.run(
        [str(ensure_node().program), "-e", program], cwd=tmp_path, capture_output=True, timeout=60, check=True
    )
    planned = plan_build("client", 14, decode_next_options(json.dumps(SHOP)))
    assert json.loads(node.stdout) == json.loads(msgspec.json.encode(planned.steps))


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ('{"name": "shop"}', "filename"),
        ('{"name": "shop", "filename": "x.js", "exposed": {}}', "exposed"),
        ('{"name": "shop", "filename": "x.js", "shared": {"": {}}}', "$.shared"),
        ('{"name": "shop", "filename": "x.js", "remotes": {"cart": "cart@"}}', "$.remotes.cart"),
        ('{"name": "shop", "filename": "x.js", "remotes": {"cart": 1}}', "$.remotes.cart"),
        ("[]", "federation.json"),
        ("{", "federation.json"),
    ],
)
def test_options_that_cannot_be_are_named(run: Run, options: Path, document: str, word: str) -> None:
    options.write_text(document)
    found = run("share", "plan", "--target", "client", "--options", options)
    assert (found.code, found.out) == (2, "")
    assert word in found.err


def test_formats_do_not_mix(run: Run, options: Path) -> None:
    found = run("share", "plan", "--target", "client", "--options", options, "--json", "--format", "js")
    assert found.code == 2
    assert "--format" in found.err
