"""React in the engine for untrusted code: hooks, context, Suspense, streams, and where errors are."""

from __future__ import annotations

import asyncio
import re

import pytest

from hanse.engines import EngineLimits, Realm, RenderStream, Source
from hanse.engines.wasm import WasmEngine
from hanse.errors import EngineError
from tests.engines.react_modules import TABLE, react_call, react_generation

pytestmark = pytest.mark.anyio

LIMITS = EngineLimits(call=10.0, open=30.0)
HOOKS = """
import * as React from "react";
const { createElement: h, createContext, useContext, useId, useMemo, useReducer, useRef, useState } = React;
const Town = createContext("nowhere");
const Inner = () => h("em", null, useContext(Town));
export default function Hooks({ start, items }) {
  const [count] = useState(() => start + 1);
  const [sum] = useReducer((a, b) => a + b, 0, () => items.reduce((a, b) => a + b, 0));
  const ref = useRef(5);
  const twice = useMemo(() => count * 2, [count]);
  const inner = h(Town, { value: "Riga" }, h(Inner));
  return h("p", { id: useId(), "data-ref": ref.current }, count, ":", sum, ":", twice, inner);
}
"""
PAGE = """
import { Suspense, createElement as h, lazy, use } from "react";
const wait = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
const made = new Map();
const once = (name, ms) => made.get(name) ?? made.set(name, wait(ms, name)).get(name);
const Slow = ({ name, ms }) => h("b", null, use(once(name, ms)));
const Late = lazy(() => import("./late.js"));
const Never = lazy(() => import("./missing.js"));
const boundary = (name, child) => h(Suspense, { fallback: h("i", null, "waiting for " + name) }, child);
export default ({ broken }) => h("main", null, h("h1", null, "Fahrplan"),
  boundary("slow", h(Slow, { name: "slow", ms: 60 })),
  boundary("quick", h(Slow, { name: "quick", ms: 10 })),
  boundary("late", h(Late)),
  broken ? boundary("broken", h(Never)) : null);
"""
LATE = 'import { createElement as h } from "react"; export default () => h("u", null, "late");'


@pytest.fixture
async def wasm() -> WasmEngine:
    return WasmEngine()


async def opened(wasm: WasmEngine, *warm: str, **modules: str) -> Realm:
    files = {f"{name}.js": text for name, text in modules.items()}
    return await wasm.open(react_generation(files, warm=("react/adapter.js", *warm)), LIMITS)


async def test_hooks_context_and_prefixes(wasm: WasmEngine) -> None:
    realm = await opened(wasm, hooks=HOOKS)
    for plain in (True, False):
        call = react_call(
            "shop/hooks.js", {"start": 2, "items": [1, 2, 3]}, plain=plain, identifierPrefix="f1-"
        )
        html = (await realm.render(call)).html.replace("<!-- -->", "")
        assert html == '<p id="_f1-R_0_" data-ref="5">3:6:6<em>Riga</em></p>'
    await wasm.close()


async def test_text_of_every_kind_arrives_as_it_is(wasm: WasmEngine) -> None:
    realm = await opened(wasm, table=TABLE)
    title = "Ü😀 <script>&\u2028\x00\ufffd 漢字 " + "ж" * 5000
    for plain in (True, False):
        html = (
            await realm.render(react_call("shop/table.js", {"rows": 0, "title": title}, plain=plain))
        ).html
        shown = title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        assert f"<caption>{shown}</caption>" in html
    await wasm.close()


async def test_large_properties_and_large_pages(wasm: WasmEngine) -> None:
    realm = await opened(wasm, "shop/table.js", table=TABLE)
    rendered = await realm.render(react_call("shop/table.js", {"rows": 2000, "title": "x" * 900_000}))
    assert rendered.html.count("<tr") == 2000
    assert len(rendered.html) > 900_000
    assert 0 < rendered.seconds < LIMITS.call
    await wasm.close()


async def test_suspense_streams_in_the_order_things_are_ready(wasm: WasmEngine) -> None:
    realm = await opened(wasm, page=PAGE, late=LATE)
    stream = await realm.stream(react_call("shop/page.js", {}, nonce="n-1"))
    shell = await stream.shell()
    assert shell.status == 200
    assert shell.modules[0] == "shop/page.js"
    pieces = [piece async for piece in stream]
    html = "".join(pieces)
    assert len(pieces) >= 3
    assert "Fahrplan" in pieces[0]
    assert "waiting for slow" in pieces[0]
    assert html.index("<b>quick</b>") < html.index("<b>slow</b>")
    assert set(re.findall(r'<script nonce="([^"]*)"', html)) == {"n-1"}
    assert stream.modules[-1] == "shop/late.js"
    await stream.aclose()
    whole = await realm.render(react_call("shop/page.js", {}))
    assert "<b>slow</b>" in whole.html
    await wasm.close()


async def test_what_fails_inside_suspense_leaves_the_rest(wasm: WasmEngine) -> None:
    realm = await opened(wasm, page=PAGE, late=LATE)
    stream = await realm.stream(react_call("shop/page.js", {"broken": True}))
    html = "".join([piece async for piece in stream])
    assert "<b>slow</b>" in html
    assert "waiting for broken" in html
    await wasm.close()


async def test_modules_are_those_of_this_call_alone(wasm: WasmEngine) -> None:
    choice = """
    import { Suspense, createElement as h, lazy } from "react";
    const parts = { a: lazy(() => import("./a.js")), b: lazy(() => import("./b.js")) };
    export default ({ part }) => h(Suspense, null, part ? h(parts[part]) : "none");
    """
    part = (
        'import { createElement as h } from "react"; import "./%s.js"; export default () => h("b", null, %r);'
    )
    files = {"choice": choice, "a": part % ("deep", "a"), "b": part % ("flat", "b"), "deep": "", "flat": ""}
    for warm in ((), ("shop/choice.js", "shop/a.js", "shop/b.js")):
        realm = await opened(wasm, *warm, **files)
        base = ("shop/choice.js", "react/react/cjs/react.production.js")
        for name, more in (("", ()), ("a", ("a", "deep")), ("b", ("b", "flat")), ("", ())):
            rendered = await realm.render(react_call("shop/choice.js", {"part": name}))
            assert rendered.modules == (*base, *(f"shop/{one}.js" for one in more))
    await wasm.close()


async def test_an_error_has_its_place(wasm: WasmEngine) -> None:
    text = "export default function Broken({ who }) {\n  return who.name.first;\n}\n"
    realm = await opened(wasm, broken=text)
    for plain in (True, False):
        with pytest.raises(EngineError) as caught:
            await realm.render(react_call("shop/broken.js", {"who": {}}, plain=plain))
        assert caught.value.reason == "threw"
        assert "shop/broken.js:2:" in caught.value.stack
        assert "quickjs" not in caught.value.stack
    await wasm.close()


async def test_a_module_that_is_none_is_told_as_such(wasm: WasmEngine) -> None:
    realm = await opened(
        wasm, bad="export default () => {\n  let = ;\n}", lame='import { nope } from "./ok.js";', ok=""
    )
    for module, reason in (("shop/bad.js", "syntax"), ("shop/lame.js", "import")):
        with pytest.raises(EngineError) as caught:
            await realm.render(react_call(module, {}))
        assert caught.value.reason == reason
    assert "shop/bad.js:2:" in str(caught.value.stack) or caught.value.message
    await wasm.close()


async def test_a_stream_that_is_closed_early_gives_its_turn_back(wasm: WasmEngine) -> None:
    wait = "await new Promise((resolve) => setTimeout(resolve, 1));"
    text = f"export async function* render() {{ for (;;) {{ yield 'x'.repeat(1000); {wait} }} }}"
    limits = EngineLimits(call=20.0, open=30.0, at_once=1, queue=0)
    generation = react_generation({"endless.js": text}, warm=())
    realm = await wasm.open(generation, limits)

    async def begin() -> RenderStream:
        """Begin a stream as soon as the thread of the one before has noticed that nobody listens."""
        async with asyncio.timeout(10):
            while True:
                stream = await realm.stream(react_call("shop/endless.js", {}))
                try:
                    await stream.shell()
                except EngineError as error:
                    if error.reason != "busy":
                        raise
                    await asyncio.sleep(0.01)
                else:
                    return stream

    for _ in range(3):
        stream = await begin()
        with pytest.raises(EngineError) as caught:
            await realm.render(react_call("shop/endless.js", {}))
        assert caught.value.reason == "busy"
        await stream.aclose()
        with pytest.raises(EngineError):
            [piece async for piece in stream]
    await wasm.close()


async def test_a_component_may_be_json_s_neighbour(wasm: WasmEngine) -> None:
    generation = react_generation({})
    words = Source(text='{"hello": "Moin"}', remote="shop", format="json")
    card = 'import words from "./words.json"; export const render = ({ name }) => `${words.hello} ${name}`;'
    modules = {
        **generation.modules,
        "shop/words.json": words,
        "shop/card.js": Source(text=card, remote="shop"),
    }
    realm = await wasm.open(type(generation)(id="words", modules=modules), LIMITS)
    assert (await realm.render(react_call("shop/card.js", {"name": "Ada"}))).html == "Moin Ada"
    await wasm.close()
