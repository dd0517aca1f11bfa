"""Heads of hostile federations, judged by Chromium and by html5lib: nothing breaks out or runs."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import html5lib  # type: ignore[import-untyped]  # has no stubs
import pytest
from playwright.sync_api import Page, Route

from hanse.web.csp import default_policy
from tests.attacks.heads import NONCE, Case, Found, hostile_cases, same

pytestmark = pytest.mark.browser

CASES = 10_000
SHARES = 4
AT_ONCE = 500
# The browser's own parser, on documents that load nothing.
PARSE = """(cases) => JSON.stringify(JSON.parse(cases).map((html) => {
  const found = new DOMParser().parseFromString(`<!doctype html><body>${html}`, 'text/html');
  return [...found.querySelectorAll('*')]
    .filter((one) => !['HTML', 'HEAD', 'BODY'].includes(one.nodeName))
    .map((one) => [one.nodeName.toLowerCase(),
      Object.fromEntries([...one.attributes].map(({ name, value }) => [name, value])),
      one.firstChild?.nodeType === 3 ? one.firstChild.data : '']);
}))"""


def parse_in_chromium(page: Page, cases: list[str]) -> list[list[Found]]:
    """Return the elements that Chromium finds in each; one JSON text each way, which is read fastest."""
    found: list[list[Any]] = json.loads(page.evaluate(PARSE, json.dumps(cases)))
    return [[(name, attributes, text) for name, attributes, text in one] for one in found]


def parse_in_python(html: str) -> list[Found]:
    """Return the elements that html5lib finds, without those every document has."""
    tree = html5lib.parse(f"<!doctype html><body>{html}", namespaceHTMLElements=False)
    found = [one for one in tree.iter() if one.tag not in {"html", "head", "body"}]
    return [(str(one.tag), dict(one.attrib), one.text or "") for one in found]


def careless(case: Case) -> str:
    return case.html.replace("\\u003c", "<")


def batched(cases: Iterable[Case], size: int) -> Iterator[list[Case]]:
    rest = iter(cases)
    while some := [*islice(rest, size)]:
        yield some


@pytest.mark.parametrize("share", range(SHARES))
def test_no_hostile_text_breaks_out(page: Page, share: int, caplog: pytest.LogCaptureFixture) -> None:
    # Every case names a module that is not there.
    caplog.set_level(logging.ERROR, logger="hanse")
    broken = []
    for cases in batched(hostile_cases(CASES // SHARES, seed=share), AT_ONCE):
        found = parse_in_chromium(page, [case.html for case in cases])
        for case, seen in zip(cases, found, strict=True):
            judged = (seen, parse_in_python(case.html))
            broken += [case.html for one in judged if not same(one, case.elements)]
    assert broken == []


def test_both_judges_would_notice(page: Page) -> None:
    cases = [*hostile_cases(200, seed=99)]
    found = parse_in_chromium(page, [careless(case) for case in cases])
    assert sum(not same(seen, case.elements) for case, seen in zip(cases, found, strict=True)) > 50
    assert sum(not same(parse_in_python(careless(case)), case.elements) for case in cases) > 50


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
