"""The demo in a real Chromium: remotes on one page, one React for all, and what the server rendered."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
import msgspec
import pytest
from playwright.sync_api import Browser, Page, Route, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route as Served

from examples.basic.remotes import serve_app
from examples.basic.serve import serve_demo
from examples.basic.visit import HYDRATED, Diary, is_negotiation, is_react, keep_diary
from hanse.formats.import_map import ImportMap
from scripts.build_examples import build_examples

pytestmark = [pytest.mark.browser, pytest.mark.node]

# A script of the page's own, as a remote's code would run, sees what the page's policy lets it see.
IDENTITIES = """async () => {
  const react = await import('react');
  const client = await import('react-dom/client');
  const roots = ['#catalog section', '#basket section'].map((selector) =>
    Object.keys(document.querySelector(selector)).filter((key) => key.startsWith('__reactFiber$')));
  return { version: react.version, roots, callable: typeof client.createRoot };
}"""


MARKS = """() => ['#news section', '#catalog section'].map((selector) =>
  Object.keys(document.querySelector(selector)).find((key) => key.startsWith('__reactFiber$')))"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    build_examples()
    with serve_demo(port=8300) as url:
        yield url


@pytest.fixture
def diary(page: Page, url: str) -> Diary:
    """Open the demo, and return what the browser does from its first request on."""
    diary = keep_diary(page)
    page.goto(url)
    expect(page.get_by_role("region", name="Catalog")).to_be_visible()
    expect(page.get_by_role("region", name="Basket")).to_be_visible()
    return diary


def read_map(page: Page) -> ImportMap:
    return msgspec.json.decode(page.locator("script[type=importmap]").inner_text(), type=ImportMap)


def test_both_components_render_and_react_to_clicks(page: Page, diary: Diary) -> None:
    expect(page.get_by_role("region", name="Catalog").get_by_role("listitem")).to_have_count(4)
    expect(page.get_by_test_id("basket-empty")).to_have_text("Nothing chosen yet.")
    for good in ("amber", "amber", "salt"):
        page.get_by_test_id(f"product-{good}").get_by_role("button", name="Add").click()
    expect(page.get_by_test_id("line-amber").locator("span")).to_have_text("2 × Baltic amber")
    expect(page.get_by_test_id("basket-total")).to_have_text("93 marks")
    page.get_by_role("button", name="Remove one Baltic amber").click()
    expect(page.get_by_test_id("basket-total")).to_have_text("51 marks")
    assert diary.complaints == []


def test_what_the_server_rendered_is_there_without_javascript(browser: Browser, url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url)
    expect(page.get_by_role("region", name="News of Lübeck").get_by_role("listitem")).to_have_count(3)
    expect(page.get_by_test_id("crier-heard")).to_have_text("Heard 0 times")
    expect(page.locator("#ballad")).to_contain_text("sung by Walther")
    context.close()


def test_what_the_server_rendered_is_hydrated_with_the_page_s_react(page: Page, diary: Diary) -> None:
    page.wait_for_function(HYDRATED)
    heard = page.get_by_test_id("crier-heard")
    heard.click()
    heard.click()
    expect(heard).to_have_text("Heard 2 times")
    marks = page.evaluate(MARKS)
    assert len(marks) == 2
    assert len(set(marks)) == 1
    assert diary.complaints == []


def test_a_stranger_s_ballad_has_nothing_that_runs(page: Page, diary: Diary) -> None:
    page.wait_for_load_state("networkidle")
    ballad = page.locator("#ballad")
    expect(ballad).to_contain_text("The sea gives and the sea takes")
    assert ballad.locator("script").count() == 0
    html = ballad.inner_html()
    for word in ("onclick", "onerror", "javascript:", "caught"):
        assert word not in html
    ballad.get_by_text("The sea gives").click()
    ballad.get_by_text("Give him a coin").click()
    assert page.title() == "The market · Hanse"
    assert not [one for one in diary.requests if "Ballad-" in one]
    assert diary.complaints == []


def test_the_lazy_chunk_loads_on_the_click_and_not_before(page: Page, diary: Diary) -> None:
    page.wait_for_load_state("networkidle")
    assert not [one for one in diary.requests if "/Details-" in one]
    page.get_by_test_id("product-salt").get_by_role("button", name="Details").click()
    expect(page.get_by_test_id("details-salt")).to_contain_text("Old Salt Road")
    assert len([one for one in diary.requests if "/Details-" in one]) == 1
    assert diary.complaints == []


def test_exactly_one_react_is_loaded_and_both_remotes_run_on_it(page: Page, diary: Diary) -> None:
    page.wait_for_load_state("networkidle")
    assert len([one for one in diary.requests if is_react(one)]) == 1
    seen = page.evaluate(IDENTITIES)
    (catalog,), (basket,) = seen["roots"]
    assert catalog == basket
    assert seen["callable"] == "function"
    for name in ("catalog", "basket"):
        expect(page.get_by_test_id(f"{name}-react")).to_have_text(seen["version"])
    assert len([one for one in diary.requests if is_react(one)]) == 1


def test_the_page_asks_for_modules_and_nothing_else(page: Page, url: str, diary: Diary) -> None:
    page.wait_for_load_state("networkidle")
    assert not [one for one in diary.requests if is_negotiation(one)]
    others = [one for one in diary.requests if one != url and not one.startswith("data:")]
    assert others
    assert {urlsplit(one).path.rpartition(".")[2] for one in others} == {"js"}
    assert len(others) == len(set(others))


def test_what_negotiation_would_look_like_is_recognised() -> None:
    for path in ("/remoteEntry.json", "/x/remoteEntry.js", "/federation.manifest.json", "/mf-manifest.json"):
        assert is_negotiation(f"http://127.0.0.1:1{path}?t=1")
    assert not is_negotiation("http://127.0.0.1:1/ProductList-ABC.js")
    assert is_react("http://127.0.0.1:1/react.i4-FSwN--L.js")
    assert not is_react("http://127.0.0.1:1/react_dom.i4-FSwN--L.js")


def test_the_map_comes_first_and_carries_digests(page: Page, diary: Diary) -> None:
    scripts = page.locator("head > :is(script, link[rel=modulepreload])")
    assert scripts.first.get_attribute("type") == "importmap"
    found = read_map(page)
    urls = {url for table in (found.imports, *found.scopes.values()) for url in table.values()}
    assert urls == set(found.integrity)
    assert all(digest.startswith("sha384-") for digest in found.integrity.values())
    assert diary.complaints == []


@pytest.mark.parametrize("name", ["ProductList-", "react.", "clsx.", "chunk-"])
def test_one_changed_byte_is_refused(page: Page, url: str, name: str) -> None:
    """Change the line feed at a module's end into a space: its code stays what it was."""
    changed: list[str] = []

    def change(route: Route) -> None:
        answer = route.fetch()
        body = answer.body()[:-1] + b" "
        assert body != answer.body()
        changed.append(route.request.url)
        route.fulfill(response=answer, body=body)

    diary = keep_diary(page)
    page.route(lambda one: f"/{name}" in one, change)
    page.goto(url)
    page.wait_for_load_state("networkidle")
    assert changed
    assert any("integrity" in complaint for complaint in diary.complaints)
    expect(page.get_by_role("region", name="Catalog")).to_have_count(0)


def test_without_the_change_the_same_detour_is_no_hindrance(page: Page, url: str) -> None:
    page.route("**/*.js", lambda route: route.fulfill(response=route.fetch()))
    page.goto(url)
    expect(page.get_by_role("region", name="Catalog")).to_be_visible()


def test_the_page_and_its_policy_get_along(page: Page, url: str) -> None:
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (event) =>"
        " (window.violated ??= []).push(event.violatedDirective))"
    )
    page.goto(url)
    expect(page.get_by_role("region", name="Basket")).to_be_visible()
    page.get_by_test_id("product-salt").get_by_role("button", name="Details").click()
    expect(page.get_by_test_id("details-salt")).to_be_visible()
    assert page.evaluate("() => window.violated ?? []") == []


def test_a_nonce_is_used_once(page: Page, url: str) -> None:
    def nonce() -> str:
        answer = page.request.get(url)
        return answer.headers["content-security-policy"].partition("'nonce-")[2].partition("'")[0]

    nonces = {nonce() for _ in range(20)}
    assert len(nonces) == 20
    assert all(len(one) >= 22 for one in nonces)


def test_an_injected_map_without_the_nonce_has_no_say(page: Page, url: str) -> None:
    imports = '{"imports": {"team/catalog/./ProductList": "data:text/javascript,"}}'
    evil = f'<script type="importmap">{imports}</script>'

    def relay(_: Request) -> HTMLResponse:
        answer = httpx2.get(url)
        policy = {"content-security-policy": answer.headers["content-security-policy"]}
        return HTMLResponse(answer.text.replace("<head>", f"<head>{evil}"), headers=policy)

    diary = keep_diary(page)
    with serve_app(Starlette(routes=[Served("/", relay)]), 8320) as relayed:
        page.goto(relayed)
        expect(page.get_by_role("region", name="Catalog")).to_be_visible()
    assert page.locator("script[type=importmap]").count() == 2
    (complaint,) = diary.complaints
    assert "Content Security Policy" in complaint


def test_hanses_own_page_is_beside_it(page: Page, url: str, diary: Diary) -> None:
    page.get_by_role("link", name="See what Hanse decided").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The federation is healthy")
    assert page.url == f"{url}_hanse/"
    assert diary.complaints == []
