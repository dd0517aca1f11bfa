"""Every piece of JavaScript in the reference does what it says, on one page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.client.stage import Stage, call, give_map
from tests.house.source import ROOT

pytestmark = pytest.mark.browser

GUIDE = (ROOT / "docs" / "reference" / "client.md").read_text()
BLOCKS = re.findall(r"^```js\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
ELEMENT = re.findall(r"^```html\n(<div.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)[0]


def test_the_reference_is_true(tab: Page, stage: Stage) -> None:
    (module,) = [one for one in BLOCKS if one.startswith("export")]
    scripts = [one for one in BLOCKS if not one.startswith("export")]
    assert len(scripts) > 4
    stage.imports = {"team/mfe1/./Button": "/Button.js"}
    stage.modules = {"/Button.js": module, "/Chat.js": "export const mount = () => {};"}
    stage.delta = give_map({"team/chat/./Chat": "/Chat.js"}, name="team/chat")
    stage.body = f"{ELEMENT}<main></main>"
    tab.goto(stage.url)
    expect(tab.locator("div")).to_have_text("Buy")
    for script in scripts:
        assert call(tab, f"await (async () => {{ {script}; return 'done'; }})()") == "done", script
    expect(tab.locator("main")).to_have_text("Buy")
    assert len(stage.deltas()) == 1
    assert tab.evaluate("window.heard") == []


def test_every_reason_is_listed(stage: Stage) -> None:
    """The loader's source names no reason that the reference leaves out, and the other way round."""
    table = GUIDE.partition("## Errors")[2].partition("\n## ")[0]
    listed = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    named = set(re.findall(r"(?:fault\(|reason=)'(\w+)'", stage.loader))
    assert {*named, "unknown", "server"} == listed
