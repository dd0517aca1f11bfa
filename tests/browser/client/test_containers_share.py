"""What containers are handed of native remotes, and what native modules are handed of containers."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.client.fakes import describe, give, offer, write_container
from tests.browser.client.stage import Stage, call

pytestmark = pytest.mark.browser

CARD = "await loadRemoteModule('shop', './Card')"


def share(stage: Stage, module: str, **shared: Any) -> None:
    """Share one package with a container that says what its factory gives it; `value` is that in `see`."""
    give(
        stage, {"shop": describe("shop")}, {"default": {"pack": {"1.2.0": offer(specifier="pack")}, **shared}}
    )
    stage.imports = {"pack": "/pack.js"}
    stage.modules |= {"/pack.js": module, "/shop.js": write_container("shop")}


def see(page: Page, stage: Stage, expression: str) -> Any:
    """Evaluate an expression over what a container's factory for the package returns."""
    page.goto(stage.url)
    call(page, CARD)
    return call(page, f"((value) => {expression})((await shop.calls[0][0].pack['1.2.0'].get())())")


def test_an_entry_is_as_module_federation_has_it(tab: Page, stage: Stage) -> None:
    share(stage, "export default 1")
    tab.goto(stage.url)
    call(tab, CARD)
    entry = tab.evaluate("() => (({ get, ...others }) => others)(shop.calls[0][0].pack['1.2.0'])")
    assert entry == {
        "version": "1.2.0",
        "from": "home",
        "scope": ["default"],
        "useIn": [],
        "deps": [],
        "strategy": "version-first",
        "loaded": True,
        "shareConfig": {
            "singleton": True,
            "requiredVersion": "^1.0.0",
            "strictVersion": False,
            "eager": False,
        },
    }
    assert "/pack.js" not in stage.asked


def test_what_is_shared_loads_when_it_is_asked_for_and_is_the_copy_of_the_page(
    tab: Page, stage: Stage
) -> None:
    share(stage, "export const one = {}; export default { one }")
    assert see(
        tab, stage, "import('pack').then((native) => value === native.default && value.one === native.one)"
    )
    assert stage.asked.count("/pack.js") == 1


def test_a_copy_without_a_name_is_loaded_by_its_url(tab: Page, stage: Stage) -> None:
    versions = {"2.0.0": offer(url="/other.js"), "1.2.0": offer(specifier="pack")}
    share(stage, "export const at = 'pack'", pack=versions)
    stage.modules["/other.js"] = "export const at = 'other'"
    tab.goto(stage.url)
    call(tab, CARD)
    # Of those that are loaded, Module Federation stays with the first.
    loaded = "Object.entries(shop.calls[0][0].pack).map(([version, { loaded }]) => [version, loaded])"
    assert call(tab, loaded) == [["2.0.0", True], ["1.2.0", True]]
    assert call(tab, "(await shop.calls[0][0].pack['2.0.0'].get())().at") == "other"


def test_what_is_withheld_from_a_container_is_not_in_its_scopes(tab: Page, stage: Stage) -> None:
    rows = {"1.0.0": offer(url="/pack.js")}
    shared = {"default": {"pack": rows, "more": rows}, "ui": {"pack": rows}, "constructor": {"pack": rows}}
    withheld = {"default": ["pack"], "ui": ["pack"]}
    give(stage, {"shop": describe("shop", withheld=withheld), "cart": describe("cart")}, shared)
    stage.modules |= {f"/{name}.js": write_container(name) for name in ("shop", "cart")}
    tab.goto(stage.url)
    call(tab, "await Promise.all(['shop', 'cart'].map((name) => loadRemoteModule(name, './Card')))")
    seen = """[shop, cart].map(({ calls: [[scope, , { shareScopeMap: map }]] }) =>
        [scope === map.default, ...Object.values(map).map((packages) => Object.keys(packages))])"""
    assert call(tab, seen) == [[True, ["more"], [], ["pack"]], [True, ["pack", "more"], ["pack"], ["pack"]]]
    assert call(tab, "shop.calls[0][0].more === cart.calls[0][0].more")


@pytest.mark.parametrize(
    ("module", "expression"),
    [
        # CommonJS that became a module: its exports.
        (
            "const pack = { a: 1 }; export default pack; export const a = pack.a;",
            "value.a === 1 && !value.__esModule",
        ),
        ("const pack = { a: 1, b: 2 }; export default pack; export const a = 1;", "value.b === 2"),
        ("const pack = { __esModule: true, default: 7 }; export default pack;", "value.default === 7"),
        # A module: `import x from` reads its default, and each name.
        (
            "export default { a: 1 }; export const a = 2;",
            "value.__esModule && value.default.a === 1 && value.a === 2",
        ),
        ("export const a = 1;", "value.a === 1 && !('default' in value)"),
        ("export default null;", "value.__esModule && value.default === null"),
        ("export default 7;", "value.__esModule && value.default === 7"),
        (
            "export let a = 1; export default () => {}; export const more = () => a++;",
            "(value.more(), value.a === 2)",
        ),
        # `require` of a function: it can be called, and made with `new`.
        (
            "export default (a, b) => a + b;",
            "value(1, 2) === 3 && value.default(1, 2) === 3 && value.__esModule",
        ),
        ("export default function () { return this; }", "value.call('me') == 'me'"),
        (
            "export default class Pack { constructor(a) { this.a = a; } twice() { return 2 * this.a; } }",
            "new value(2).twice() === 4 && new (class extends value {})(3).twice() === 6 "
            "&& new value(1) instanceof value.default",
        ),
    ],
)
def test_import_and_require_of_a_bundler_find_what_they_expect(
    tab: Page, stage: Stage, module: str, expression: str
) -> None:
    share(stage, module)
    assert see(tab, stage, f"!!({expression})")


def test_a_module_that_fails_is_tried_again(tab: Page, stage: Stage) -> None:
    share(stage, "export const a = 1")
    stage.imports = {"pack": "/gone.js"}
    tab.goto(stage.url)
    call(tab, CARD)
    get = "await shop.calls[0][0].pack['1.2.0'].get().then(() => 'loaded', () => 'failed')"
    assert call(tab, get) == "failed"
    stage.modules["/gone.js"] = "export const a = 1"
    assert call(tab, get) == "loaded"


@pytest.mark.parametrize("name", ["constructor", "toString", "hasOwnProperty"])
def test_a_package_may_be_called_anything(tab: Page, stage: Stage, name: str) -> None:
    give(stage, {"shop": describe("shop")}, {name: {name: {"1.0.0": offer(url="/pack.js")}}})
    stage.modules |= {"/shop.js": write_container("shop"), "/pack.js": "export const a = 1"}
    tab.goto(stage.url)
    call(tab, CARD)
    seen = call(
        tab,
        """(({ shareScopeMap: map }) => [Object.keys(map).sort(), Object.keys(map[argument]),
            map.valueOf === undefined, Object.keys(hanse.containers.getShared())])(shop.calls[0][2])""",
        name,
    )
    assert seen == [sorted([name, "default"]), [name], True, [name]]


BRINGS = "scope.pack = { '2.1.0': { version: '2.1.0', from: 'shop', get: async () => () => (VALUE) } };"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{ a: 1 }", {"a": 1, "default": {"a": 1}}),
        (
            "Object.defineProperty({ a: 1, default: 7 }, '__esModule', { value: true })",
            {"a": 1, "default": 7},
        ),
    ],
)
def test_native_modules_get_what_a_container_brings(
    tab: Page, stage: Stage, value: str, expected: Any
) -> None:
    """Import a package by its name; behind the name is a module that asks the container."""
    give(stage, {"shop": describe("shop")})
    stage.imports = {"pack": "/facade.js"}
    stage.modules |= {
        "/shop.js": write_container("shop", init=BRINGS.replace("VALUE", value)),
        "/facade.js": "const wish = { from: 'shop', version: '2.1.0' };"
        "const found = await hanse.containers.share('pack', wish);"
        "export default found.default; export const { a } = found;",
    }
    tab.goto(stage.url)
    assert call(tab, "import('pack').then((pack) => ({ ...pack }))") == expected
    entry = "(({ loaded, lib }) => [loaded, typeof lib])(shop.calls[0][0].pack['2.1.0'])"
    assert call(tab, entry) == [True, "function"]


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ("{ from: 'shop', version: '3.0.0' }", "hanse: shop: it shares no pack 3.0.0"),
        ("{ from: 'shop', version: '2.1.0', scope: 'ui' }", "hanse: shop: it shares no pack 2.1.0"),
        ("{ from: 'gone', version: '2.1.0' }", "hanse: gone: its script /gone.js did not load"),
        ("{ from: 'nobody', version: '2.1.0' }", "hanse: nobody: no such container"),
    ],
)
def test_what_no_container_brings_is_an_error_that_names_it(
    tab: Page, stage: Stage, wish: str, message: str
) -> None:
    give(stage, {"shop": describe("shop"), "gone": describe("gone")})
    stage.modules["/shop.js"] = write_container("shop", init=BRINGS.replace("VALUE", "1"))
    tab.goto(stage.url)
    assert call(tab, f"await hanse.containers.share('pack', {wish})")["message"] == message


@pytest.mark.parametrize(
    ("wish", "singleton", "required"),
    [("", True, "^1.0.0"), ("{ singleton: false, requiredVersionPrefix: '~' }", False, "~1.2.0")],
)
def test_the_options_of_the_official_runtime_say_the_same(
    tab: Page, stage: Stage, wish: str, singleton: bool, required: str
) -> None:
    share(stage, "export default { a: 1 }; export const a = 1")
    tab.goto(stage.url)
    (entry,) = call(tab, f"hanse.containers.getShared({wish}).pack")
    assert entry["shareConfig"]["singleton"] is singleton
    assert entry["shareConfig"]["requiredVersion"] == required
    assert (entry["version"], entry["scope"]) == ("1.2.0", ["default"])
    assert call(tab, "(await hanse.containers.getShared().pack[0].get())()") == {"a": 1}


def test_what_containers_bring_is_not_among_them(tab: Page, stage: Stage) -> None:
    share(stage, "export const a = 1")
    stage.modules["/shop.js"] = write_container(
        "shop", init="scope.more = scope.pack; scope.pack['9.0.0'] = {};"
    )
    tab.goto(stage.url)
    call(tab, CARD)
    seen = "Object.entries(hanse.containers.getShared()).map(([name, { length }]) => [name, length])"
    assert call(tab, seen) == [["pack", 1]]
