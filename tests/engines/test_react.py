"""React renders in every engine: hooks, context, Suspense, streams out of order, one React for all."""

from __future__ import annotations

import pytest

from hanse.engines import EngineLimits, Exposed, RenderCall
from tests.engines.conftest import Open, Promises
from tests.engines.towns import ferry, modules, react_generation

pytestmark = pytest.mark.anyio

CARD = """
import { createContext, useContext, useId, useMemo, useState, createElement as h } from 'react';
const Fare = createContext(1);
const Price = () => h('b', null, useContext(Fare));
export default function Card({ name }) {
  const [count] = useState(() => name.length);
  const id = useId();
  const upper = useMemo(() => name.toUpperCase(), [name]);
  return h(Fare, { value: 7 }, h('p', { id, title: upper }, name, ' ', count, h(Price)));
}
"""
LAZY = """
import { Suspense, lazy, createElement as h } from 'react';
const Late = lazy(() => import('./late.js'));
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const Slow = lazy(async () => { await wait(30); return import('./slow.js'); });
export default ({ slow }) => h('main', null,
  h(Suspense, { fallback: h('i', null, 'waiting') }, slow ? h(Slow) : h(Late)), h('p', null, 'after'));
"""
LATE = "import { createElement as h } from 'react'; export default () => h('b', null, 'late');"
SLOW = "import { createElement as h } from 'react'; export default () => h('b', null, 'slow');"


async def test_hooks_context_and_identifier_prefixes(open_realm: Open) -> None:
    realm = await open_realm(react_generation(modules(shop__card_js=CARD)))
    call = RenderCall(
        module="shop/card.js",
        props={"name": "ünï"},
        adapter="react/adapter.js",
        context={"identifierPrefix": "a-"},
    )
    first = await realm.render(call)
    assert first.html == '<p id="_a-R_0_" title="ÜNÏ">ünï<!-- --> <!-- -->3<b>7</b></p>'
    assert (await realm.render(call)).html == first.html
    assert first.modules == ("shop/card.js", "react/react.cjs")
    assert first.status == 200
    assert first.seconds > 0


async def test_suspense_streams_out_of_order(open_realm: Open, promises: Promises) -> None:
    realm = await open_realm(
        react_generation(modules(shop__page_js=LAZY, shop__late_js=LATE, shop__slow_js=SLOW))
    )
    call = RenderCall(
        module="shop/page.js", props={"slow": True}, adapter="react/adapter.js", context={"nonce": "n0"}
    )
    stream = await realm.stream(call)
    shell = await stream.shell()
    assert "shop/slow.js" not in shell.modules
    pieces = [piece async for piece in stream]
    html = "".join(pieces)
    assert len(pieces) > 1
    assert html.index("waiting") < html.index("after") < html.index("slow")
    assert 'nonce="n0"' in html
    assert "shop/slow.js" in stream.modules
    await stream.aclose()
    again = await realm.stream(call)
    await again.shell()
    # What was loaded for one call is there for the next, unless each begins afresh.
    assert ("waiting" in "".join([piece async for piece in again])) == promises.fresh
    assert "shop/slow.js" in again.modules


async def test_modules_that_an_earlier_call_loaded_count_where_they_are_used(open_realm: Open) -> None:
    realm = await open_realm(
        react_generation(modules(shop__page_js=LAZY, shop__late_js=LATE, shop__slow_js=SLOW))
    )

    async def used(props: dict[str, bool]) -> set[str]:
        stream = await realm.stream(
            RenderCall(module="shop/page.js", props=props, adapter="react/adapter.js")
        )
        assert [piece async for piece in stream]
        return set(stream.modules)

    common = {"shop/page.js", "react/react.cjs"}
    assert await used({"slow": False}) == common | {"shop/late.js"}
    assert await used({"slow": True}) == common | {"shop/slow.js"}
    assert await used({"slow": False}) == common | {"shop/late.js"}
    assert await used({"slow": True}) == common | {"shop/slow.js"}


async def test_a_container_renders_with_the_hosts_react(open_realm: Open) -> None:
    files, container, shared = ferry()
    made = react_generation(
        files,
        imports={
            "ferry/Ticket": Exposed("ferry", "./Ticket"),
            "ferry/Timetable": Exposed("ferry", "./Timetable"),
        },
        containers={"ferry": container},
        shared=shared,
    )
    realm = await open_realm(made, EngineLimits(call=10.0, open=30.0))
    ticket = await realm.render(
        RenderCall(module="ferry/Ticket", props={"to": "Visby"}, adapter="react/adapter.js")
    )
    assert "<button" in ticket.html
    table = await realm.render(RenderCall(module="ferry/Timetable", adapter="react/adapter.js"))
    assert "<time>06:10</time>" in table.html
