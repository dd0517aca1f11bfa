"""Heads of hostile federations in a real Chromium: no text breaks out, and no script of it runs."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from hanse.web.csp import default_policy
from tests.attacks.heads import NONCE, Found, hostile_cases, same

pytestmark = pytest.mark.browser

CASES = 10_000
AT_ONCE = 500
# The browser's own parser, on documents that load nothing.
PARSE = """(cases) => cases.map((html) => {
  const found = new DOMParser().parseFromString(`<!doctype html><body>${html}`, 'text/html');
  return [...found.querySelectorAll('*')]
    .filter((one) => !['HTML', 'HEAD', 'BODY'].includes(one.nodeName))
    .map((one) => [one.nodeName.toLowerCase(),
      Object.fromEntries([...one.attributes].map(({ name, value }) => [name, value])),
      one.firstChild?.nodeType === 3 ? one.firstChild.data : '']);
})"""


def parse(page: Page, cases: list[str]) -> list[list[Found]]:
    found: list[list[Any]] = page.evaluate(PARSE, cases)
    return [[(name, attributes, text) for name, attributes, text in one] for one in found]


def chunks(items: list[Any], size: int) -> list[list[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def test_no_hostile_text_breaks_out(page: Page, caplog: pytest.LogCaptureFixture) -> None:
    # Every case names a module that is not there.
    caplog.set_level(logging.ERROR, logger="hanse")
    cases = [*hostile_cases(CASES, seed=7)]
    broken = []
    for some in chunks(cases, AT_ONCE):
        found = parse(page, [case.html for case in some])
        broken += [one.html for one, seen in zip(some, found, strict=True) if not same(seen, one.elements)]
    assert broken == []


def test_the_judge_would_notice(page: Page) -> None:
    cases = [*hostile_cases(200, seed=99)]
    found = parse(page, [case.html.replace("\\u003c", "<") for case in cases])
    assert sum(not same(seen, case.elements) for case, seen in zip(cases, found, strict=True)) > 50


def test_nothing_of_it_runs_although_the_policy_lets_it(page: Page) -> None:
    """With `unsafe-inline` whatever broke out would run, and call `hit`."""
    body = "".join(case.html for case in hostile_cases(300, seed=3))
    asked: list[str] = []

    def answer(route: Route) -> None:
        if route.request.url != "https://page.example/":
            asked.append(route.request.resource_type)
            route.abort()
            return
        html = (
            f"<!doctype html><script>window.hits = []; window.hit = () => hits.push(1)</script><body>{body}"
        )
        route.fulfill(body=html, content_type="text/html; charset=utf-8")

    page.route("**/*", answer)
    page.goto("https://page.example/")
    assert page.evaluate("() => [hits.length, ({}).polluted]") == [0, None]
    # What is loaded are the preloads, and nothing that an image or a frame would ask for.
    assert {*asked} <= {"script", "other"}


def test_the_policy_gets_along_with_a_hostile_head(page: Page) -> None:
    html = next(hostile_cases(1, seed=5)).html
    policy = default_policy(NONCE)

    def answer(route: Route) -> None:
        if route.request.url == "https://page.example/":
            route.fulfill(body=html, content_type="text/html", headers={"content-security-policy": policy})
        else:
            route.abort()

    page.add_init_script(
        "addEventListener('securitypolicyviolation', (event) => (window.violated ??= []).push(event.type))"
    )
    page.route("**/*", answer)
    page.goto("https://page.example/")
    assert page.evaluate("() => window.violated ?? []") == []
