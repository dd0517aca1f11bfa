"""Heads in a real Chromium: early preloads, maps of their own, and an orchestrator that takes over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from examples.basic.remotes import serve_app, serve_remotes
from examples.basic.visit import is_negotiation, is_react, keep_diary
from hanse import Federation
from hanse.html import inline_json
from hanse.web import PageOptions
from hanse.web.starlette import HanseMiddleware, hanse_page
from scripts.build_examples import build_examples
from tests.browser.tracing import compiled, traced

pytestmark = [pytest.mark.browser, pytest.mark.node]

ROOT = Path(__file__).resolve().parents[2]
ORCHESTRATOR = (
    ROOT / "benchmarks" / "node_modules" / "@softarc" / "native-federation-orchestrator" / "fesm2022"
)
CATALOG, BASKET = "team/catalog/ProductList", "team/basket/Basket"
# How long a page keeps its readers waiting for its first byte, in seconds.
PAUSE = 0.5
VIOLATIONS = (
    "addEventListener('securitypolicyviolation', (event) =>"
    " (window.violated ??= []).push(event.violatedDirective))"
)
# The page has a finished map: the orchestrator need not write one, and could not without the nonce.
TAKE_OVER = """
import { initFederation } from '/orchestrator/@softarc/native-federation-orchestrator.mjs';
import * as options from '/orchestrator/options.mjs';
const { loadRemoteModule } = await initFederation(MANIFEST, {
  ...options.useDefaultImportMap(),
  setImportMapFn: (map) => Promise.resolve(map),
  storage: options['STORE'],
});
const { mount } = await loadRemoteModule('team/catalog', './ProductList');
mount(document.querySelector('#place'));
"""
STORES = {"global": "globalThisStorageEntry", "session": "sessionStorageEntry", "local": "localStorageEntry"}


def document(head: str, body: str) -> str:
    icon = '<link rel="icon" href="data:,">'
    return f'<!doctype html><head><meta charset="utf-8">{head}{icon}</head><body>{body}</body>'


def both(request: Request) -> Response:
    """Show both components."""
    page = hanse_page(request)
    return HTMLResponse(document(page.head([CATALOG, BASKET]), page.mount(CATALOG) + page.mount(BASKET)))


def slow(request: Request) -> Response:
    """Show both components, long after the headers."""
    page = hanse_page(request)
    html = document(page.head([CATALOG, BASKET]), page.mount(CATALOG) + page.mount(BASKET))

    async def body() -> AsyncIterator[str]:
        await asyncio.sleep(PAUSE)
        yield html

    return StreamingResponse(body(), media_type="text/html")


def catalog(request: Request) -> Response:
    """Show the catalog, with a map of its own."""
    page = hanse_page(request)
    return HTMLResponse(document(page.head([CATALOG], scoped=True), page.mount(CATALOG)))


def basket(request: Request) -> Response:
    """Show the basket, with a map of its own."""
    page = hanse_page(request)
    return HTMLResponse(document(page.head([BASKET], scoped=True), f'{page.mount(BASKET)}<p id="place"></p>'))


class Site:
    """The remotes, a site for each set of options, and where they are."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack
        self.manifest = stack.enter_context(serve_remotes())
        self.urls: dict[PageOptions, str] = {}

    def open(self, options: PageOptions | None = None) -> str:
        """Return the URL of a site with these options whose files have been read."""
        options = options or PageOptions()
        if options not in self.urls:
            self.urls[options] = self.stack.enter_context(serve_app(self.build(options), 8370))
        return self.urls[options]

    def build(self, options: PageOptions) -> Starlette:
        """Build a site."""
        federation = Federation(self.manifest, refresh_interval=None)

        async def ready(_: Request) -> Response:
            await federation.modules_read()
            assert federation.snapshot.files.complete
            return Response()

        def orchestrated(request: Request) -> Response:
            page = hanse_page(request)
            code = TAKE_OVER.replace("MANIFEST", inline_json(self.manifest))
            script = code.replace("STORE", STORES[options.orchestrator])
            html = f'<p id="place"></p><script type="module" nonce="{page.nonce}">{script}</script>'
            return HTMLResponse(document(page.head([CATALOG]), html))

        routes = [
            Route("/ready", ready),
            Route("/", both),
            Route("/slow", slow),
            Route("/catalog", catalog),
            Route("/basket", basket),
            Route("/orchestrated", orchestrated),
            Mount("/orchestrator", StaticFiles(directory=ORCHESTRATOR)),
        ]
        return Starlette(
            routes=routes, middleware=[Middleware(HanseMiddleware, federation=federation, options=options)]
        )


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    build_examples()
    with ExitStack() as stack:
        yield Site(stack)


@pytest.fixture
def url(site: Site, page: Page) -> str:
    """Return the site with the usual options."""
    return ready(site, page)


def ready(site: Site, page: Page, options: PageOptions | None = None) -> str:
    url = site.open(options)
    assert page.request.get(f"{url}ready").ok
    return url


def see_both(page: Page) -> None:
    expect(page.get_by_role("region", name="Catalog")).to_be_visible()
    expect(page.get_by_role("region", name="Basket")).to_be_visible()


def read_map(page: Page) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = page.evaluate(
        "() => JSON.parse(document.querySelector('script[type=importmap]').textContent)"
    )
    return found


def test_modules_load_before_the_first_byte_of_the_page(page: Page, url: str) -> None:
    diary = keep_diary(page)
    page.add_init_script(VIOLATIONS)
    answer = page.goto(f"{url}slow")
    assert answer is not None
    see_both(page)
    page.wait_for_load_state("networkidle")
    links = [one for one in answer.headers_array() if one["name"].lower() == "link"]
    early = {one["value"].partition(">")[0].lstrip("<") for one in links}
    assert any(is_react(one) for one in early)
    # Of a file that is asked for again, and then not fetched again, the first time counts.
    starts = page.evaluate(
        "() => Object.fromEntries("
        "performance.getEntriesByType('resource').reverse().map((e) => [e.name, e.startTime]))"
    )
    first_byte = page.evaluate("() => performance.getEntriesByType('navigation')[0].responseStart")
    html = page.evaluate("() => performance.getEntriesByType('navigation')[0].responseEnd")
    assert html - first_byte > PAUSE * 900
    assert all(starts[one] < html - PAUSE * 500 for one in early)
    modules = [one for one in diary.requests if one.endswith(".js")]
    assert len(modules) == len(set(modules))
    assert early <= {*modules}
    as_modules = {
        one["value"].partition(">")[0].lstrip("<") for one in links if "modulepreload" in one["value"]
    }
    assert as_modules == {one for one in early if "/chunk-" in one}
    assert diary.complaints == []
    assert page.evaluate("() => window.violated ?? []") == []


def test_early_preloads_are_checked_as_late_ones_are(page: Page, url: str) -> None:
    """What comes before the map is not under its integrity: the header's own has to do it."""
    answer = page.goto(url)
    assert answer is not None
    links = [one["value"] for one in answer.headers_array() if one["name"].lower() == "link"]
    integrity = read_map(page)["integrity"]
    assert links
    for link in links:
        target = link.partition(">")[0].lstrip("<")
        assert f'integrity="{integrity[target]}"' in link
    assert answer.headers["vary"] == "Sec-CH-UA"


def test_a_preload_has_the_digest_of_the_map(page: Page, url: str) -> None:
    page.goto(url)
    integrity = read_map(page)["integrity"]
    links = page.evaluate(
        "() => [...document.querySelectorAll('link[rel=modulepreload]')].map((e) => [e.href, e.integrity])"
    )
    assert len(links) > 5
    assert all(integrity.get(href, "") == digest for href, digest in links)


def test_other_browsers_get_no_link_headers(page: Page, site: Site, url: str) -> None:
    brands = '"Not(A:Brand";v="99", "Chromium";v="{}"'
    for version, given in (("132", False), ("133", True), ("156", True)):
        answer = page.request.get(url, headers={"sec-ch-ua": brands.format(version)})
        assert ("link" in answer.headers) is given
    assert "link" not in page.request.get(url).headers
    never = ready(site, page, PageOptions(link_headers="never"))
    answer = page.request.get(never, headers={"sec-ch-ua": brands.format("156")})
    assert "link" not in answer.headers
    always = page.request.get(ready(site, page, PageOptions(link_headers="always")))
    assert "link" in always.headers
    # What does not differ from browser to browser does not say so.
    for choice in ("always", "never"):
        plain = ready(site, page, PageOptions(link_headers=choice, csp=False))
        assert "vary" not in page.request.get(plain).headers


def test_the_next_page_compiles_no_module_anew(browser: Browser, page: Page, url: str) -> None:
    """V8 takes what it has compiled where a module is fetched with the same nonce, or again with none."""
    page.add_init_script(VIOLATIONS)
    page.goto(url)
    see_both(page)
    page.wait_for_load_state("networkidle")
    diary = keep_diary(page)
    with traced(browser, page) as events:
        page.goto(url)
        see_both(page)
    modules = compiled(events)
    asked = [one for one in diary.requests if one.endswith(".js")]
    assert len(asked) > 5
    assert len(asked) == len({*asked})
    assert {*asked} <= {*modules}
    assert [one for one in asked if modules[one]] == []
    assert page.evaluate("() => window.violated ?? []") == []
    assert diary.complaints == []


def test_a_page_with_a_map_of_its_own_has_less_in_it(page: Page, url: str) -> None:
    page.goto(url)
    whole = read_map(page)
    diary = keep_diary(page)
    page.goto(f"{url}basket")
    expect(page.get_by_role("region", name="Basket")).to_be_visible()
    own = read_map(page)
    assert "team/catalog/./ProductList" in whole["imports"]
    assert "team/catalog/./ProductList" not in own["imports"]
    assert own["imports"].items() < whole["imports"].items()
    assert len(str(own)) < len(str(whole)) * 0.8
    assert diary.complaints == []


def test_its_lazy_chunks_load_all_the_same(page: Page, url: str) -> None:
    diary = keep_diary(page)
    page.goto(f"{url}catalog")
    page.get_by_test_id("product-salt").get_by_role("button", name="Details").click()
    expect(page.get_by_test_id("details-salt")).to_contain_text("Old Salt Road")
    assert diary.complaints == []


def test_another_module_comes_with_a_delta(page: Page, url: str) -> None:
    diary = keep_diary(page)
    page.add_init_script(VIOLATIONS)
    page.goto(f"{url}basket")
    expect(page.get_by_role("region", name="Basket")).to_be_visible()
    page.evaluate(
        """async () => {
          const { mount } = await hanse.loadRemoteModule('team/catalog', 'ProductList');
          mount(document.querySelector('#place'));
        }"""
    )
    expect(page.get_by_role("region", name="Catalog")).to_be_visible()
    page.get_by_test_id("product-amber").get_by_role("button", name="Add").click()
    expect(page.get_by_test_id("basket-total")).to_have_text("42 marks")
    assert len([one for one in diary.requests if is_react(one)]) == 1
    assert len([one for one in diary.requests if "/delta?" in one]) == 1
    assert diary.complaints == []
    assert page.evaluate("() => window.violated ?? []") == []


@pytest.mark.parametrize("store", STORES)
def test_an_orchestrator_takes_over_without_fetching_anything_again(
    page: Page, site: Site, store: Any
) -> None:
    url = ready(site, page, PageOptions(orchestrator=store))
    diary = keep_diary(page)
    page.add_init_script(VIOLATIONS)
    page.goto(f"{url}orchestrated")
    expect(page.get_by_role("region", name="Catalog")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert not [one for one in diary.requests if is_negotiation(one)]
    assert len([one for one in diary.requests if is_react(one)]) == 1
    assert diary.complaints == []
    assert page.evaluate("() => window.violated ?? []") == []


def test_without_the_state_the_same_orchestrator_fetches(page: Page, site: Site) -> None:
    url = ready(site, page, PageOptions(orchestrator="session"))
    page.add_init_script("sessionStorage.setItem = () => {}")
    diary = keep_diary(page)
    page.goto(f"{url}orchestrated")
    expect(page.get_by_role("region", name="Catalog")).to_be_visible()
    assert len([one for one in diary.requests if is_negotiation(one)]) == 2
