"""The React adapter in a real engine: fast where it may be, patient where it must be."""

from __future__ import annotations

import asyncio
import logging
import re

import pytest

from hanse.limits import Limits
from tests.render.houses import CARD, open_stage

pytestmark = pytest.mark.anyio

LATE = """
import { Suspense, createElement as h, use } from 'react';
const wait = (ms, value) => new Promise((done) => setTimeout(done, ms, value));
const Slow = ({ promise }) => h('b', null, use(promise));
export default ({ ms }) => {
  const promise = wait(ms, 'late');
  return h('main', null, h(Suspense, { fallback: h('i', null, 'waiting') }, h(Slow, { promise })), h('p'));
};
"""
BARE = """
import { createElement as h } from 'react';
const wait = (ms, value) => new Promise((done) => setTimeout(done, ms, value));
export default async () => h('b', null, await wait(5, 'asynchronous'));
"""
BROKEN = """
import { Suspense, createElement as h } from 'react';
const Bad = () => { throw new Error('the price is gone'); };
export default () => h('main', null, h(Suspense, { fallback: h('i', null, 'no price') }, h(Bad)), h('p'));
"""
THROWS = "import 'react'; export default () => { throw new RangeError('no stock'); };"
LARGE = """
import { Suspense, createElement as h } from 'react';
const rows = Array.from({ length: 600 }, (_, n) => h('p', { key: n }, 'a paragraph of some length ', n));
export default () => h('main', null, h(Suspense, { fallback: 'x' }, h('div', null, rows)));
"""
OWN = """
export const render = ({ name }, { identifierPrefix, nonce }) =>
  ({ html: `<b id="${identifierPrefix}x">${name}</b>`, head: '<meta name="a">', status: 203 });
"""
PLAIN = "export default 1;"


async def test_hooks_and_identifiers() -> None:
    async with open_stage(shop__Card=CARD) as stage:
        fragment = await stage.renderer.render("shop", "./Card", {"name": "cup"})
    prefix = re.search(r'data-hanse-prefix="(.*?)"', fragment.markup)
    assert prefix is not None
    assert fragment.html == (
        f'<section data-ready="false"><label for="_{prefix[1]}R_0_">cup<!-- -->: </label>'
        f'<button id="_{prefix[1]}R_0_">0</button></section>'
    )
    assert "shop/Card.js" in fragment.modules
    assert "shop/~hanse/react.js" not in fragment.modules
    assert fragment.engine_seconds > 0


async def test_what_has_to_be_waited_for_is_waited_for_and_no_script_is_needed() -> None:
    async with open_stage(shop__Late=LATE, shop__Bare=BARE, shop__Large=LARGE) as stage:
        for _ in range(2):
            late = await stage.renderer.render("shop", "Late", {"ms": 20})
            assert late.html == "<main><!--$--><b>late</b><!--/$--><p></p></main>"
            bare = await stage.renderer.render("shop", "Bare")
            assert bare.html == "<b>asynchronous</b>"
        large = await stage.renderer.render("shop", "Large")
        assert "<script" not in large.html
        assert large.html.count("</p>") == 600


async def test_streams_come_out_of_order_with_the_responses_nonce() -> None:
    async with open_stage(shop__Late=LATE) as stage:
        scene = stage.renderer.open(nonce="abcabcabcabcabcabcabcabc")
        stream = scene.stream("shop", "Late", {"ms": 50})
        shell = await stream.shell()
        pieces = [piece async for piece in stream]
        await stream.aclose()
    html = "".join(pieces)
    assert shell.status == 200
    assert len(pieces) > 3
    assert html.index("waiting") < html.index("<p></p>") < html.index(">late<")
    assert '<script nonce="abcabcabcabcabcabcabcabc"' in html
    assert re.search(r'id="h[0-9a-f]{6}-B:0"', html)
    assert html.endswith("</div>")
    assert stream.fragment is not None
    assert "shop/Late.js" in stream.fragment.modules


async def test_an_error_in_a_boundary_costs_the_boundary_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with open_stage(shop__Broken=BROKEN) as stage:
            fragment = await stage.renderer.render("shop", "Broken")
    assert fragment.mode == "server"
    assert "no price" in fragment.html
    assert "the price is gone" in caplog.text


async def test_a_component_that_throws_gives_the_browser_its_turn() -> None:
    async with open_stage(shop__Throws=THROWS) as stage:
        fragment = await stage.renderer.render("shop", "Throws")
        streamed = stage.renderer.stream("shop", "Throws")
        pieces = [piece async for piece in streamed]
    assert (fragment.mode, fragment.fallback) == ("browser", "threw")
    assert "no stock" in fragment.message
    assert "".join(pieces) == fragment.markup


async def test_a_module_renders_itself_without_any_framework() -> None:
    async with open_stage(plain__Own=OWN, plain__Not=PLAIN) as stage:
        assert stage.find("plain", "Own").adapter is None
        fragment = await stage.renderer.render("plain", "Own", {"name": "x"})
        other = await stage.renderer.render("plain", "Not")
    assert re.fullmatch(r'<b id="h[0-9a-f]{6}-x">x</b>', fragment.html)
    assert (fragment.head, fragment.status) == ('<meta name="a">', 203)
    assert 'data-hanse-hydrate="plain/./Own"' in fragment.markup
    assert other.fallback == "missing"
    assert "its build neither shares nor imports react" in other.message


async def test_a_loop_costs_its_fragment_its_deadline_and_the_next_one_nothing() -> None:
    loop = "export const render = () => { for (;;); };"
    async with open_stage(Limits(fragment_deadline=0.3), shop__Loop=loop, plain__Own=OWN) as stage:
        started = asyncio.get_running_loop().time()
        fragment = await stage.renderer.render("shop", "Loop")
        took = asyncio.get_running_loop().time() - started
    assert fragment.fallback == "timeout"
    assert took < 1
