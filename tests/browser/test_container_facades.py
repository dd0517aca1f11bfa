"""A package that only a container brings, imported by its name, on a page that Hanse made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from examples.basic.remotes import serve_app
from examples.basic.visit import keep_diary
from examples.containers.remotes import serve_remotes
from hanse import Federation
from hanse.web.starlette import HanseMiddleware, hanse_page
from scripts.build_examples import build_examples
from tests.browser.client.stage import call, violations, watch

pytestmark = [pytest.mark.browser, pytest.mark.node]

FACADE = {
    "react": ["createElement", "useState", "version"],
    "react-dom/client": ["createRoot"],
}

# What a native module would do: hooks work only where renderer, component and page have one React.
RENDER = """(async () => {
  const { createElement, version, default: react } = await import('react');
  const { createRoot } = await import('react-dom/client');
  const { default: Ticket, Fare } = await loadRemoteModule('ferry', 'Ticket');
  createRoot(document.querySelector('#native')).render(createElement(Fare.Provider, { value: 7 },
    createElement(Ticket)));
  return [version, react.version, react.createElement === createElement];
})()"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    build_examples()
    with serve_remotes(8480) as entries:
        ferry = {"url": entries["ferry"], "type": "mf", "facade": FACADE}
        with serve_app(build_site(Federation({"ferry": ferry})), 8490) as url:
            yield url


def build_site(federation: Federation) -> Starlette:
    def show(request: Request) -> HTMLResponse:
        page = hanse_page(request)
        body = f'<div id="native"></div>{page.mount("ferry/Timetable")}'
        return HTMLResponse(
            f'<!doctype html><html lang="en"><head><meta charset="utf-8">{page.head(["ferry/Timetable"])}'
            f'<title>A page</title><link rel="icon" href="data:,"></head><body>{body}</body></html>'
        )

    middleware = [Middleware(HanseMiddleware, federation=federation)]
    return Starlette(routes=[Route("/", show)], middleware=middleware)


def test_native_code_runs_on_the_react_of_a_container(page: Page, url: str) -> None:
    watch(page)
    diary = keep_diary(page)
    page.goto(url)
    expect(page.get_by_role("region", name="Timetable")).to_be_visible()
    assert call(page, f"await {RENDER}") == ["19.2.9", "19.2.9", True]
    ticket = page.locator("#native")
    ticket.get_by_role("button", name="One more").click()
    expect(ticket.get_by_test_id("ticket")).to_have_text("2 × 7 = 14 marks")
    assert len([one for one in diary.requests if "/237." in one]) == 1
    assert (diary.complaints, violations(page)) == ([], [])
