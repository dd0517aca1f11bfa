"""Fragments in pages: what they need stands where it still can, once, and for this response alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hanse.errors import NotFoundError, UsageError
from hanse.web import PageOptions, Pages
from hanse.web.blank import BlankPage
from hanse.web.integration import render
from hanse.web.page import Page
from tests.federation.towns import entry
from tests.render.acting import Play, card, play
from tests.web.heads import Element, open_pages, read_elements
from tests.web.site import Site, ask, open_site

pytestmark = pytest.mark.anyio

NONCE = "a" * 24
SHOP = entry("shop", exposes=[{"key": "./Card", "outFileName": "card.js"}])


@asynccontextmanager
async def open_play(made: Play, options: PageOptions | None = None) -> AsyncIterator[Pages]:
    async with open_pages(options, shop=SHOP) as pages:
        pages.federation.renderer = made.renderer
        yield pages


def links(html: str) -> list[tuple[str, str]]:
    return [
        (one.attributes["rel"], one.attributes["href"]) for one in read_elements(html) if one.name == "link"
    ]


def scripts(html: str) -> list[Element]:
    return [one for one in read_elements(html) if one.name == "script"]


async def test_what_is_rendered_before_the_head_stands_in_the_head() -> None:
    made = play()
    made.actor.head = '<meta name="shop" content="cups">'
    async with open_play(made) as pages:
        page = pages.open(nonce=NONCE)
        fragment = await page.render("shop", "./Card", {"name": "cup"})
        head = page.head()
    assert "<link" not in fragment.markup
    assert "<script" not in fragment.markup
    assert ("stylesheet", "https://shop.example/card.css") in links(head)
    assert ("modulepreload", "https://shop.example/card.js") in links(head)
    assert any("hanse-hydrate" in one.text for one in scripts(head))
    assert '<meta name="shop" content="cups">' in head
    assert '"modules":["shop/./Card"]' in head
    assert head.index("stylesheet") < head.index("importmap") < head.index("modulepreload")


async def test_what_is_rendered_after_the_head_brings_what_it_needs_once() -> None:
    made = play()
    async with open_play(made) as pages:
        page = pages.open(nonce=NONCE)
        head = page.head()
        first, second = [await page.render("shop", "./Card", {"n": n}) for n in (1, 2)]
    assert "card.css" not in head
    assert "hanse-hydrate" not in head
    assert ("stylesheet", "https://shop.example/card.css") in links(str(first))
    assert [one.attributes["nonce"] for one in scripts(str(first))] == [NONCE]
    assert links(str(second)) == []
    assert scripts(str(second)) == []
    assert re.sub(r"^.*?<div", "<div", str(first), flags=re.DOTALL).startswith("<div data-hanse-hydrate=")


async def test_another_page_has_nothing_of_it() -> None:
    made = play()
    async with open_play(made) as pages:
        await pages.open(nonce=NONCE).render("shop", "./Card")
        other = pages.open(nonce=NONCE)
        head = other.head()
    assert "card.css" not in head
    assert "hanse-hydrate" not in head


async def test_a_fragment_that_is_not_hydrated_needs_no_client() -> None:
    made = play()
    async with open_play(made) as pages:
        page = pages.open(nonce=NONCE)
        await page.render("shop", "./Card", hydrate=False)
        head = page.head()
    assert "hanse-hydrate" not in head
    assert links(head) == [("stylesheet", "https://shop.example/card.css")]


async def test_the_integrity_of_what_is_preloaded_is_the_maps() -> None:
    shop = entry(
        "shop",
        exposes=[{"key": "./Card", "outFileName": "card.js"}],
        integrity={"card.js": "sha384-" + "A" * 64},
    )
    made = play()
    async with open_pages(shop=shop) as pages:
        url = pages.open().url("shop/Card")
        made.change(scripts={"shop/card.js": (url,)})
        pages.federation.renderer = made.renderer
        page = pages.open(nonce=NONCE)
        page.head()
        found = read_elements(str(await page.render("shop", "./Card")))
    preloads = [one.attributes for one in found if one.attributes.get("rel") == "modulepreload"]
    assert {one["href"]: one.get("integrity") for one in preloads}[url] == "sha384-" + "A" * 64
    assert len({one["href"] for one in preloads}) == len(preloads)


async def test_a_streamed_fragment_brings_what_it_needs_first() -> None:
    made = play(pieces=["<p>", "card</p>"])
    async with open_play(made) as pages:
        page = pages.open(nonce=NONCE)
        pieces = [piece async for piece in page.stream("shop", "./Card", {"name": "cup"})]
    assert "stylesheet" in pieces[0]
    assert pieces[1].startswith("<div data-hanse-hydrate=")
    assert pieces[2:] == ["<p>", "card</p>", "</div>"]
    assert made.actor.streams[0].closed
    assert made.actor.calls[0].context["nonce"] == NONCE


async def test_without_a_renderer_browsers_do_it_all() -> None:
    async with open_pages(shop=SHOP) as pages:
        page = pages.open(nonce=NONCE)
        fragment = await page.render("shop", "./Card", {"name": "cup"}, fallback="wait")
        mounted = page.mount("shop/Card", "wait", name="cup")
        missing = await page.render("shop", "./Cart", fallback="no cart")
    assert fragment.markup == str(mounted)
    assert missing.markup == '<div data-hanse-fallback="remote=shop;reason=unknown">no cart</div>'


async def test_in_development_a_module_that_there_is_not_is_an_error() -> None:
    async with open_play(play(), PageOptions(development=True)) as pages:
        with pytest.raises(NotFoundError):
            await pages.open().render("shop", "./Cart")


async def test_the_trace_of_a_request_is_passed_on_if_it_is_one() -> None:
    made = play()
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    async with open_play(made) as pages:
        await pages.open(headers={"traceparent": trace}).render("shop", "Card")
        await pages.open(headers={"traceparent": "00-x\r\ny"}).render("shop", "Card")
    assert made.actor.calls[0].context["traceparent"] == trace
    assert "traceparent" not in made.actor.calls[1].context


async def test_a_remote_that_is_overridden_on_a_page_is_the_browsers_there() -> None:
    made = play()
    async with open_play(made) as pages:
        page = pages.open()
        assert page._fragments is not None
        page._fragments._withheld["shop"] = "a developer has replaced it on this page"
        fragment = await page.render("shop", "Card")
    assert (fragment.mode, fragment.fallback) == ("browser", "browser-only")
    assert made.actor.calls == []


async def test_a_template_that_does_not_await_must_not_block_the_loop() -> None:
    async with open_play(play()) as pages:
        page = pages.open()
        with pytest.raises(UsageError, match="does not await") as caught:
            page.render_sync("shop", "Card")
    assert "await page.render" in caught.value.hint


async def test_templates_options_have_a_prefix_of_their_own() -> None:
    async with open_play(play()) as pages:
        with pytest.raises(UsageError, match="no such option") as caught:
            render(pages.open(), "shop", "Card", "", {"hanse_cash": 1})
    assert "hanse_cache" in caught.value.hint


async def test_a_page_without_a_snapshot_shows_fallbacks() -> None:
    page = BlankPage(NotFoundError("nothing"), PageOptions())
    fragment = await page.render("shop", "./Card", fallback="<wait>")
    assert str(fragment) == '<div data-hanse-fallback="remote=shop;reason=unavailable">&lt;wait&gt;</div>'
    assert [piece async for piece in page.stream("shop", "./Card")] != []
    with pytest.raises(NotFoundError):
        BlankPage(NotFoundError("nothing"), PageOptions(development=True)).render_sync("shop", "Card")


async def test_a_page_of_nobody_renders_nothing() -> None:
    async with open_pages(shop=SHOP) as pages:
        edition = pages.edition(pages.federation.snapshot)
        page = Page(
            edition.snapshot,
            edition,
            nonce=NONCE,
            links=False,
            bare=None,
            note_policy=lambda _: None,
            root="",
        )
        with pytest.raises(UsageError):
            await page.render("shop", "Card")


async def test_metrics_count_fragments_by_remote() -> None:
    made = play(parts={("shop", "./Card"): card(), ("bad", "./Card"): card(remote="bad", browser_only="no")})
    async with open_site(shop=SHOP, bad=entry("bad")) as site:
        assert await site.sample('hanse_fragments_total{outcome="rendered",remote="shop"}') is None
    async with open_site(shop=SHOP, bad=entry("bad")) as site:
        site.federation.renderer = made.renderer
        async with ask(site.federation) as client:
            other = Site(site.towns, site.federation, client)
            for _ in range(3):
                await made.renderer.render("shop", "Card", cache=60.0)
            await made.renderer.render("bad", "Card")
            samples = {
                line: await other.sample(line)
                for line in (
                    'hanse_fragments_total{outcome="rendered",remote="shop"}',
                    'hanse_fragments_total{outcome="cached",remote="shop"}',
                    'hanse_fragments_total{outcome="browser",remote="bad"}',
                    'hanse_fragment_failures_total{reason="browser-only",remote="bad"}',
                    'hanse_fragment_seconds_count{remote="shop"}',
                )
            }
    assert list(samples.values()) == [1, 2, 1, 1, 3]
