"""Pages: what a template writes, in which order, and what it costs."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from markupsafe import Markup

import hanse.html
from hanse import Federation, NotFoundError, UsageError
from hanse.limits import Limits
from hanse.web import PageOptions, Pages
from tests.federation.towns import QUICK, entry, serve_towns, share, until
from tests.net.upstream import reply
from tests.web.heads import open_pages, read_elements, read_json

pytestmark = pytest.mark.anyio

DIGEST = "sha384-" + "A" * 64
CHROMIUM = {"sec-ch-ua": '"Chromium";v="150"'}
HOME = entry("home", integrity={"Card.js": DIGEST})
SHOP = entry("team/shop", share("react-dom"), card="Shop.js")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_the_map_comes_first_then_preloads_then_what_the_loader_needs() -> None:
    async with open_pages(home=HOME) as pages:
        page = pages.open()
        elements = read_elements(page.head(["home/Card"]))
    head = [one for one in elements if one.name in {"script", "link"}]
    kinds = [one.attributes.get("type") or one.attributes["rel"] for one in head]
    assert kinds[:4] == ["importmap", "modulepreload", "modulepreload", "application/json"]
    assert {one.attributes["nonce"] for one in head} == {page.nonce}
    assert json.loads(head[0].text) == json.loads(page.snapshot.import_map_json)


async def test_the_data_block_says_what_page_this_is() -> None:
    async with open_pages(
        PageOptions(base="/x/hanse", shims="/shims.js", shims_integrity="sha384-x"), home=HOME
    ) as pages:
        page = pages.open(root="/site/")
        data = read_json(page.head(["home/Card", "home/./Card"]), "application/json")
    assert data == {
        "base": "/site/x/hanse/",
        "snapshot": page.snapshot.digest,
        "development": False,
        "modules": ["home/./Card"] * 2,
        "scoped": False,
        "shims": "/shims.js",
        "shimsIntegrity": "sha384-x",
    }


async def test_a_preload_has_the_digest_of_the_map_and_no_file_comes_twice() -> None:
    async with open_pages(None, home=HOME, **{"team/shop": SHOP}) as pages:
        page = pages.open()
        html = page.head(["home/Card", "home/Card", "team/shop/Card"])
    links = [one.attributes for one in read_elements(html) if one.name == "link"]
    integrity = page.snapshot.import_map.integrity
    assert [*integrity.values()] == [DIGEST]
    assert links
    assert len({one["href"] for one in links}) == len(links)
    assert {one["href"]: one.get("integrity") for one in links} == {
        one["href"]: integrity.get(one["href"]) for one in links
    }


@pytest.mark.parametrize("name", ["team/shop/Card", "team/shop/./Card"])
async def test_a_module_is_found_by_either_name(name: str) -> None:
    async with open_pages(None, home=HOME, **{"team/shop": SHOP}) as pages:
        page = pages.open()
        assert page.url(name).endswith("/shop/Shop.js")
        assert read_elements(page.mount(name))[-1].attributes["data-hanse-module"] == "team/shop/./Card"


async def test_the_longest_name_of_a_remote_wins() -> None:
    inner = entry("team", exposes=[{"key": "./shop/Card", "outFileName": "Inner.js"}])
    async with open_pages(None, team=inner, **{"team/shop": SHOP}) as pages:
        assert pages.open().url("team/shop/Card").endswith("Shop.js")


async def test_an_element_carries_its_props_and_its_fallback() -> None:
    async with open_pages(home=HOME) as pages:
        page = pages.open()
        props = {"label": "\"><script>'", "fallback": 1, "self": None, "module": [True]}
        html = page.mount("home/Card", "a < b", **props)
        safe = page.mount("home/Card", Markup("<b>wait</b>"))
    div = read_elements(html)[-1]
    assert div.attributes == {
        "data-hanse-module": "home/./Card",
        "data-hanse-remote": "home",
        "data-hanse-props": div.attributes["data-hanse-props"],
    }
    assert json.loads(div.attributes["data-hanse-props"]) == props
    assert div.text == "a < b"
    assert [one.name for one in read_elements(safe)][-2:] == ["div", "b"]


async def test_an_unknown_module_is_an_error_for_whoever_develops() -> None:
    async with open_pages(PageOptions(development=True), home=HOME) as pages:
        page = pages.open()
        for use in (lambda name: page.head([name]), page.mount, page.url):
            for _ in range(2):
                with pytest.raises(NotFoundError, match=r"'Crad'.*\n.*exposes ./Card") as caught:
                    use("home/Crad")
                assert caught.value.subject == "home"
        with pytest.raises(NotFoundError, match="begins with no remote"):
            page.head(["nobody/Card"])


async def test_an_unknown_module_costs_nothing_but_itself_in_production(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_pages(home=HOME) as pages:
        with caplog.at_level(logging.WARNING, "hanse.web"):
            for _ in range(3):
                page = pages.open()
                html = page.head(["nobody/at/Card", "home/Card"])
                element = read_elements(page.mount("nobody/at/Card", "not now"))[-1]
                assert page.url("nobody/at/Card") == ""
    assert read_json(html, "application/json")["modules"] == ["home/./Card"]
    assert element.attributes == {"data-hanse-fallback": "remote=nobody/at;reason=unknown"}
    assert element.text == "not now"
    assert [one.name for one in caplog.records] == ["hanse.web"]
    assert "nobody/at/Card" in caplog.text


@pytest.mark.parametrize("development", [True, False])
async def test_a_remote_that_fails_is_nobodys_mistake(development: bool) -> None:
    async with open_pages(PageOptions(development=development), home=HOME, down=reply(status=500)) as pages:
        page = pages.open()
        page.head(["down/Card"])
        element = read_elements(page.mount("down/Card"))[-1]
    assert element.attributes == {"data-hanse-fallback": "remote=down;reason=failed"}


async def test_each_page_has_a_nonce_and_a_snapshot_of_its_own() -> None:
    async with serve_towns(home=HOME) as towns, towns.federation() as federation:
        pages = Pages(federation)
        first, second = pages.open(), pages.open()
        before = first.head(["home/Card"])
        towns.put("home", entry("home", card="New.js"))
        await federation.refresh()
        third = await pages.aopen()
        assert first.head(["home/Card"]) == before
        assert third.url("home/Card").endswith("New.js")
    assert len({first.nonce, second.nonce, third.nonce}) == 3
    assert first.snapshot is second.snapshot is not third.snapshot


async def test_what_is_kept_has_no_nonce_in_it() -> None:
    async with open_pages(PageOptions(orchestrator="session", development=True), home=HOME) as pages:
        page = pages.open()
        html = page.head(["home/Card"])
        kept = page.prepare(["home/Card"])
    assert html.count(page.nonce) == sum(piece is None for piece in kept.pieces) >= 5
    assert all(page.nonce not in piece for piece in kept.pieces if piece is not None)


@pytest.fixture
def encodings() -> Iterator[list[object]]:
    """Collect what is encoded as JSON to be written into pages."""
    written: list[object] = []
    encode = hanse.html.inline_json

    def count(value: object) -> str:
        written.append(value)
        return encode(value)

    with patch("hanse.web.head.edition.inline_json", count), patch("hanse.web.head.state.inline_json", count):
        yield written


async def test_a_second_request_encodes_nothing(encodings: list[object]) -> None:
    async with open_pages(PageOptions(orchestrator="global"), home=HOME, **{"team/shop": SHOP}) as pages:
        first = pages.open().head(["home/Card"])
        assert len(encodings) == 3
        second = pages.open().head(["home/Card"])
        assert len(encodings) == 3
        # The map and the state are the same for other modules: only what names them is new.
        pages.open().head(["team/shop/Card"])
        assert len(encodings) == 4
        one, other = pages.open().prepare(["home/Card"]), pages.open().prepare(["team/shop/Card"])
    assert first != second
    assert one.pieces[3] is other.pieces[3]


async def test_a_refresh_that_changes_nothing_renders_nothing(encodings: list[object]) -> None:
    async with open_pages(home=HOME) as pages:
        before = pages.open()
        before.head(["home/Card"])
        count = len(encodings)
        # Whoever asks in the same breath as another gets the other's refresh.
        await asyncio.sleep(0.01)
        await pages.federation.refresh()
        after = pages.open()
        after.head(["home/Card"])
        assert before.snapshot is not after.snapshot
    assert len(encodings) == count


async def test_what_is_learnt_of_the_files_makes_the_preloads_exact() -> None:
    files = {
        "/home/Card.js": b"import './deep.js'; import 'react'",
        "/home/deep.js": b"",
        "/home/react-19.1.0.js": b"",
    }
    async with serve_towns(home=entry("home", share(), share("unused", "1.0.0"))) as towns:
        for path, body in files.items():
            towns.upstream.routes[path] = reply(body, headers={"content-type": "text/javascript"}, delay=0.1)
        async with towns.federation(modules="read") as federation:
            pages = Pages(federation)
            before = pages.open()
            guessed = before.prepare(["home/Card"])
            scoped = before.prepare(["home/Card"], scoped=True)
            await federation.modules_read()
            after = pages.open()
            exact = after.prepare(["home/Card"])
    assert before.snapshot.digest == after.snapshot.digest
    assert [one.url.rpartition("/")[2] for one in guessed.preloads] == [
        "Card.js",
        "react-19.1.0.js",
        "unused-1.0.0.js",
    ]
    assert [one.url.rpartition("/")[2] for one in exact.preloads] == ["Card.js", "deep.js", "react-19.1.0.js"]
    assert {one.rpartition("/")[2] for one in exact.free} == {"deep.js", "react-19.1.0.js"}
    assert guessed.free == frozenset()
    assert (scoped.scoped, "has not been read" in scoped.unscoped_because) == (False, True)


async def test_link_headers_name_what_is_preloaded_within_their_bound() -> None:
    shared = [share(f"package-number-{number}-with-a-long-name", "1.0.0") for number in range(40)]
    async with open_pages(PageOptions(link_headers="always"), home=entry("home", *shared)) as pages:
        page = pages.open()
        head = page.prepare(["home/Card"])
        links = [value for name, value in page.response_headers() if name == "Link"]
    assert 3 < len(links) < len(head.preloads)
    assert sum(len(f"link: {one}\r\n") for one in links) <= pages.limits.link_header_bytes
    for link, preload in zip(links, head.preloads, strict=False):
        # Nothing is known of these files: they are fetched, and linked to nothing before the map is there.
        assert link == f'<{preload.url}>; rel=preload; as=script; crossorigin; nonce="{page.nonce}"'


def nonces_of_preloads(pages: Pages, headers: dict[str, str], nonce: str | None = None) -> set[bool]:
    """Return whether module preloads of a page have its nonce, for elements and for headers alike."""
    page = pages.open(headers=headers, nonce=nonce)
    links = [one.attributes for one in read_elements(page.head(["home/Card"])) if one.name == "link"]
    assert links
    assert all(one["nonce"] == page.nonce for one in links if "nonce" in one)
    early = [value for name, value in page.response_headers() if name == "Link" and "modulepreload" in value]
    return {"nonce" in one for one in links} | {"nonce=" in one for one in early}


@pytest.mark.parametrize(
    ("headers", "options", "given", "nonces"),
    [
        (CHROMIUM, PageOptions(), None, {False}),
        (CHROMIUM, PageOptions(link_headers="never"), None, {False}),
        ({}, PageOptions(), None, {True}),
        ({"sec-ch-ua": '"Chromium";v="132"'}, PageOptions(link_headers="always"), None, {True}),
        (CHROMIUM, PageOptions(csp=False), None, {True}),
        (CHROMIUM, PageOptions(), "A" * 24, {True}),
    ],
)
async def test_module_preloads_have_no_nonce_where_the_policy_is_known_to_need_none(
    headers: dict[str, str], options: PageOptions, given: str | None, nonces: set[bool]
) -> None:
    """V8 compiles a module anew where the nonce is another than that of the page before."""
    async with open_pages(options, home=HOME) as pages:
        assert nonces_of_preloads(pages, headers, given) == nonces
        page = pages.open(headers=headers, nonce=given)
        page.head(["home/Card"])
        varies = ("Vary", "Sec-CH-UA") in page.response_headers()
    # A head that is not the same for every browser says so.
    assert varies is (options.link_headers == "auto" or given is None)


async def test_under_a_policy_that_needs_them_preloads_have_their_nonces_from_then_on() -> None:
    async with open_pages(home=HOME) as pages:
        pages.open(headers=CHROMIUM).note_policy("script-src 'nonce-x' 'strict-dynamic'")
        assert nonces_of_preloads(pages, CHROMIUM) == {False}
        pages.open(headers=CHROMIUM).note_policy("script-src 'nonce-x'")
        assert nonces_of_preloads(pages, CHROMIUM) == {True}


async def test_what_is_kept_is_bounded() -> None:
    limits = Limits(
        **{**{f: getattr(QUICK, f) for f in QUICK.__slots__}, "page_heads": 3, "page_snapshots": 2}
    )
    async with serve_towns(home=HOME) as towns, towns.federation() as federation:
        pages = Pages(federation, limits=limits)
        for number in range(20):
            towns.put("home", entry("home", card=f"Card{number}.js"))
            await federation.refresh()
            for name in ("home/Card", *(f"x{index}/Card" for index in range(20))):
                pages.open().head([name])
        editions = pages.editions()
    assert len(editions) == 2
    assert all(edition.kept <= 3 for edition in editions)


async def test_more_modules_than_a_page_can_mean_are_refused() -> None:
    async with open_pages(home=HOME) as pages:
        with pytest.raises(UsageError):
            pages.open().head([f"home/{number}" for number in range(1000)])


async def test_the_first_page_starts_the_federation() -> None:
    async with serve_towns(home=HOME) as towns:
        federation = towns.federation()
        try:
            page = await Pages(federation).aopen()
            assert page.url("home/Card").endswith("Card.js")
            await until(lambda: federation.keeper is not None)
        finally:
            await federation.aclose()


def test_options_are_checked() -> None:
    for base in ("", "/", "hanse", "/hanse/", "/a b", "//x", "/\"'"):
        with pytest.raises(UsageError):
            PageOptions(base=base)
    assert PageOptions().base == "/_hanse"


async def test_a_policy_is_given_where_it_is_wanted() -> None:
    async with open_pages(home=HOME) as pages:
        page = pages.open()
        page.head(["home/Card"])
        headers = page.response_headers()
        silent = Pages(pages.federation, PageOptions(csp=False)).open()
    # Whether there are links depends on the browser, and this request has not said which it is.
    assert [name for name, _ in headers] == ["Vary", "Content-Security-Policy"]
    assert f"'nonce-{page.nonce}'" in headers[1][1]
    assert silent.response_headers() == []


async def test_nobody_opens_a_page_of_nothing() -> None:
    federation = Federation(
        {"home": "http://127.0.0.1:9/remoteEntry.json"}, refresh_interval=None, limits=QUICK
    )
    page = await Pages(federation).aopen()
    try:
        assert page.mount("home/Card") == '<div data-hanse-fallback="remote=home;reason=failed"></div>'
    finally:
        await federation.aclose()
