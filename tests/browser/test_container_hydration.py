"""A container that the server has rendered comes alive in Chromium, with the React it takes from the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from examples.basic.remotes import serve_app
from examples.containers.remotes import serve_remotes, serve_servers
from hanse import Federation
from hanse.stream import Publisher
from hanse.web import Page as HansePage
from hanse.web.starlette import HanseMiddleware, hanse_page
from scripts.build_examples import build_examples
from tests.federation.server.sites import KEYS, write_server_build
from tests.federation.server.test_reacts import CARD, new_react
from tests.stream.remotes import KEY, PRIVATE, site

pytestmark = [pytest.mark.browser, pytest.mark.node]


async def town(_: Request) -> Response:
    """Answer for a remote that has nothing for browsers."""
    return JSONResponse({"name": "town", "exposes": [], "shared": []})


async def show(request: Request) -> Response:
    page = hanse_page(request)
    assert isinstance(page, HansePage)
    fragment = await page.render("ferry", "./Ticket", fallback="no ticket")
    head = page.head(["harbour/Quay"])
    icon = '<link rel="icon" href="data:,">'
    return HTMLResponse(
        f'<!doctype html><head><meta charset="utf-8">{head}{icon}</head><body>{fragment}</body>'
    )


def write_settings(folder: Path, entries: dict[str, str], servers: dict[str, str], url: str) -> Path:
    """Write the federation: the harbour's React for browsers, the town's for servers, of one version."""
    sealed = [f'server = "{url}"', 'key = "env:SHOP_KEY"', 'public_key = "env:SHOP_PUBLIC"']
    lines = ["[federation]", f'cache_folder = "{folder / "cache"}"']
    lines += ["[remotes.harbour]", f'url = "{entries["harbour"]}"']
    lines += ["[remotes.town]", f'url = "{url}town/remoteEntry.json"', *sealed]
    lines += [
        "[remotes.ferry]",
        'type = "mf"',
        f'url = "{entries["ferry"]}"',
        f'server = "{servers["ferry"]}"',
    ]
    (folder / "hanse.toml").write_text("\n".join(lines))
    return folder / "hanse.toml"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    build_examples()
    folder = tmp_path_factory.mktemp("ferry")
    files, shared = new_react()
    write_server_build(folder / "town", {"card.js": CARD, **files}, name="town", shared=shared)
    publisher = Publisher.from_folder(folder / "town", record=folder / "record", key=KEY, private_key=PRIVATE)
    published = site(publisher)
    published.routes.insert(0, Route("/town/remoteEntry.json", town))
    with ExitStack() as stack:
        entries = stack.enter_context(serve_remotes(8530))
        servers = stack.enter_context(serve_servers(8540))
        url = stack.enter_context(serve_app(published, 8545))
        federation = Federation.from_toml(write_settings(folder, entries, servers, url), environ=KEYS)
        app = Starlette(
            routes=[Route("/", show)], middleware=[Middleware(HanseMiddleware, federation=federation)]
        )
        with federation.sync as started:
            started.modules_read()
            yield stack.enter_context(serve_app(app, 8550))


def test_it_is_taken_over_by_the_react_that_the_container_takes(page: Page, place: str) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"page: {error}"))
    page.add_init_script(
        "window.kept = []; addEventListener('DOMContentLoaded', () =>"
        " kept.push(document.querySelector('[data-testid=ticket]')));"
    )
    response = page.goto(place)
    assert response is not None
    html = response.text()
    assert 'data-hanse-hydrate="ferry/./Ticket"' in html
    assert re.search(r'data-hanse-react="[^"]*react', html)
    assert 'data-testid="ticket">1<!-- --> × <!-- -->3' in html
    page.get_by_role("button", name="One more").click()
    expect(page.get_by_test_id("ticket")).to_contain_text("2 × 3 = 6 marks")
    # It is the very element that the server wrote.
    assert page.evaluate("kept[0] === document.querySelector('[data-testid=ticket]')")
    assert said == []
