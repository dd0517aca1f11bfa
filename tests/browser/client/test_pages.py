"""The loader on pages that Hanse writes, with its own app behind them: small maps, newcomers, old pages."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from examples.basic.remotes import serve_app
from examples.basic.visit import keep_diary
from hanse import Federation
from hanse.limits import LIMITS
from hanse.web import PageOptions
from hanse.web.starlette import HanseMiddleware, hanse_page
from tests.browser.client.stage import call, violations, watch
from tests.browser.client.test_old_browsers import ONE_MAP
from tests.federation.towns import entry, share

pytestmark = [pytest.mark.browser, pytest.mark.node]

CARD = """import { made } from 'react';
export { made };
export const mount = (element, { label }) => { element.textContent = label; };"""
REACT = "export const made = {}; globalThis.reacts = (globalThis.reacts ?? 0) + 1;"


@dataclass
class Market:
    """A site, its remotes' files by path, and the federation between them."""

    federation: Federation
    url: str = ""
    remotes: str = ""
    files: dict[str, bytes] = field(default_factory=dict)

    def refresh(self) -> None:
        """Refresh from a thread of its own: this one has Playwright's event loop in it."""
        thread = threading.Thread(target=lambda: asyncio.run(self._refresh()))
        thread.start()
        thread.join(20)

    async def _refresh(self) -> None:
        await self.federation.refresh()


def remote_files(name: str, version: str = "19.1.0") -> dict[str, bytes]:
    """Return what a remote's build has written: its entry, one component, one React."""
    return {
        f"/{name}/remoteEntry.json": entry(name, share(version=version)),
        f"/{name}/Card.js": CARD.encode(),
        f"/{name}/react-{version}.js": REACT.encode(),
    }


def show(request: Request) -> Response:
    """Show the card of `home`, with the whole map or with one of its own."""
    page = hanse_page(request)
    scoped = request.url.path == "/scoped"
    head = page.head(["home/Card"], scoped=scoped)
    return HTMLResponse(
        f"<!doctype html><head><meta charset=utf-8>{head}</head>"
        f"<body>{page.mount('home/Card', 'on its way', label='home is here')}</body>"
    )


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    files = {**remote_files("home"), **remote_files("shop"), **remote_files("late"), **remote_files("map")}

    def answer(request: Request) -> Response:
        body = files.get(request.url.path)
        kind = "application/json" if request.url.path.endswith(".json") else "text/javascript"
        headers = {"access-control-allow-origin": "*", "cache-control": "no-cache"}
        return Response(body or b"", 200 if body else 404, media_type=kind, headers=headers)

    with serve_app(Starlette(routes=[Route("/{path:path}", answer)]), 8440) as remotes:
        manifest = {name: f"{remotes}{name}/remoteEntry.json" for name in ("home", "shop")}
        limits = replace(LIMITS, snapshots_kept=2)
        federation = Federation(manifest, refresh_interval=None, limits=limits)
        options = PageOptions(shims="builtin")
        middleware = Middleware(HanseMiddleware, federation=federation, options=options)
        site = Starlette(routes=[Route("/", show), Route("/scoped", show)], middleware=[middleware])
        with serve_app(site, 8460) as url:
            yield Market(federation, url, remotes, files)


@pytest.fixture
def tab(page: Page, market: Market) -> Iterator[Page]:
    watch(page)
    yield page
    assert violations(page) == []


@pytest.mark.parametrize("path", ["", "scoped"])
def test_the_page_is_mounted_and_asks_for_modules_only(tab: Page, market: Market, path: str) -> None:
    diary = keep_diary(tab)
    tab.goto(market.url + path)
    expect(tab.get_by_text("home is here")).to_be_visible()
    tab.wait_for_load_state("networkidle")
    asked = [one for one in diary.requests if not one.endswith(("/", "/scoped", "/favicon.ico"))]
    assert asked == [f"{market.remotes}home/Card.js", f"{market.remotes}home/react-19.1.0.js"]


def test_a_module_outside_a_map_of_its_own_is_had_for_one_request(tab: Page, market: Market) -> None:
    diary = keep_diary(tab)
    tab.goto(f"{market.url}scoped")
    expect(tab.get_by_text("home is here")).to_be_visible()
    same = (
        "(await loadRemoteModule('shop', './Card')).made === (await loadRemoteModule('home', './Card')).made"
    )
    assert call(tab, same) is True
    assert call(tab, same) is True
    assert len([one for one in diary.requests if "/_hanse/" in one]) == 1
    assert tab.evaluate("globalThis.reacts") == 1
    assert [one for one in diary.complaints if "favicon" not in one and "404" not in one] == []


@pytest.mark.parametrize("path", ["", "scoped"])
def test_newcomers_share_what_the_page_has(tab: Page, market: Market, path: str) -> None:
    diary = keep_diary(tab)
    tab.goto(market.url + path)
    expression = """await (async () => {
      await Promise.all([
        hanse.initRemoteEntry(`${argument}late/remoteEntry.json`, 'late'),
        hanse.initRemoteEntry(`${argument}map/remoteEntry.json`),
      ]);
      const names = ['home', 'late', 'map', 'shop'];
      const all = await Promise.all(names.map((name) => loadRemoteModule(name, './Card')));
      return [new Set(all).size, new Set(all.map(({ made }) => made)).size, globalThis.reacts];
    })()"""
    assert call(tab, expression, market.remotes) == [4, 1, 1]
    assert len([one for one in diary.requests if "/_hanse/" in one]) == 2
    assert [one for one in diary.complaints if "404" not in one] == []


def test_what_nobody_exposes_is_explained_by_the_server(tab: Page, market: Market) -> None:
    tab.goto(market.url)
    error = call(tab, "loadRemoteModule('shop', './Till')")
    assert (error["remote"], error["key"], error["reason"]) == ("shop", "./Till", "unknown")
    assert "it exposes no module" in error["message"]
    error = call(tab, "loadRemoteModule('constructor', './__proto__')")
    assert error["reason"] == "unknown"


def test_a_stranger_is_not_brought_in(tab: Page, market: Market) -> None:
    tab.goto(market.url)
    error = call(tab, "hanse.initRemoteEntry('https://elsewhere.example/remoteEntry.json', 'evil')")
    assert (error["remote"], error["reason"]) == ("evil", "server")
    assert "is not allowed" in error["message"]


def test_a_browser_with_one_map_gets_the_shims_that_come_with_hanse(tab: Page, market: Market) -> None:
    diary = keep_diary(tab)
    tab.add_init_script(ONE_MAP)
    tab.goto(market.url)
    expression = """await (async () => {
      await hanse.initRemoteEntry(`${argument}late/remoteEntry.json`, 'late');
      const late = await loadRemoteModule('late', './Card');
      return [late.made === (await loadRemoteModule('home', './Card')).made, typeof importShim];
    })()"""
    assert call(tab, expression, market.remotes) == [True, "function"]
    assert len([one for one in diary.requests if "/_hanse/static/es-module-shims." in one]) == 1


def test_a_page_whose_snapshot_is_gone_is_told_to_reload(tab: Page, market: Market) -> None:
    tab.goto(f"{market.url}scoped")
    for number in range(3):
        document = json.loads(entry("shop", share(version="19.1.0")))
        document["exposes"].append({"key": f"./New{number}", "outFileName": "Card.js"})
        market.files["/shop/remoteEntry.json"] = json.dumps(document).encode()
        market.refresh()
    for expression in (
        "hanse.initRemoteEntry(`${argument}late/remoteEntry.json`, 'late')",
        "loadRemoteModule('shop', './Card')",
    ):
        error = call(tab, expression, market.remotes)
        assert (error["reason"], "reload it" in error["message"]) == ("stale", True)
    assert [kind for kind, *_ in tab.evaluate("window.heard")] == ["hanse-stale", "hanse-error"] * 2
    tab.reload()
    assert call(tab, "typeof (await loadRemoteModule('shop', './New2')).mount") == "function"
