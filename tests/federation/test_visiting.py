"""A page looked at from outside: why each preload is there, and what is missing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse import FetchError
from hanse.federation.page_source import Preloaded, read_page
from hanse.federation.visiting import PageReport, visit
from hanse.limits import LIMITS
from hanse.net import Access, Client, digest
from tests.federation.test_modules import CARD, FILES, put_builds, put_files
from tests.federation.towns import Towns, serve_towns
from tests.net.upstream import reply

pytestmark = pytest.mark.anyio

PAGE = "https://shop.example/en/page"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def preload(url: str, integrity: str = "") -> str:
    return f'<link rel="modulepreload" href="{url}"' + (f' integrity="{integrity}">' if integrity else ">")


@asynccontextmanager
async def page(head: str, **files: bytes) -> AsyncIterator[tuple[Towns, str]]:
    """Serve a page with the files of `home` beside it; `BASE` in its head is their folder."""
    async with serve_towns() as towns:
        put_files(towns, "home", {**FILES, **{f"{name}.js": body for name, body in files.items()}})
        base = towns.upstream.url("/home")
        import_map = {
            "imports": {"home/./Card": f"{base}/Card.js", "react": "/home/react-19.1.0.js"},
            "integrity": {f"{base}/Card.js": digest(CARD)},
        }
        html = f'<!doctype html><script type="importmap">{json.dumps(import_map)}</script>{head}'
        towns.upstream.routes["/"] = reply(html.replace("BASE", base).encode())
        yield towns, towns.upstream.url("/")


async def look(url: str) -> PageReport:
    async with Client(Access.for_urls([url], local=True)) as client:
        return await visit(url, client, LIMITS)


EXACT = "".join(preload(f"BASE/{file}") for file in ("Card.js", "react-19.1.0.js", "chunk.js", "deep.js"))
RUN = '<script type="application/json" id="hanse-page">{"modules": ["home/Card"]}</script>'


async def test_each_preload_has_its_chain() -> None:
    async with page(EXACT + RUN) as (towns, url):
        report = await look(url)
        assert not report.failed
        assert report.runs == ("home/./Card",)
        assert [(one.reason, [link.specifier for link in one.chain]) for one in report.preloads] == [
            ("needed", ["home/./Card"]),
            ("needed", ["home/./Card", "react"]),
            ("needed", ["home/./Card", "./chunk.js"]),
            ("needed", ["home/./Card", "./chunk.js", "./deep.js"]),
        ]
        assert report.preloads[3].chain[1].url == towns.upstream.url("/home/chunk.js")


async def test_what_is_too_much_and_too_little() -> None:
    head = preload("BASE/Card.js") + preload("BASE/late.js") + preload("BASE/nobody.js") + RUN
    async with page(head) as (_, url):
        report = await look(url)
        assert report.failed
        assert [one.reason for one in report.preloads] == ["needed", "late", "unreachable"]
        missing = [one.url.rpartition("/")[2] for one in report.not_preloaded]
        assert missing == ["react-19.1.0.js", "chunk.js", "deep.js"]
        assert [link.specifier for link in report.not_preloaded[2].chain] == [
            "home/./Card",
            "./chunk.js",
            "./deep.js",
        ]


async def test_hashes_that_disagree() -> None:
    head = EXACT.replace('Card.js">', f'Card.js" integrity="{digest(b"x")}">') + RUN
    async with page(head) as (_, url):
        (text,) = (await look(url)).disagreements
        assert text.endswith(f"Card.js: the preload has {digest(b'x')}, and the import map {digest(CARD)}")
    async with page(EXACT + RUN, Card=CARD + b" ") as (_, url):
        (text,) = (await look(url)).disagreements
        assert "the import map has another hash than the file" in text
    same = EXACT.replace('Card.js">', f'Card.js" integrity="{digest(CARD)}">') + RUN
    async with page(same) as (_, url):
        assert (await look(url)).disagreements == ()


@pytest.mark.parametrize(
    "head",
    [
        '<script type="module">import { mount } from "home/./Card"; mount()</script>',
        '<script type="module">const { mount } = await import("home/./Card"); mount()</script>',
        '<script type="module" src="/home/Card.js"></script>',
        '<div data-hanse-module="home/Card"></div>',
        '<base href="/home/"><script type="module" src="Card.js"></script>',
    ],
)
async def test_what_a_page_runs(head: str) -> None:
    async with page(EXACT + head) as (_, url):
        report = await look(url)
        assert [one.reason for one in report.preloads] == ["needed"] * 4
        assert not report.failed


async def test_faults_of_the_page_are_named() -> None:
    head = EXACT + RUN.replace("home/Card", "home/Gone") + '<script type="importmap">{</script>'
    async with page(head) as (_, url):
        faults = (await look(url)).faults
        assert "import map 2" in faults[0]
        assert faults[1] == "the page says that it shows 'home/Gone', which its import map does not have"
    async with page(EXACT + RUN, chunk=b"import './gone.js'; import 'nobody'") as (towns, url):
        report = await look(url)
        base = towns.upstream.url("/home")
        assert report.unresolved == (f"{base}/chunk.js imports 'nobody', which nothing provides",)
        assert report.unread[0].startswith(f"{base}/gone.js, imported by {base}/chunk.js: ")
    with pytest.raises(FetchError):
        await look(url)


async def test_a_containers_module_is_none_of_the_import_maps() -> None:
    described = {
        "team/shop": {
            "script": "/shop/entry.js",
            "exposes": {"./Card": {"js": ["/shop/card.js"]}, "./Menu": {"js": ["/shop/menu.js"]}},
        },
        "bare": {"script": "/bare/entry.js", "exposes": None},
    }
    data = json.dumps({"containers": described})
    block = f'<script type="application/json" id="hanse-containers">{data}</script>'
    run = RUN.replace('["home/Card"]', '["home/Card", "team/shop/./Card", "bare/Thing"]')
    preloads = "".join(map(preload, ("/shop/entry.js", "/shop/card.js", "/shop/menu.js", "/bare/entry.js")))
    async with page(EXACT + preloads + run + block) as (towns, url):
        for path in ("/shop/menu.js", "/shop/entry.js"):
            towns.upstream.routes[path] = reply(b"export {}", headers={"content-type": "text/javascript"})
        report = await look(url)
    assert report.faults == ()
    assert [one.reason for one in report.preloads[4:]] == ["needed", "needed", "unreachable", "needed"]
    assert report.preloads[5].chain[0].specifier == "team/shop/./Card"
    assert report.not_preloaded == ()


async def test_the_page_of_a_federation_with_real_builds_is_as_it_should_be() -> None:
    async with serve_towns() as towns:
        put_builds(towns)
        async with towns.federation(modules="read") as federation:
            await federation.modules_read()
            module = federation.load_remote_module("team/catalog", "ProductList")
            links = "".join(preload(one.url, one.integrity or "") for one in module.preloads)
            text = federation.snapshot.import_map_json.decode()
            shown = '<p data-hanse-module="team/catalog/ProductList">'
            html = f'<script type="importmap">{text}</script>{links}{shown}'
            towns.upstream.routes["/"] = reply(html.encode())
            report = await look(towns.upstream.url("/"))
            assert not report.failed
            assert len(report.preloads) == 8


def test_html_is_read_as_browsers_read_it() -> None:
    found = read_page(
        '<!-- <script type="importmap">{"a"}</script> -->'
        '<SCRIPT TYPE="importmap">{"imports": {"<!--": "</p>"}}</SCRIPT>'
        '<link rel="preload modulepreload" href="a.js"><link rel="stylesheet" href="b.css">'
        '<link rel=modulepreload href="&#x2F;c.js" integrity="sha384-x"/><link rel="modulepreload" href="http://[">'
        '<script type=module>import "x"</script><script>import "no"</script>'
        '<script type="module" src="../d.js"></script>'
        "<script id=hanse-page type=application/json>{broken</script>"
        '<script type="module">cut off',
        PAGE,
    )
    assert found.maps == ['{"imports": {"<!--": "</p>"}}']
    assert found.preloads == [
        Preloaded("https://shop.example/en/a.js", ""),
        Preloaded("https://shop.example/c.js", "sha384-x"),
    ]
    assert found.inline == ['import "x"']
    assert found.scripts == ["https://shop.example/d.js"]
    assert found.modules == []


TOKENS = ["<script", ' type="module"', ">", "</script>", "<link ", "<!--", "-->", '"']


@given(st.text(), st.lists(st.sampled_from(TOKENS), max_size=30))
def test_no_html_makes_it_fail(text: str, tokens: list[str]) -> None:
    read_page(text.join(tokens), PAGE)
