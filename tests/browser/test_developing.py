"""Developing in a real Chromium: builds reload pages, failures are shown, and a remote is one's own."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from examples.basic.remotes import serve_app
from hanse import Federation
from hanse.limits import Limits
from hanse.web import Asked, Overrides, PageOptions
from hanse.web.starlette import HanseMiddleware, hanse_page
from tests.browser.tabs import open_alone

pytestmark = pytest.mark.browser

PORT = 8400
OPEN = {"access-control-allow-origin": "*", "cache-control": "no-cache"}
QUICK = Limits(override_fresh=0.0)


class Workshop:
    """A remote's dev server: a module that shows a text, its entry, and its build notifications."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.broken = False
        self.streams = 0
        self._said: list[bytes] = []
        paths: dict[str, Callable[[Request], Response]] = {
            "/remoteEntry.json": self.give_entry,
            "/Card.js": self.give_card,
            "/builds": self.give_builds,
        }
        self.app = Starlette(routes=[Route(path, endpoint) for path, endpoint in paths.items()])

    def tell(self, kind: str, **more: str) -> None:
        self._said.append(f"data: {json.dumps({'type': kind, **more})}\n\n".encode())

    def build(self, text: str) -> None:
        """Build anew; as dev servers do, under the same names."""
        self.text = text
        self.tell("federation-rebuild-complete")

    def give_entry(self, _: Request) -> Response:
        entry = {
            "name": "team/mfe1",
            "exposes": [{"key": "./Card", "outFileName": "Card.js"}],
            "shared": [],
            "buildNotificationsEndpoint": "/builds",
        }
        body = "<!doctype html>" if self.broken else json.dumps(entry)
        return Response(body, headers=OPEN, media_type="application/json")

    def give_card(self, _: Request) -> Response:
        code = f"export const mount = (element) => {{ element.textContent = {json.dumps(self.text)}; }};"
        return Response(code, headers=OPEN, media_type="text/javascript")

    def give_builds(self, _: Request) -> Response:
        return StreamingResponse(self.stream(), headers=OPEN, media_type="text/event-stream")

    async def stream(self) -> AsyncIterator[bytes]:
        self.streams += 1
        heard = len(self._said)
        yield b": open\n\n"
        try:
            # As long as a test lasts, and no longer.
            for _ in range(6000):
                for part in self._said[heard:]:
                    heard += 1
                    yield part
                await asyncio.sleep(0.01)
        finally:
            self.streams -= 1


def show(request: Request) -> HTMLResponse:
    page = hanse_page(request)
    head, card = page.head(["team/mfe1/Card"]), page.mount("team/mfe1/Card", "waiting")
    return HTMLResponse(f"<!doctype html><head>{head}</head><body><main>{card}</main></body>")


@dataclass(frozen=True)
class Town:
    """A site, the deployed remote, and a developer's own."""

    url: str
    federation: Federation
    deployed: Workshop
    mine: Workshop
    mine_url: str

    @property
    def override(self) -> str:
        return f"{self.url}?hanse-override=team/mfe1@{self.mine_url}remoteEntry.json"


@contextmanager
def build_town(options: PageOptions, *, development: bool = True) -> Iterator[Town]:
    deployed, mine = Workshop("deployed"), Workshop("mine")
    with ExitStack() as stack:
        there = stack.enter_context(serve_app(deployed.app, PORT))
        here = stack.enter_context(serve_app(mine.app, PORT + 1))
        manifest = {"team/mfe1": f"{there}remoteEntry.json"}
        federation = Federation(manifest, development=development, refresh_interval=None, limits=QUICK)
        app = Starlette(routes=[Route("/", show)])
        app.add_middleware(HanseMiddleware, federation=federation, options=options)
        url = stack.enter_context(serve_app(app, PORT + 2))
        yield Town(url, federation, deployed, mine, here)
        # Before the servers end, which wait for streams.
        federation.sync.close()


@pytest.fixture
def town() -> Iterator[Town]:
    with build_town(PageOptions(development=True, overrides=Overrides())) as town:
        yield town


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with open_alone(browser) as page:
        yield page


@pytest.fixture
def other(browser: Browser) -> Iterator[Page]:
    """Return a page of somebody else, with other cookies."""
    with open_alone(browser) as page:
        yield page


def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it has not come about in ten seconds")


def test_a_build_reloads_every_tab_and_is_heard_by_one_connection(town: Town, page: Page) -> None:
    tabs = [page, *[page.context.new_page() for _ in range(8)]]
    for tab in tabs:
        tab.goto(town.url)
        expect(tab.locator("main")).to_have_text("deployed")
    until(lambda: town.deployed.streams == 1)
    town.deployed.build("rebuilt")
    for tab in tabs:
        expect(tab.locator("main")).to_have_text("rebuilt")
    assert town.deployed.streams == 1


def test_the_overlay_names_the_remote_that_cannot_be_built(town: Town, page: Page) -> None:
    page.goto(town.url)
    expect(page.locator("main")).to_have_text("deployed")
    until(lambda: town.deployed.streams == 1)
    town.deployed.tell("federation-rebuild-error", error="Cannot find name 'amber'")
    overlay = page.locator("#hanse-overlay")
    expect(overlay).to_contain_text("team/mfe1")
    expect(overlay).to_contain_text("it could not be built: Cannot find name 'amber'")
    town.deployed.build("mended")
    expect(page.locator("main")).to_have_text("mended")
    expect(overlay).to_have_count(0)


def test_a_remote_is_overridden_for_the_developer_and_for_nobody_else(
    town: Town, page: Page, other: Page
) -> None:
    answer = page.goto(town.override)
    expect(page.locator("main")).to_have_text("mine")
    assert answer is not None
    assert answer.all_headers()["cache-control"] == "private, no-store"
    (cookie,) = page.context.cookies()
    assert (cookie.get("httpOnly"), cookie.get("sameSite"), cookie.get("expires")) == (True, "Lax", -1)
    # The next navigation keeps it, and somebody else's has nothing of it.
    page.goto(town.url)
    expect(page.locator("main")).to_have_text("mine")
    other.goto(town.url)
    expect(other.locator("main")).to_have_text("deployed")
    page.goto(f"{town.url}?hanse-override=none")
    expect(page.locator("main")).to_have_text("deployed")
    assert page.context.cookies() == []


def test_a_build_of_ones_own_reloads_ones_own_pages(town: Town, page: Page, other: Page) -> None:
    other.goto(town.url)
    expect(other.locator("main")).to_have_text("deployed")
    other.evaluate("() => { window.untouched = true; }")
    page.goto(town.override)
    expect(page.locator("main")).to_have_text("mine")
    until(lambda: town.mine.streams == 1)
    # Until the page listens, too.
    page.wait_for_timeout(500)
    town.mine.build("mine, and new")
    expect(page.locator("main")).to_have_text("mine, and new")
    assert other.evaluate("() => window.untouched") is True


def test_an_override_that_cannot_be_used_is_said_clearly_and_ended_by_a_click(
    town: Town, page: Page, other: Page
) -> None:
    page.goto(town.override)
    town.mine.broken = True
    answer = page.goto(town.url)
    assert answer is not None
    assert answer.status == 502
    expect(page.get_by_role("heading")).to_have_text("hanse: team/mfe1")
    expect(page.locator("body")).to_contain_text(f"{town.mine_url}remoteEntry.json")
    other.goto(town.url)
    expect(other.locator("main")).to_have_text("deployed")
    page.get_by_role("link", name="Go on without overrides").click()
    expect(page.locator("main")).to_have_text("deployed")
    page.goto(town.url)
    expect(page.locator("main")).to_have_text("deployed")


@pytest.mark.parametrize(
    "options",
    [
        PageOptions(development=True),
        PageOptions(overrides=Overrides()),
        PageOptions(development=True, overrides=Overrides(("https://preview.example",))),
        PageOptions(overrides=Overrides(allow=lambda asked: asked.cookies.get("who") == "a developer")),
    ],
    ids=["switched off", "in production", "an origin not listed", "somebody else"],
)
def test_a_strangers_override_is_ignored(options: PageOptions, page: Page) -> None:
    with build_town(options, development=False) as town:
        answer = page.goto(town.override)
        expect(page.locator("main")).to_have_text("deployed")
        assert answer is not None
        assert "set-cookie" not in answer.all_headers()
        page.context.add_cookies(
            [
                {
                    "name": "hanse-override",
                    "value": f"team/mfe1@{town.mine_url}remoteEntry.json",
                    "url": town.url,
                }
            ]
        )
        page.goto(town.url)
        expect(page.locator("main")).to_have_text("deployed")
        assert town.mine.streams == 0


def test_whom_the_site_allows_may_override_in_production(page: Page) -> None:
    def allow(asked: Asked) -> bool:
        return asked.cookies.get("who") == "a developer"

    with build_town(PageOptions(overrides=Overrides(allow=allow)), development=False) as town:
        page.context.add_cookies([{"name": "who", "value": "a developer", "url": town.url}])
        page.goto(town.override)
        expect(page.locator("main")).to_have_text("mine")
