"""What Hanse makes of containers that rspack and Vite built, from their manifests to a page in a browser."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from examples.basic.remotes import serve_app
from examples.basic.visit import is_react, keep_diary
from examples.containers.remotes import serve_remotes, serve_servers
from examples.containers.serve import describe_remotes
from examples.containers.visit import PLACES, marks
from hanse import Federation
from hanse.web import Pages, create_app
from scripts.build_examples import build_examples
from tests.browser.client.stage import POLICY, violations, watch

pytestmark = [pytest.mark.browser, pytest.mark.node]

BODY = (
    '<div id="quay" data-hanse-module="harbour/./Quay"></div>'
    '<div id="timetable" data-hanse-module="ferry/Timetable"></div>'
    '<div id="lamp" data-hanse-module="lighthouse/./Lamp"></div>'
)


@contextmanager
def open_site(federation: Federation, port: int) -> Iterator[str]:
    """Serve a page of a federation, and what Hanse serves beside it."""
    pages = Pages(federation)

    def answer(request: Request) -> Response:
        page = pages.open(nonce=secrets.token_urlsafe(18))
        head = page.head(["harbour/Quay", "ferry/Timetable", "lighthouse/Lamp"])
        icon = '<link rel="icon" href="data:,">'
        html = f"<!doctype html><html><head>{icon}{head}</head><body>{BODY}</body></html>"
        return HTMLResponse(html, headers={"content-security-policy": POLICY.format(nonce=page.nonce)})

    app = Starlette(routes=[Route("/", answer), Mount("/_hanse", create_app(federation))])
    with serve_app(app, port) as url:
        yield url


def test_containers_and_a_native_remote_run_on_one_react(page: Page) -> None:
    build_examples()
    with serve_remotes(8470) as entries, serve_servers(8475) as servers:
        federation = Federation(describe_remotes(entries, servers), refresh_interval=None)
        try:
            snapshot = federation.sync.snapshot
            assert snapshot.healthy
            ferry = snapshot.containers.containers["ferry"]
            assert ferry.server_script == servers["ferry"].replace("mf-manifest.json", "remoteEntry.js")
            assert not [one for one in snapshot.notices if one.remote == "ferry" and one.level == "warning"]
            assert {one.action for one in snapshot.containers.uses if one.package == "react"} == {"elected"}
            with open_site(federation, 8480) as url:
                watch(page)
                diary = keep_diary(page)
                page.goto(url)
                for place in PLACES:
                    expect(page.locator(place)).to_be_visible()
                page.wait_for_load_state("networkidle")
                found = marks(page)
                assert all(found)
                assert len(set(found)) == 1
                assert len([one for one in diary.requests if is_react(one)]) == 1
                assert diary.complaints == []
                assert violations(page) == []
        finally:
            federation.sync.close()
