"""Mounting: what is marked is mounted, what fails keeps its fallback and says why."""

from __future__ import annotations

import html
import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.client.stage import Stage, call

pytestmark = pytest.mark.browser

MOUNTS = "export function mount(element, props) { element.textContent = JSON.stringify(props); }"


def element(module: str, props: str | None = None, fallback: str = "not here", **attributes: str) -> str:
    """Write an element to mount into."""
    found = {"data-hanse-module": module, "data-hanse-props": props, **attributes}
    written = (f'{name}="{html.escape(value)}"' for name, value in found.items() if value is not None)
    return f"<div {' '.join(written)}>{fallback}</div>"


@pytest.fixture
def ready(stage: Stage) -> Stage:
    stage.imports = {
        "team/mfe1/./Button": "/Button.js",
        "team/mfe1/Button": "/Button.js",
        "team/mfe1/./deep/Button": "/Button.js",
        "team/mfe1/deep/Button": "/Button.js",
    }
    stage.modules = {"/Button.js": MOUNTS}
    return stage


@pytest.mark.parametrize(
    "module", ["team/mfe1/./Button", "team/mfe1/Button", "team/mfe1/./deep/Button", "team/mfe1/deep/Button"]
)
def test_a_module_is_mounted_with_its_props(tab: Page, ready: Stage, module: str) -> None:
    props = {"label": "<b>\"x\" & 'y'</b>", "count": [1, None, 2.5]}
    ready.body = element(module, json.dumps(props)) + element(module)
    tab.goto(ready.url)
    expect(tab.locator("div").first).not_to_have_text("not here")
    assert json.loads(tab.locator("div").first.inner_text()) == props
    expect(tab.locator("div").last).to_have_text("{}")
    assert tab.evaluate("window.heard") == []
    assert ready.deltas() == []


def test_each_failure_is_its_own_and_keeps_what_was_there(tab: Page, ready: Stage) -> None:
    assert ready.imports is not None
    names = ("Throws", "Rejects", "Breaks", "Nothing", "Plain")
    ready.imports |= {f"team/mfe1/./{name}": f"/{name}.js" for name in names}
    ready.modules |= {
        "/Throws.js": "export const mount = () => { throw new Error('no room'); };",
        "/Rejects.js": "export const mount = async () => { throw new Error('no time'); };",
        "/Breaks.js": "throw new Error('no luck');",
        "/Nothing.js": "export const other = 1;",
        "/Plain.js": "export default function Component(props) { window.hit = 1; }",
    }
    ready.body = "".join(
        [
            *(element(f"team/mfe1/./{name}") for name in names),
            element("team/mfe1/./Button", "{"),
            element("team/gone/./Button", **{"data-hanse-remote": "team/gone"}),
            element("nameless"),
            element("team/mfe1/./Button", fallback="<b>last</b>"),
        ]
    )
    tab.goto(ready.url)
    expect(tab.locator("div").last).to_have_text("{}")
    failed = tab.locator("[data-hanse-fallback]")
    expect(failed).to_have_count(8)
    expect(failed).to_have_text(["not here"] * 8)
    reasons = ["mount", "mount", "load", "export", "export", "props", "unknown", "unknown"]
    remotes = ["team/mfe1"] * 6 + ["team/gone", "nameless"]
    assert [one.get_attribute("data-hanse-fallback") for one in failed.all()] == [
        f"remote={remote};reason={reason}" for remote, reason in zip(remotes, reasons, strict=True)
    ]
    messages = sorted(message for _, _, message in tab.evaluate("window.heard"))
    assert len(messages) == 8
    assert "hanse: team/mfe1/./Throws: no room" in messages
    assert any(one.startswith("hanse: team/mfe1/./Plain: it exports no mount function") for one in messages)
    assert tab.evaluate("window.hit") is None


def test_a_custom_element_is_created_under_a_name_of_its_own_or_a_new_one(tab: Page, ready: Stage) -> None:
    assert ready.imports is not None
    ready.imports |= {f"team/mfe1/./{name}": f"/{name}.js" for name in ("Named", "Unnamed", "Failing")}
    show = "connectedCallback() { this.textContent = `${this.localName} says ${this.label}`; }"
    ready.modules |= {
        "/Named.js": f"class Named extends HTMLElement {{ {show} }}"
        " customElements.define('mfe1-named', Named); export default Named;",
        "/Unnamed.js": f"export default class extends HTMLElement {{ {show} }}",
        "/Failing.js": "export default class extends HTMLElement {"
        " constructor() { super(); throw new Error('no parts'); } }",
    }
    ready.body = "".join(
        element(f"team/mfe1/./{name}", json.dumps({"label": label}))
        for name, label in (("Named", "a"), ("Unnamed", "b"), ("Unnamed", "c"), ("Failing", "d"))
    )
    tab.goto(ready.url)
    own, *new, failed = (tab.locator("body > div").nth(number) for number in range(4))
    expect(own).to_have_text("mfe1-named says a")
    expect(new[0]).to_have_text(re.compile("^hanse-[0-9] says b$"))
    expect(new[1]).to_have_text(re.compile("^hanse-[0-9] says c$"))
    expect(failed).to_have_text("not here")
    assert new[0].inner_text()[:7] == new[1].inner_text()[:7]
    expect(tab.locator("div").last).to_have_attribute("data-hanse-fallback", "remote=team/mfe1;reason=mount")
    assert tab.evaluate("window.heard[0][2]") == "hanse: team/mfe1/./Failing: no parts"


def test_props_are_only_props(tab: Page, ready: Stage) -> None:
    assert ready.imports is not None
    ready.imports["team/mfe1/./Named"] = "/Named.js"
    ready.modules["/Named.js"] = (
        "export default class extends HTMLElement { connectedCallback() {"
        " this.textContent = [this instanceof HTMLElement, this.polluted, this.toString].join(); } }"
    )
    evil = '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 2}}, "toString": 3}'
    ready.body = element("team/mfe1/./Named", evil) + element("team/mfe1/./Button", evil)
    tab.goto(ready.url)
    expect(tab.locator("body > div").first).to_have_text("true,,3")
    assert json.loads(tab.locator("body > div").last.inner_text()) == {
        "constructor": {"prototype": {"polluted": 2}},
        "toString": 3,
    }
    assert tab.evaluate("({}).polluted") is None


def test_what_the_server_has_given_up_on_is_left_alone(tab: Page, ready: Stage) -> None:
    ready.body = element(
        "team/mfe1/./Button", **{"data-hanse-fallback": "remote=team/mfe1;reason=unknown"}
    ) + element("team/mfe1/./Button", fallback="")
    tab.goto(ready.url)
    expect(tab.locator("div").last).to_have_text("{}")
    expect(tab.locator("div").first).to_have_text("not here")


def test_what_comes_later_is_mounted_on_request_and_nothing_twice(tab: Page, ready: Stage) -> None:
    ready.modules["/Button.js"] = (
        "export const mount = (element) => { element.dataset.times = (element.dataset.times ?? 0) - -1; };"
    )
    ready.body = element("team/mfe1/./Button")
    tab.goto(ready.url)
    expect(tab.locator("div").first).to_have_attribute("data-times", "1")
    add = """async () => {
      const root = document.createElement('main');
      const late = document.createElement('div');
      late.dataset.hanseModule = 'team/mfe1/./Button';
      root.append(late);
      document.body.append(root);
      await Promise.all([hanse.mount(root), hanse.mount()]);
    }"""
    tab.evaluate(add)
    assert [one.get_attribute("data-times") for one in tab.locator("div").all()] == ["1", "1"]


def test_one_that_never_ends_does_not_hold_up_the_others(tab: Page, ready: Stage) -> None:
    assert ready.imports is not None
    ready.imports["team/mfe1/./Never"] = "/Never.js"
    ready.modules["/Never.js"] = "await new Promise(() => {}); export const mount = () => {};"
    ready.body = element("team/mfe1/./Never") + element("team/mfe1/./Button")
    tab.goto(ready.url)
    expect(tab.locator("div").last).to_have_text("{}")
    assert call(tab, "typeof loadRemoteModule") == "function"
