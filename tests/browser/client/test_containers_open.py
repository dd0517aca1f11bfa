"""How a container is opened: its script, its one `init`, its modules, and what is said where that fails."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.client.fakes import describe, give, write_container
from tests.browser.client.stage import POLICY, Stage, call, watch

pytestmark = pytest.mark.browser


def test_a_container_is_initialised_once_as_a_host_does_it(tab: Page, stage: Stage) -> None:
    give(stage, {"shop": describe("shop")})
    stage.modules["/shop.js"] = write_container("shop")
    tab.goto(stage.url)
    modules = call(tab, "await Promise.all(['./Card', 'Card'].map((key) => loadRemoteModule('shop', key)))")
    assert modules == [{"card": "shop"}] * 2
    assert stage.asked.count("/shop.js") == 1
    seen = tab.evaluate(
        """() => shop.calls.map(([scope, initScope, options]) => [
            initScope, { ...options }, Object.keys(options), options.shareScopeMap.default === scope])"""
    )
    keys = ["version", "shareScopeKeys"]
    assert seen == [[[], {"version": "", "shareScopeKeys": "default"}, keys, True]]


def test_several_containers_get_the_same_scope(tab: Page, stage: Stage) -> None:
    give(stage, {name: describe(name) for name in ("shop", "cart")})
    stage.modules |= {f"/{name}.js": write_container(name) for name in ("shop", "cart")}
    tab.goto(stage.url)
    call(tab, "await Promise.all(['shop', 'cart'].map((name) => loadRemoteModule(name, './Card')))")
    assert tab.evaluate("() => shop.calls[0][0] === cart.calls[0][0]")


def test_a_container_of_several_scopes_gets_them_all(tab: Page, stage: Stage) -> None:
    give(stage, {"shop": describe("shop", scopes=["ui", "default"])})
    stage.modules["/shop.js"] = write_container("shop")
    tab.goto(stage.url)
    call(tab, "await loadRemoteModule('shop', './Card')")
    seen = tab.evaluate(
        """() => shop.calls.map(([scope, , options]) => [
            options.shareScopeKeys, Object.keys(options.shareScopeMap).sort(),
            options.shareScopeMap.ui === scope])"""
    )
    assert seen == [[["ui", "default"], ["default", "ui"], True]]


def test_a_container_may_be_a_module(tab: Page, stage: Stage) -> None:
    give(stage, {"shop": describe("shop", type="module")})
    stage.modules["/shop.js"] = (
        "export const init = () => {};"
        "export const get = async (key) => () => Promise.resolve({ key, from: import.meta.url });"
    )
    tab.goto(stage.url)
    found = call(tab, "await loadRemoteModule('shop', './deep/Card')")
    assert found == {"key": "./deep/Card", "from": f"{stage.url}shop.js"}


def test_a_container_that_is_there_already_is_taken(tab: Page, stage: Stage) -> None:
    give(stage, {"shop": describe("shop"), "deep": describe("deep", **{"global": "my.deep"})})
    text = (
        write_container("shop") + "var my = { deep: { ...shop, get: async () => () => ({ deep: true }) } };"
    )
    stage.before += f'<script nonce="{{nonce}}">{text}</script>'
    tab.goto(stage.url)
    assert call(tab, "await loadRemoteModule('shop', './Card')") == {"card": "shop"}
    assert call(tab, "await loadRemoteModule('deep', './Card')") == {"deep": True}
    assert not [one for one in stage.asked if one.endswith(".js")]


def test_two_remotes_may_claim_one_name(tab: Page, stage: Stage) -> None:
    give(stage, {"one": describe("one", **{"global": "app"}), "two": describe("two", **{"global": "app"})})
    for name in ("one", "two"):
        stage.modules[f"/{name}.js"] = write_container("app", f"'./Card': () => '{name}'")
    tab.goto(stage.url)
    loading = "await Promise.all(['one', 'two', 'one'].map((name) => loadRemoteModule(name, './Card')))"
    assert call(tab, loading) == ["one", "two", "one"]


@pytest.mark.parametrize("name", ["constructor", "toString", "team/shop", "prototype"])
def test_a_remote_may_be_called_anything(tab: Page, stage: Stage, name: str) -> None:
    give(stage, {name: describe("shop", exposes={"./constructor": {"js": [], "css": []}})})
    stage.modules["/shop.js"] = write_container(
        "shop", "'./constructor': () => 'made', './toString': () => 'text'"
    )
    tab.goto(stage.url)
    assert call(tab, "await loadRemoteModule(argument, 'constructor')", name) == "made"
    assert call(tab, "await loadRemoteModule(argument, './toString')", name)["reason"] == "unknown"


def test_the_dot_is_a_key_too(tab: Page, stage: Stage) -> None:
    give(stage, {"shop": describe("shop")})
    stage.modules["/shop.js"] = write_container("shop", "'.': () => 'all of it'")
    tab.goto(stage.url)
    assert call(tab, "await loadRemoteModule('shop', '.')") == "all of it"


def test_what_a_container_exposes_is_mounted(tab: Page, stage: Stage) -> None:
    give(stage, {"team/shop": describe("shop")})
    mount = "'./Card': () => ({ mount: (element, { text }) => element.replaceChildren(text) })"
    stage.modules["/shop.js"] = write_container("shop", mount)
    stage.body = (
        """<p id="good" data-hanse-module="team/shop/Card" data-hanse-props='{"text": "hello"}'></p>"""
        '<p id="bad" data-hanse-module="team/shop/./Cart">the fallback</p>'
    )
    tab.goto(stage.url)
    expect(tab.locator("#good")).to_have_text("hello")
    expect(tab.locator("#bad")).to_have_attribute("data-hanse-fallback", "remote=team/shop;reason=load")
    expect(tab.locator("#bad")).to_have_text("the fallback")
    assert tab.evaluate("() => heard.map(([, detail]) => detail.key)") == ["./Cart"]


def test_others_go_the_way_of_the_import_map(tab: Page, stage: Stage) -> None:
    give(stage, {"shop": describe("shop")})
    stage.imports = {"home/./Card": "/card.js"}
    stage.modules["/card.js"] = "export const card = 'native'"
    tab.goto(stage.url)
    assert call(tab, "await loadRemoteModule('home', './Card')") == {"card": "native"}
    assert call(tab, "[hanse.containers.has('shop'), hanse.containers.has('home')]") == [True, False]


def test_a_script_that_fails_is_tried_again(tab: Page, stage: Stage) -> None:
    give(stage, {"shop": describe("shop")})
    tab.goto(stage.url)
    failed = call(tab, "await loadRemoteModule('shop', './Card')")
    assert failed["message"] == "hanse: shop/./Card: its script /shop.js did not load"
    assert failed["reason"] == "load"
    stage.modules["/shop.js"] = write_container("shop")
    assert call(tab, "await loadRemoteModule('shop', './Card')") == {"card": "shop"}


def test_an_init_that_fails_is_tried_again(tab: Page, stage: Stage) -> None:
    give(stage, {"shop": describe("shop")})
    script = write_container("shop", init="if (this.calls.length < 2) throw new Error('not yet');")
    stage.modules["/shop.js"] = f"if (!window.shop) {{ {script} }}"
    tab.goto(stage.url)
    failed = call(tab, "await loadRemoteModule('shop', './Card')")
    assert failed["message"] == "hanse: shop/./Card: not yet"
    assert call(tab, "await loadRemoteModule('shop', './Card')") == {"card": "shop"}


@pytest.mark.parametrize(
    ("script", "message", "reason"),
    [
        ("var other = {};", "/shop.js left no container at shop", "load"),
        ("var shop = { init() {} };", "/shop.js left no container at shop", "load"),
        ("var shop = { get() {}, init() { throw new Error('not today'); } };", "not today", "load"),
        ("var shop = { init() {}, async get() { return () => { throw 'a text'; }; } };", "a text", "load"),
        ("var shop = { init() {}, get: () => Promise.reject() };", "undefined", "load"),
        (write_container("shop", ""), "there is no ./Card", "load"),
    ],
)
def test_a_container_that_fails_is_named(
    tab: Page, stage: Stage, script: str, message: str, reason: str
) -> None:
    give(stage, {"shop": describe("shop")})
    stage.modules["/shop.js"] = script
    tab.goto(stage.url)
    failed = call(tab, "await loadRemoteModule('shop', './Card')")
    assert failed["message"] == f"hanse: shop/./Card: {message}"
    assert (failed["remote"], failed["key"], failed["reason"]) == ("shop", "./Card", reason)


def test_only_scripts_of_the_web_are_loaded(tab: Page, stage: Stage) -> None:
    give(stage, {"shop": describe("shop", script="data:text/javascript,window.hit=1")})
    tab.goto(stage.url)
    failed = call(tab, "await loadRemoteModule('shop', './Card')")
    assert (failed["message"], failed["reason"]) == (
        "hanse: shop/./Card: no script from data:",
        "unsupported",
    )
    assert tab.evaluate("() => window.hit") is None


def test_a_build_without_trusted_types_is_told_what_it_lacks(page: Page, stage: Stage) -> None:
    give(stage, {"shop": describe("shop")})
    chunk = "Object.assign(document.createElement('script'), { src: '/chunk.js' })"
    stage.modules["/shop.js"] = write_container("shop", f"'./Card': () => document.head.append({chunk})")
    watch(page)
    page.goto(stage.url)
    failed = call(page, "await loadRemoteModule('shop', './Card')")
    assert failed["message"].startswith("hanse: shop/./Card: ")
    assert "Its build must set output.trustedTypes, and the policy" in failed["message"]
    stage.policy = "script-src 'nonce-{nonce}' 'strict-dynamic'"
    page.goto(stage.url)
    assert not call(page, "await loadRemoteModule('shop', './Card')")


def test_a_policy_may_list_the_names_of_policies(tab: Page, stage: Stage) -> None:
    give(stage, {"shop": describe("shop")})
    stage.modules["/shop.js"] = write_container("shop")
    stage.policy = f"{POLICY}; trusted-types hanse hanse-containers"
    tab.goto(stage.url)
    assert call(tab, "await loadRemoteModule('shop', './Card')") == {"card": "shop"}


def test_styles_come_first_and_once(tab: Page, stage: Stage) -> None:
    exposes = {key: {"js": [], "css": [f"{stage.url}card.css"]} for key in ("./Card", "./Cart")}
    give(stage, {"shop": describe("shop", exposes=exposes)})
    sheets = "Array.from(document.styleSheets, ({ href }) => href)"
    stage.modules["/shop.js"] = write_container("shop", f"'./Card': () => {sheets}, './Cart': () => {sheets}")
    stage.modules["/card.css"] = "p { color: red }"
    stage.body = "<p>a text</p>"
    tab.goto(stage.url)
    at_once = "await Promise.all(['Card', 'Cart'].map((key) => loadRemoteModule('shop', key)))"
    assert call(tab, at_once) == [[f"{stage.url}card.css"]] * 2
    assert call(tab, "await loadRemoteModule('shop', 'Card')") == [f"{stage.url}card.css"]


def test_styles_that_the_page_has_are_not_linked_again(tab: Page, stage: Stage) -> None:
    exposes = {"./Card": {"js": [], "css": [f"{stage.url}card.css"]}}
    give(stage, {"shop": describe("shop", exposes=exposes)})
    stage.before += '<link rel="stylesheet" href="/card.css">'
    stage.modules |= {"/shop.js": write_container("shop"), "/card.css": "p { color: red }"}
    tab.goto(stage.url)
    assert call(tab, "await loadRemoteModule('shop', './Card')") == {"card": "shop"}
    assert tab.locator("link").count() == 1


def test_styles_that_fail_are_left_to_the_container(tab: Page, stage: Stage) -> None:
    give(stage, {"shop": describe("shop", exposes={"./Card": {"js": [], "css": ["/gone.css"]}})})
    stage.modules["/shop.js"] = write_container("shop")
    tab.goto(stage.url)
    assert call(tab, "await loadRemoteModule('shop', './Card')") == {"card": "shop"}
    assert tab.locator("link").count() == 0
    assert "/gone.css" in stage.asked
