"""The quick way to render React writes what React writes, to the letter, or leaves it to React."""

from __future__ import annotations

import asyncio
import html
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hanse.engines import Realm
from tests.render.houses import PACKAGES, ROOT, open_stage
from tests.soak.counts import often

pytestmark = pytest.mark.anyio

LAWS = (Path(__file__).parent / "quick_laws.js").read_text()
REACTS = {
    "19.2": PACKAGES,
    "19.3": ROOT / "examples" / "omni" / "shop" / "node_modules",
    "18.3": ROOT / "tests" / "toolchains" / "next" / "node_modules",
}
LEFT = ("hint", "several", "mounting", "twins", "title", "late", "use", "changing", "own")
KNOWN = ("row", "image", "picture", "choice", "unchosen", "boundary")
TREES = often(1500, soak=100_000)
# Hooks of the page: what it says changes with each rendering, or never.
COUNTING = """
import { createElement as h, useId } from 'react';
let count = 0;
export default ({ odd }) => { const id = useId(); return h('p', { id }, odd ? ++count : 'same'); };
"""
PARTED = """
import { createElement as h } from 'react';
let count = 0;
const choice = h('textarea', { defaultValue: 'x' });
export default ({ list }) => h('div', null, ++count, list ? choice : 'plain');
"""
VISITOR = "import { createContext } from 'react'; export default createContext('nobody');"
GREETING = """
import { createElement as h, useContext } from 'react';
import Visitor from './Visitor.js';
export default () => h('p', null, useContext(Visitor));
"""
FAILING = """
import { Suspense, createElement as h } from 'react';
import Visitor from './Visitor.js';
const Bad = () => { throw new Error('no stock'); };
export default ({ name }) => h(Visitor.Provider, { value: name }, h(Suspense, null, h(Bad)));
"""
COUNTED = """
import { createElement as h } from 'react';
let count = 0;
const choice = h('textarea', { defaultValue: 'x' });
export default ({ list, tell }) => { count += 1; return h('p', null, tell ? count : 'x', list && choice); };
"""
HINTING = """
import { createElement as h } from 'react';
import { preload } from 'react-dom';
export default ({ hint }) => { if (hint) preload('/a.css', { as: 'style' }); return h('p', null, 'x'); };
"""
LONG = """
import { createElement as h } from 'react';
export default ({ letters, times }) => {
  const many = letters.repeat(times);
  return h('p', { title: many }, many, letters);
};
"""
TEXT = """
import 'react';
export default 'b';
"""


@asynccontextmanager
async def open_laws(react: str) -> AsyncIterator[Realm]:
    async with open_stage({"shop__Laws": LAWS}, packages=REACTS[react]) as stage:
        yield stage.realm


async def ask(realm: Realm, name: str, *values: Any) -> Any:
    return await realm.call("shop/Laws.js", name, list(values), deadline=600.0)


@pytest.mark.parametrize("react", REACTS)
async def test_whatever_is_quick_is_what_react_writes(react: str) -> None:
    async with open_laws(react) as realm:
        found = await ask(realm, "compare", 1, TREES)
    assert found["differing"] == []
    assert found["made"] == TREES
    assert found["quick"] > TREES / 3
    assert found["letters"] > 15 * found["quick"]


@pytest.mark.parametrize("react", REACTS)
@pytest.mark.parametrize(("depth", "width"), [(1, 1), (3, 2), (7, 5), (12, 31), (40, 3)])
async def test_identifiers_are_those_that_the_browser_makes(react: str, depth: int, width: int) -> None:
    async with open_laws(react) as realm:
        fast, slow = await ask(realm, "deep", depth, width)
    assert fast == slow


@pytest.mark.parametrize("what", LEFT)
async def test_what_is_not_known_is_left_to_react(what: str) -> None:
    async with open_laws("19.2") as realm:
        assert await ask(realm, "left", what)
        assert [one for one in KNOWN if await ask(realm, "left", one)] == []


async def test_whoever_makes_up_names_is_left_to_react() -> None:
    async with open_laws("19.2") as realm:
        assert 5000 < await ask(realm, "invent", 50_000) < 20_000


async def test_pages_are_the_same_before_and_after_they_are_quick() -> None:
    async with open_stage({"shop__Card": COUNTING}) as stage:
        pages = [await stage.renderer.render("shop", "./Card", {}) for _ in range(12)]
        assert len({page.html.partition(">")[2] for page in pages}) == 1
        assert pages[0].html.startswith('<p id="_')


async def test_a_component_that_never_says_the_same_is_rendered_once_for_each_page() -> None:
    async with open_stage({"shop__Card": COUNTING}) as stage:
        for _ in range(8):
            await stage.renderer.render("shop", "./Card", {"odd": True})
        first, second = [
            int(
                (await stage.renderer.render("shop", "./Card", {"odd": True}))
                .html.split(">")[1]
                .split("<")[0]
            )
            for _ in range(2)
        ]
        assert second == first + 1


async def test_what_is_left_to_react_is_not_tried_for_ever() -> None:
    async with open_stage({"shop__Card": PARTED}) as stage:
        for _ in range(3):
            await stage.renderer.render("shop", "./Card", {"list": True})
        counts = []
        for _ in range(8):
            page = await stage.renderer.render("shop", "./Card", {"list": True})
            counts.append(int(page.html.split(">")[1].split("<")[0]))
        # Rendered twice while it is tried, and once for each page from then on.
        assert [after - before for before, after in pairwise(counts)][-4:] == [1] * 4


async def test_it_is_trusted_once_three_of_its_pages_have_agreed() -> None:
    # Each page once by React, then each twice, whether it was left to React or agreed, then once.
    asked: list[dict[str, bool]] = [{}] * 3 + [{"list": True}] * 2 + [{}] * 3 + [{}]
    async with open_stage({"shop__Card": COUNTED}) as stage:
        for props in asked:
            await stage.renderer.render("shop", "./Card", props)
        page = await stage.renderer.render("shop", "./Card", {"tell": True})
    assert page.html == f"<p>{3 + 2 * 2 + 2 * 3 + 1 + 1}</p>"


async def test_a_hint_is_given_though_the_pages_before_gave_none() -> None:
    async with open_stage({"shop__Card": HINTING}) as stage:
        for _ in range(8):
            await stage.renderer.render("shop", "./Card", {})
        page = await stage.renderer.render("shop", "./Card", {"hint": True})
    assert 'href="/a.css"' in page.html


async def test_a_page_that_failed_leaves_nothing_of_its_visitor_to_the_next() -> None:
    modules = {"shop__Visitor": VISITOR, "shop__Card": GREETING, "shop__Bad": FAILING}
    async with open_stage(modules) as stage:
        for _ in range(8):
            await stage.renderer.render("shop", "./Card", {})
        await stage.renderer.render("shop", "./Bad", {"name": "Tuva"})
        page = await stage.renderer.render("shop", "./Card", {})
    assert page.html == "<p>nobody</p>"


@pytest.mark.parametrize("letters", ["a", "<&>", "ü", "\u20ac", "😀", "a\u0800<"])
async def test_pages_may_be_of_any_length(letters: str) -> None:
    async with open_stage({"shop__Card": LONG}) as stage:
        for times in (1, 2, 3, 4, 5, 6, 255, 300, 3000, 100_000, 1):
            page = await stage.renderer.render("shop", "./Card", {"letters": letters, "times": times})
            written = html.escape(letters).replace("&#x27;", "'")
            assert page.html == f'<p title="{written * times}">{written * times}<!-- -->{written}</p>'


async def test_a_page_is_not_written_over_before_it_is_given_back() -> None:
    names = [f"visitor-{number}" for number in range(6)]
    async with open_laws("19.2") as realm:
        found = await ask(realm, "hold", names)
    assert found == {"read": [f"<p>{name}</p>" for name in names], "apart": len(names), "again": True}


async def test_pages_that_are_made_at_once_are_each_their_own() -> None:
    async with open_stage({"shop__Card": LONG}) as stage:

        async def render(letters: str) -> str:
            return (await stage.renderer.render("shop", "./Card", {"letters": letters, "times": 2})).html

        for _ in range(8):
            await render("a")
        names = [f"visitor-{number}" for number in range(40)]
        pages = await asyncio.gather(*map(render, names))
    assert pages == [f'<p title="{name * 2}">{name * 2}<!-- -->{name}</p>' for name in names]


async def test_a_tag_is_a_component_too() -> None:
    async with open_stage({"shop__Card": TEXT}) as stage:
        pages = [(await stage.renderer.render("shop", "./Card", {"title": "<"})).html for _ in range(8)]
    assert set(pages) == {'<b title="&lt;"></b>'}
