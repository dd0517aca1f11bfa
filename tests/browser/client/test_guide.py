"""Every piece of JavaScript in the reference does what it says, on one page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.client.fakes import describe, give, write_container
from tests.browser.client.stage import Stage, call, give_map
from tests.house.source import ROOT

pytestmark = pytest.mark.browser

GUIDE = (ROOT / "docs" / "reference" / "client.md").read_text()
BLOCKS = re.findall(r"^```js\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
ELEMENT = re.findall(r"^```html\n(<div.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)[0]

RUNTIME = "export const createInstance = (options) => ({ loadRemote: async (id) => ({ id, ...options }) });"


def run_inside(script: str) -> str:
    """Return a block as it may stand in a function, where there is no `import` of names."""
    return re.sub(
        r"^import (\{.*?\}) from (.*?);$", r"const \1 = await import(\2);", script, flags=re.MULTILINE
    )


def test_the_reference_is_true(tab: Page, stage: Stage) -> None:
    (module,) = [one for one in BLOCKS if one.startswith("export")]
    scripts = [one for one in BLOCKS if not one.startswith("export")]
    assert len(scripts) > 4
    stage.imports = {"team/mfe1/./Button": "/Button.js", "@module-federation/runtime": "/runtime.js"}
    stage.modules = {
        "/Button.js": module,
        "/Chat.js": "export const mount = () => {};",
        "/ferry.js": write_container("ferry", "'./Timetable': () => ({ mount() {} })"),
        "/runtime.js": RUNTIME,
    }
    give(stage, {"ferry": describe("ferry")})
    stage.delta = give_map({"team/chat/./Chat": "/Chat.js"}, name="team/chat")
    stage.body = f"{ELEMENT}<main></main>"
    tab.goto(stage.url)
    expect(tab.locator("div")).to_have_text("Buy")
    for script in scripts:
        assert call(tab, f"await (async () => {{ {run_inside(script)}; return 'done'; }})()") == "done", (
            script
        )
    expect(tab.locator("main")).to_have_text("Buy")
    assert len(stage.deltas()) == 1
    assert tab.evaluate("window.heard") == []


def test_every_reason_is_listed(stage: Stage) -> None:
    """The loader's source names no reason that the reference leaves out, and the other way round."""
    table = GUIDE.partition("## Errors")[2].partition("\n## ")[0]
    listed = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    named = set(re.findall(r"(?:fault\(|reason=)'(\w+)'", stage.loader))
    assert {*named, "unknown", "server"} == listed
