"""Modules find each other by their generation's table alone, whatever their format; each is there once."""

from __future__ import annotations

import pytest

from hanse.engines import Exposed, Generation, RenderCall, Source
from hanse.errors import EngineError
from tests.engines.conftest import Open
from tests.engines.towns import generation, modules

pytestmark = pytest.mark.anyio

COUNTER = "export const count = { value: 0 }; export const more = () => (count.value += 1);"


async def test_static_dynamic_and_required_modules_are_one_instance(open_realm: Open) -> None:
    files = modules(
        shop__count_js=COUNTER,
        home__static_js="import { more } from 'shop/Count'; export const run = () => more();",
        home__dynamic_js="export const run = async () => (await import('shop/Count')).more();",
        home__required_cjs="const { more } = require('shop/Count'); exports.run = () => more();",
        home__late_cjs="exports.run = () => require('shop/Count').more();",
        home__all_js="import * as a from './static.js'; import * as b from './dynamic.js';\n"
        "import c from './required.cjs'; import d from './late.cjs';\n"
        "export const run = async () => [a.run(), await b.run(), c.run(), d.run()];",
    )
    realm = await open_realm(generation(files, imports={"shop/Count": "shop/count.js"}))
    assert await realm.call("home/all.js", "run", []) == [1, 2, 3, 4]


async def test_formats_mix(open_realm: Open) -> None:
    files = modules(
        home__main_js=(
            "import data from './data.json' with { type: 'json' };\n"
            "import same from './data.json';\n"
            "import plain, { name } from './plain.cjs';\n"
            "import made from './made.cjs';\n"
            "export * as more from './more.js';\n"
            "export const all = () => [data.k, data === same, plain.name, name, made];\n"
        ),
        home__more_js="export const x = 1;",
        home__data_json='{"k": [1, "é"]}',
        home__plain_cjs="exports.name = require('./deep.cjs').deep + require('./data.json').k[1];",
        home__deep_cjs="exports.deep = 'deep';",
        home__made_cjs="exports.__esModule = true; exports.default = 'd';",
    )
    realm = await open_realm(generation(files))
    assert await realm.call("home/main.js", "all", []) == [[1, "é"], True, "deepé", "deepé", "d"]


async def test_scopes_come_before_imports_and_hold_for_their_remote_alone(open_realm: Open) -> None:
    files = modules(
        lib__one_js="export const v = 1;",
        lib__two_js="export const v = 2;",
        shop__a_js="export { v } from 'lib'; export const f = () => import('lib').then((m) => m.v);",
        home__a_js="import { v } from 'lib'; export const f = () => v;",
    )
    realm = await open_realm(
        generation(files, imports={"lib": "lib/one.js"}, scopes={"shop": {"lib": "lib/two.js"}})
    )
    assert await realm.call("shop/a.js", "f", []) == 2
    assert await realm.call("home/a.js", "f", []) == 1


async def test_an_app_imports_its_own_exposes_by_its_own_name(open_realm: Open) -> None:
    files = modules(
        shop__card_js="export const name = 'card';\n"
        "export const self = () => import('shop/Card').then((m) => m.name);",
        shop__page_js="import { name } from 'shop/Card'; export const f = () => name;",
    )
    realm = await open_realm(
        generation(files, imports={"shop/Card": "shop/card.js", "shop/./Card": "shop/card.js"})
    )
    assert await realm.call("shop/page.js", "f", []) == "card"
    assert await realm.call("shop/./Card", "self", []) == "card"


async def test_cycles_and_relative_names(open_realm: Open) -> None:
    files = modules(
        shop__a_js="import { b } from './deep/b.js'; export const a = () => 'a'; export const f = () => b();",
        shop__deep__b_js="import { a } from '../a.js'; export const b = () => a() + 'b';",
        shop__x_cjs="exports.one = 1; const y = require('./y.cjs'); exports.f = () => y.seen;",
        shop__y_cjs="exports.seen = { ...require('./x.cjs') };",
    )
    realm = await open_realm(generation(files))
    assert await realm.call("shop/a.js", "f", []) == "ab"
    assert await realm.call("shop/x.cjs", "f", []) == {"one": 1}


@pytest.mark.parametrize(
    "specifier",
    [
        "nowhere",
        "node:fs",
        "fs",
        "https://evil.example/x.js",
        "file:///etc/passwd",
        "../../etc",
        "./b",
        "constructor",
        "__proto__",
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        "import '{}';",
        "export const f = () => import('{}');",
        "require('{}');",
        "exports.f = () => require('{}');",
    ],
)
async def test_what_the_table_does_not_name_is_not_found(open_realm: Open, specifier: str, form: str) -> None:
    suffix = "cjs" if "require" in form else "js"
    name = f"home/a.{suffix}"
    files = {
        name: Source(
            text=form.replace("{}", specifier), remote="home", format="cjs" if suffix == "cjs" else "esm"
        )
    }
    realm = await open_realm(generation(files))
    with pytest.raises(EngineError) as caught:
        await realm.call(name, "f", [])
    assert caught.value.reason == "import" or "f = " in form
    assert name in caught.value.message
    assert specifier in caught.value.message


async def test_a_static_import_of_a_name_that_is_not_exported(open_realm: Open) -> None:
    files = modules(home__a_js="import { nope } from './b.js';", home__b_js="export const b = 1;")
    realm = await open_realm(generation(files))
    with pytest.raises(EngineError, match="nope") as caught:
        await realm.call("home/a.js", "f", [])
    assert caught.value.reason == "import"


async def test_what_is_missing_is_said(open_realm: Open) -> None:
    realm = await open_realm(generation(modules(home__a_js="export const f = 1;")))
    for module, export in (("home/b.js", "f"), ("home/a.js", "f"), ("home/a.js", "constructor")):
        with pytest.raises(EngineError) as caught:
            await realm.call(module, export, [])
        assert caught.value.reason == "missing"
    with pytest.raises(EngineError, match="no adapter") as caught:
        await realm.render(RenderCall(module="home/a.js"))
    assert caught.value.reason == "missing"


async def test_warm_modules_are_evaluated_when_it_opens(open_realm: Open) -> None:
    files = modules(
        home__a_js="globalThis.warm = 1;", home__b_js="export const f = () => globalThis.warm ?? 0;"
    )
    realm = await open_realm(generation(files, imports={"a": "home/a.js"}, warm=("a",)))
    assert await realm.call("home/b.js", "f", []) == 1
    with pytest.raises(EngineError) as caught:
        await open_realm(generation(modules(home__a_js="throw new Error('cold')"), warm=("home/a.js",)))
    assert caught.value.reason == "threw"
    assert "cold" in caught.value.message


async def test_names_are_words(open_realm: Open) -> None:
    files = {
        "team%2Fa/pages/[id] é?#.js": Source(
            text="export { v as f } from './__proto__.js';", remote="team/a"
        ),
        "team%2Fa/pages/__proto__.js": Source(text="export const v = () => 'found';", remote="team/a"),
    }
    realm = await open_realm(
        Generation(id="g", modules=files, imports={"constructor": "team%2Fa/pages/[id] é?#.js"})
    )
    assert await realm.call("constructor", "f", []) == "found"


async def test_modules_used_are_those_of_the_call(open_realm: Open) -> None:
    files = modules(
        home__a_js="import './s.js'; import './c.cjs';\n"
        "export const render = async ({ n }) => (await import(`./${n}.js`)).n;",
        home__s_js="import './t.js';",
        home__t_js="",
        home__c_cjs="require('./d.cjs')",
        home__d_cjs="",
        home__x_js="import './y.js'; export const n = 'x';",
        home__y_js="",
        home__z_js="export const n = 'z';",
    )
    realm = await open_realm(generation(files, warm=("home/a.js", "home/x.js")))
    static = ("home/a.js", "home/s.js", "home/t.js", "home/c.cjs", "home/d.cjs")
    for n, more in (("z", ("home/z.js",)), ("x", ("home/x.js", "home/y.js")), ("z", ("home/z.js",))):
        rendered = await realm.render(RenderCall(module="home/a.js", props={"n": n}))
        assert rendered.html == n
        assert rendered.modules == (*static, *more)


async def test_an_unknown_container_is_a_missing_import(open_realm: Open) -> None:
    files = modules(home__a_js="import 'ferry/Ticket';")
    realm = await open_realm(generation(files, imports={"ferry/Ticket": Exposed("ferry", "./Ticket")}))
    with pytest.raises(EngineError, match="ferry/Ticket") as caught:
        await realm.call("home/a.js", "f", [])
    assert caught.value.reason == "import"
