"""A locked map in a real Chromium: a file of which one byte was changed does not run, whoever imports it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, Route
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route as Served

from examples.basic.remotes import serve_app, serve_remotes
from hanse import Federation, Snapshot
from hanse.html import inline_json
from scripts.build_examples import build_examples

pytestmark = [pytest.mark.browser, pytest.mark.node]

# What became of an import: nothing, or why it failed.
IMPORT = "url => import(url).then(() => '', error => String(error))"


@dataclass(frozen=True)
class Site:
    """A page that carries a locked map, and the snapshot the map is of."""

    url: str
    snapshot: Snapshot


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    build_examples()
    with serve_remotes() as manifest:
        federation = Federation(manifest, modules="locked", refresh_interval=None)
        with federation.sync as sync:
            snapshot = sync.snapshot
            html = f'<script type="importmap">{inline_json(snapshot.import_map_json)}</script>'

            def show(_: Request) -> HTMLResponse:
                return HTMLResponse(html)

            with serve_app(Starlette(routes=[Served("/", show)]), 8350) as url:
                yield Site(url, snapshot)


def change(route: Route) -> None:
    """Change a module's last byte, a line feed, into a space: its code stays what it was."""
    answer = route.fetch()
    body = answer.body()
    assert body.endswith(b"\n")
    route.fulfill(response=answer, body=body[:-1] + b" ")


def test_every_file_runs_as_it_is(page: Page, site: Site) -> None:
    page.goto(site.url)
    assert len(site.snapshot.graph) > 8
    assert any("/Details-" in url for url in site.snapshot.graph), "a chunk that no remote entry names"
    assert {page.evaluate(IMPORT, url) for url in site.snapshot.graph} == {""}


def test_no_file_runs_with_one_byte_changed(page: Page, site: Site) -> None:
    ran = []
    for url in site.snapshot.graph:
        page.route(url, change)
        page.goto(site.url)
        if "Failed to fetch dynamically imported module" not in page.evaluate(IMPORT, url):
            ran.append(url)
        page.unroute(url)
    assert ran == []


def test_a_changed_chunk_fails_whoever_imports_it(page: Page, site: Site) -> None:
    (react,) = [url for url in site.snapshot.graph if "/react." in url]
    page.route(react, change)
    page.goto(site.url)
    assert page.evaluate(IMPORT, "team/basket/./Basket") != ""
