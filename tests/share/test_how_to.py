"""The guide on configuring a build, followed word by word; a stand-in records what the plugin is given."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hanse.share.presets import framework_shared, next_shared, plain_table
from scripts.node import ensure_node
from tests.cli.running import make_run
from tests.house.source import ROOT

pytestmark = pytest.mark.node

GUIDE = (ROOT / "docs" / "how-to" / "configure-a-module-federation-build.md").read_text()
COMMANDS = re.findall(r"^hanse (.*?) > (\S+)$", GUIDE, re.MULTILINE)
CONFIGS = [
    block
    for block in re.findall(r"^```js\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    if "export default" in block
]
PLUGIN = "export class ModuleFederationPlugin { constructor(options) { this.options = options; } }"
ASK = """
const { default: config } = await import("./config.mjs");
const { wrap } = await import("./wrap.mjs");
const kept = [];
for (const request of ["react", "lodash"]) {
  for (const one of config.externals ?? []) kept.push((await one({ request })) ?? null);
}
const wrapped = wrap(async ({ request }) => (request === "own" ? undefined : `module ${request}`));
const answers = [];
for (const request of ["react", "lodash", "own"]) answers.push((await wrapped({ request })) ?? null);
console.log(JSON.stringify({ shared: config.plugins[0].options.shared, kept, answers }));
"""


def print_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Run the guide's commands; their outputs become files."""
    for line, file in COMMANDS:
        found = make_run(capsys)(*shlex.split(line))
        assert found.code == 0, found.err
        (folder / file).write_text(found.out)


def configured(folder: Path, config: str) -> Any:
    """Let Node import a configuration of the guide; tell what it gives."""
    stand_in = folder / "node_modules" / "@module-federation" / "enhanced"
    stand_in.mkdir(parents=True, exist_ok=True)
    exports = {"./rspack": "./plugin.mjs", "./webpack": "./plugin.mjs"}
    (stand_in / "package.json").write_text(
        json.dumps({"name": "@module-federation/enhanced", "exports": exports})
    )
    (stand_in / "plugin.mjs").write_text(PLUGIN)
    wrap = next(block for block in re.findall(r"^```js\n(.*?)^```$", GUIDE, re.M | re.S) if "wrap" in block)
    for name, text in {"config.mjs": config, "wrap.mjs": wrap, "ask.mjs": ASK}.items():
        (folder / name).write_text(text)
    program = [str(ensure_node().program), "ask.mjs"]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_guides_configurations_share_what_the_presets_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    own = re.findall(r"^```json\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)[0]
    (tmp_path / "shared.json").write_text(own)
    print_files(tmp_path, capsys)
    react, server = (configured(tmp_path, config) for config in CONFIGS)
    assert react["shared"] == {**plain_table(framework_shared("react")), **json.loads(own)}
    assert react["kept"] == []
    assert server["shared"] == plain_table(next_shared("server"))
    assert server["kept"] == ["commonjs react", None]
    assert server["answers"] == ["module react", None, None]
