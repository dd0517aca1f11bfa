"""HTML of an untrusted remote in a real Chromium: no script runs, and the page is as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from scripts.build_examples import build_examples
from tests.attacks.strangers import HOSTILE
from tests.browser.quays import Quay, open_quay

pytestmark = [pytest.mark.browser, pytest.mark.node]

WATCH = """
window.hits = 0; window.hit = () => { hits += 1; }; window.violated = [];
addEventListener('securitypolicyviolation', ({ effectiveDirective }) => violated.push(effectiveDirective));
"""


@pytest.fixture(scope="module")
def quay() -> Iterator[Quay]:
    build_examples()
    with open_quay() as quay:
        yield quay


def test_nothing_hostile_happens(page: Page, quay: Quay) -> None:
    page.add_init_script(WATCH)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("https://**", lambda route: route.abort())
    for name, html in HOSTILE.items():
        quay.hostile = f"<p>before</p>{html}"
        asked.clear()
        page.goto(f"{quay.url}stranger")
        assert page.locator("#end").get_attribute("title") == "t", name
        assert page.evaluate("document.querySelector('main').nextElementSibling.id") == "end", name
        page.evaluate(
            """() => { for (const one of document.querySelectorAll('main *')) {
              one.dispatchEvent(new Event('focus')); one.dispatchEvent(new Event('load'));
              one.dispatchEvent(new Event('error')); if (!one.href?.startsWith('http')) one.click?.(); } }"""
        )
        assert page.evaluate("window.hits") == 0, name
        assert page.evaluate("window.violated") == [], name
        assert page.evaluate("typeof hanse.load") == "function", name
        assert page.url == f"{quay.url}stranger", name
        assert {url for url in asked if "x.png" not in url} == {f"{quay.url}stranger"}, name
