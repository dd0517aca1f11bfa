"""Browsers that know one import map, or none: es-module-shims helps out, or an error says what is missing.

Chromium knows several. It is made to forget, in the page and in the frame in which es-module-shims looks for
what the browser can do.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from hanse.web.client import load_client
from tests.browser.client.fakes import describe, give, offer, write_container
from tests.browser.client.stage import Stage, call, give_map

pytestmark = [pytest.mark.browser, pytest.mark.node]

# A map that comes into the document by a script is none while it is prepared, unless it is the first there.
ONE_MAP = """(() => {
  const late = (node) => node.type === 'importmap' && document.querySelector('script[type=importmap]');
  for (const [owner, name] of [[Node, 'appendChild'], [Node, 'insertBefore'], [Element, 'append']]) {
    const original = owner.prototype[name];
    owner.prototype[name] = function (...nodes) {
      const muted = nodes.filter((node) => node && late(node));
      for (const node of muted) node.type = 'muted';
      const result = original.apply(this, nodes);
      for (const node of muted) node.type = 'importmap';
      return result;
    };
  }
})();"""

# Nor are those that are in the document from the start: they are muted when the parser has reached their end.
NO_MAPS = """(() => {
  HTMLScriptElement.supports = function supports(type) { return type === 'classic' || type === 'module'; };
  let muted = [];
  const restore = () => { for (const node of muted) node.type = 'importmap'; muted = []; };
  new MutationObserver((records) => {
    restore();
    if (document.readyState !== 'loading') return;
    for (const { addedNodes } of records)
      for (const node of addedNodes) {
        if (node.type !== 'importmap') continue;
        node.type = 'muted';
        muted.push(node);
        setTimeout(restore);
      }
  }).observe(document, { childList: true, subtree: true });
  for (const [owner, name] of [[Node, 'appendChild'], [Element, 'append']]) {
    const original = owner.prototype[name];
    owner.prototype[name] = function (...nodes) {
      const muted = nodes.filter((node) => node?.type === 'importmap');
      for (const node of muted) node.type = 'muted';
      const result = original.apply(this, nodes);
      for (const node of muted) node.type = 'importmap';
      return result;
    };
  }
})();"""


@pytest.fixture
def ready(stage: Stage) -> Stage:
    """A page with one remote, and a server that has another for it."""
    stage.imports = {"react": "/react.js", "team/mfe1/./Button": "/mfe1/Button.js"}
    stage.modules = {
        "/react.js": "export const made = {}; globalThis.reacts = (globalThis.reacts ?? 0) + 1;",
        "/mfe1/Button.js": "export { made } from 'react';"
        " export const mount = (element) => { element.textContent = 'ok'; };",
        "/chat/Chat.js": "export { made } from 'react'; export { own } from 'chat/own';",
        "/chat/own.js": "export const own = 'own';",
    }
    stage.delta = give_map({"chat/./Chat": "/chat/Chat.js", "chat/own": "/chat/own.js"}, name="chat")
    stage.body = '<div data-hanse-module="team/mfe1/./Button"></div>'
    return stage


@pytest.fixture
def shims(ready: Stage) -> Stage:
    found = load_client().shims
    assert found is not None, "run: python -m scripts.node scripts/client"
    ready.modules[f"/{found.name}"] = found.body.decode()
    ready.data = {"shims": f"/{found.name}", "shimsIntegrity": found.integrity}
    return ready


def forget(page: Page, stage: Stage, script: str, *, resolve: bool = False) -> None:
    """Open the page in a browser that has forgotten something, and how to be asked for a specifier."""
    page.add_init_script(script)
    if not resolve:
        stage.loader = stage.loader.replace("import.meta.resolve", "undefined")
        assert "import.meta" not in stage.loader
    page.goto(stage.url)


@pytest.mark.parametrize("resolve", [True, False])
def test_with_one_map_the_page_itself_needs_no_help(tab: Page, shims: Stage, resolve: bool) -> None:
    forget(tab, shims, ONE_MAP, resolve=resolve)
    expect(tab.locator("div")).to_have_text("ok")
    assert call(tab, "typeof (await loadRemoteModule('team/mfe1', 'Button')).made") == "object"
    assert tab.evaluate("typeof importShim") == "undefined"


@pytest.mark.parametrize("resolve", [True, False])
def test_with_one_map_a_delta_needs_the_shims_and_shares_what_runs(
    tab: Page, shims: Stage, resolve: bool
) -> None:
    forget(tab, shims, ONE_MAP, resolve=resolve)
    expect(tab.locator("div")).to_have_text("ok")
    expression = """await (async () => {
      await hanse.initRemoteEntry('/chat/remoteEntry.json', 'chat');
      const chat = await loadRemoteModule('chat', './Chat');
      return [chat.own, chat.made === (await import('react')).made, globalThis.reacts];
    })()"""
    assert call(tab, expression) == ["own", True, 1]
    assert call(
        tab, "(await loadRemoteModule('team/mfe1', './Button')).made === (await import('react')).made"
    )


@pytest.mark.parametrize("resolve", [True, False])
def test_with_one_map_and_no_shims_the_error_says_to_reload(tab: Page, ready: Stage, resolve: bool) -> None:
    forget(tab, ready, ONE_MAP, resolve=resolve)
    for expression in (
        "hanse.initRemoteEntry('/chat/remoteEntry.json', 'chat')",
        "loadRemoteModule('chat', './Chat')",
    ):
        error = call(tab, expression)
        assert error["reason"] == "unsupported"
        assert error["message"].endswith(": this browser needs es-module-shims, or a reload")
    assert call(tab, "typeof (await loadRemoteModule('team/mfe1', './Button')).made") == "object"


def test_without_maps_everything_goes_through_the_shims(tab: Page, shims: Stage) -> None:
    shims.after = (
        '<script nonce="{nonce}">addEventListener("mfe-loader-available",'
        " ({ detail }) => { window.told = detail === hanse; })</script>"
    )
    forget(tab, shims, NO_MAPS)
    expect(tab.locator("div")).to_have_text("ok")
    with pytest.raises(Exception, match="Failed to resolve module specifier"):
        tab.evaluate("import('react')")
    assert tab.evaluate("window.told")
    expression = """await (async () => {
      const button = await loadRemoteModule('team/mfe1', 'Button');
      await hanse.initRemoteEntry('/chat/remoteEntry.json', 'chat');
      const chat = await loadRemoteModule('chat', './Chat');
      return [chat.own, chat.made === button.made, globalThis.reacts];
    })()"""
    assert call(tab, expression) == ["own", True, 1]
    assert call(tab, "loadRemoteModule('team/mfe1', './No')")["failed"]


def test_without_maps_and_shims_the_error_says_so_and_the_fallback_stays(tab: Page, ready: Stage) -> None:
    ready.body = ready.body.replace("></div>", ">fallback</div>")
    forget(tab, ready, NO_MAPS)
    error = call(tab, "loadRemoteModule('team/mfe1', './Button')")
    assert error["message"] == "hanse: team/mfe1/./Button: this browser needs es-module-shims"
    expect(tab.locator("div")).to_have_text("fallback")
    expect(tab.locator("div")).to_have_attribute("data-hanse-fallback", "remote=team/mfe1;reason=unsupported")


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("/gone.js", "es-module-shims did not load"),
        ("javascript:window.hit=1", "no script from javascript:"),
        ("data:text/javascript,window.hit=1", "no script from data:"),
        ("blob:x", "no script from blob:"),
    ],
)
def test_shims_come_from_the_web_or_not_at_all(tab: Page, shims: Stage, url: str, text: str) -> None:
    assert shims.data is not None
    shims.data["shims"] = url
    forget(tab, shims, NO_MAPS)
    assert text in call(tab, "loadRemoteModule('team/mfe1', './Button')")["message"]
    assert tab.evaluate("window.hit") is None


def test_shims_with_one_byte_changed_do_not_run(tab: Page, shims: Stage) -> None:
    assert shims.data is not None
    shims.modules[shims.data["shims"]] += " "
    forget(tab, shims, NO_MAPS)
    error = call(tab, "loadRemoteModule('team/mfe1', './Button')")
    assert error["message"].endswith("es-module-shims did not load")
    assert tab.evaluate("typeof importShim") == "undefined"


def test_shims_that_the_page_has_already_are_used_where_there_are_no_maps(tab: Page, shims: Stage) -> None:
    assert shims.data is not None
    shims.before = f'<script nonce="{{nonce}}" src="{shims.data.pop("shims")}"></script>'
    forget(tab, shims, NO_MAPS)
    expect(tab.locator("div")).to_have_text("ok")
    assert call(tab, "(await hanse.initRemoteEntry('/chat/remoteEntry.json', 'chat')) === hanse")
    assert call(tab, "(await loadRemoteModule('chat', './Chat')).own") == "own"


def test_with_one_map_shims_that_came_before_the_delta_are_no_help(tab: Page, shims: Stage) -> None:
    """They look for maps while the page loads, and not again in a browser that seemed to need none of it."""
    assert shims.data is not None
    shims.before = f'<script nonce="{{nonce}}" src="{shims.data.pop("shims")}"></script>'
    forget(tab, shims, ONE_MAP)
    expect(tab.locator("div")).to_have_text("ok")
    error = call(tab, "hanse.initRemoteEntry('/chat/remoteEntry.json', 'chat')")
    assert error["reason"] == "unsupported"


def test_a_browser_that_knows_several_maps_never_asks_for_the_shims(tab: Page, shims: Stage) -> None:
    tab.goto(shims.url)
    assert call(tab, "(await hanse.initRemoteEntry('/chat/remoteEntry.json', 'chat')) === hanse")
    assert call(tab, "(await loadRemoteModule('chat', './Chat')).own") == "own"
    assert not [one for one in shims.asked if re.search("shims", one)]


@pytest.mark.parametrize("script", [ONE_MAP, NO_MAPS])
def test_containers_get_what_the_page_has_in_old_browsers_too(tab: Page, shims: Stage, script: str) -> None:
    give(shims, {"shop": describe("shop")}, {"default": {"react": {"1.0.0": offer(specifier="react")}}})
    take = "'./Card': async () => (await this.calls[0][0].react['1.0.0'].get())()"
    shims.modules["/shop.js"] = write_container("shop", take)
    forget(tab, shims, script)
    expect(tab.locator("div")).to_have_text("ok")
    same = """(await loadRemoteModule('shop', './Card')).made ===
        (await loadRemoteModule('team/mfe1', './Button')).made"""
    assert call(tab, same) is True
    assert tab.evaluate("reacts") == 1
