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


# What stands behind each fragment is as the page has written it, and a child of the body as all of them are.
SURROUNDED = """() => [...document.querySelectorAll('body > main')].map(({ nextElementSibling: end }) =>
  end?.className === 'end' && end.title === 't' && end.textContent === 'end')"""
AT_ONCE = 10


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
    cases = list(HOSTILE.items())
    for begin in range(0, len(cases), AT_ONCE):
        name = ", ".join(name for name, _ in cases[begin : begin + AT_ONCE])
        quay.hostile = [f"<p>before</p>{html}" for _, html in cases[begin : begin + AT_ONCE]]
        asked.clear()
        page.goto(f"{quay.url}stranger")
        assert page.evaluate(SURROUNDED) == [True] * len(quay.hostile), name
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
