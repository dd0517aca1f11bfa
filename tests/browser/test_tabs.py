"""What a test's page has stored, asked for or left open is not there for the next one's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from examples.basic.remotes import serve_app
from tests.browser.tabs import Tabs

pytestmark = pytest.mark.browser

WRITE = """async () => {
  localStorage.setItem('a', 'b');
  sessionStorage.setItem('a', 'b');
  document.cookie = 'a=b; max-age=3600';
  await (await caches.open('a')).put('/b', new Response('c'));
  await new Promise((done, fail) => {
    const asked = indexedDB.open('a');
    asked.onsuccess = () => (asked.result.close(), done());
    asked.onerror = fail;
  });
  await import('/kept.js');
}"""
FIND = """async () => {
  await import('/kept.js');
  const found = [...Object.keys(localStorage), ...Object.keys(sessionStorage), ...(await caches.keys())];
  found.push(...(await indexedDB.databases()).map((one) => one.name));
  return found.concat(document.cookie ? [document.cookie] : []);
}"""


@pytest.fixture(scope="module")
def asked() -> list[str]:
    return []


@pytest.fixture(scope="module")
def url(asked: list[str]) -> Iterator[str]:
    def show(_: Request) -> Response:
        return HTMLResponse("<p>here</p>")

    def keep(request: Request) -> Response:
        asked.append(request.url.path)
        headers = {"cache-control": "max-age=3600"}
        return Response("export default 1;", media_type="text/javascript", headers=headers)

    with serve_app(Starlette(routes=[Route("/", show), Route("/kept.js", keep)]), 8580) as url:
        yield url


def find(page: Page, url: str) -> list[str]:
    page.goto(url)
    found: list[str] = page.evaluate(FIND)
    return found


def test_nothing_is_left_for_the_page_after(tabs: Tabs, url: str, asked: list[str]) -> None:
    with tabs.open() as page:
        page.goto(url)
        page.evaluate(WRITE)
        assert sorted(find(page, url)) == ["a", "a", "a", "a", "a=b"]
        assert len(asked) == 1
        other = page.context.new_page()
        other.goto(url)
    assert other.is_closed()
    with tabs.open() as page:
        assert find(page, url) == []
        assert len(asked) == 2
