"""The examples' sites in a real Chromium: the same market, served by each framework."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from examples.basic.visit import Diary, is_negotiation, is_react, keep_diary
from examples.fastapi.serve import serve_market as serve_fastapi
from examples.flask.serve import serve_market as serve_flask
from examples.starlette.serve import serve_market as serve_starlette
from scripts.build_examples import build_examples
from tests.browser.processes import run_example

pytestmark = [pytest.mark.browser, pytest.mark.node]

SITES: dict[str, Callable[[int], AbstractContextManager[str]]] = {
    "starlette": serve_starlette,
    "fastapi": serve_fastapi,
    "flask": serve_flask,
    # Django is one to a process, and this one may have another already.
    "django": lambda _: run_example("examples.django.serve"),
    "django-wsgi": lambda _: run_example("examples.django.serve", "--wsgi"),
}
VIOLATIONS = (
    "addEventListener('securitypolicyviolation', (event) =>"
    " (window.violated ??= []).push(event.violatedDirective))"
)


@pytest.fixture(scope="module", params=SITES)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    build_examples()
    with SITES[request.param](8360) as url:
        yield url


@pytest.fixture
def diary(page: Page, url: str) -> Diary:
    """Open the market, and return what the browser does from its first request on."""
    diary = keep_diary(page)
    page.add_init_script(VIOLATIONS)
    page.goto(url)
    expect(page.get_by_role("region", name="Catalog")).to_be_visible()
    expect(page.get_by_role("region", name="Basket")).to_be_visible()
    return diary


def test_both_components_work_together(page: Page, diary: Diary) -> None:
    page.get_by_test_id("product-amber").get_by_role("button", name="Add").click()
    expect(page.get_by_test_id("basket-total")).to_have_text("42 marks")
    page.get_by_test_id("product-salt").get_by_role("button", name="Details").click()
    expect(page.get_by_test_id("details-salt")).to_contain_text("Old Salt Road")
    assert page.get_by_text("on its way").count() == 0
    assert len([one for one in diary.requests if is_react(one)]) == 1
    assert diary.complaints == []
    assert page.evaluate("() => window.violated ?? []") == []


def test_the_page_asks_for_modules_and_nothing_else(page: Page, url: str, diary: Diary) -> None:
    page.wait_for_load_state("networkidle")
    others = [one for one in diary.requests if one != url and not one.startswith("data:")]
    assert others
    assert {urlsplit(one).path.rpartition(".")[2] for one in others} == {"js"}
    assert len(others) == len(set(others))
    assert not [one for one in diary.requests if is_negotiation(one)]


def test_the_policy_is_the_strict_one(page: Page, url: str) -> None:
    answer = page.request.get(url)
    policy = answer.headers["content-security-policy"]
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert policy == (
        f"script-src 'nonce-{nonce}' 'strict-dynamic'; object-src 'none'; base-uri 'none'; "
        "require-trusted-types-for 'script'"
    )
    assert answer.text().count(f'nonce="{nonce}"') > 5


def test_the_rest_of_the_site_is_left_alone(page: Page, url: str) -> None:
    answer = page.request.get(f"{url}about")
    assert answer.ok
    assert "content-security-policy" not in answer.headers


def test_hanses_own_page_is_beside_it(page: Page, url: str, diary: Diary) -> None:
    page.goto(f"{url}_hanse")
    expect(page.get_by_role("heading", level=1)).to_have_text("The federation is healthy")
    assert page.url == f"{url}_hanse/"
    assert diary.complaints == []


def test_a_module_may_stand_alone(page: Page) -> None:
    build_examples()
    with serve_fastapi(8364) as url:
        page.goto(url)
        page.get_by_role("link", name="The basket alone").click()
        expect(page.get_by_role("region", name="Basket")).to_be_visible()
        expect(page.get_by_role("region", name="Catalog")).to_have_count(0)
