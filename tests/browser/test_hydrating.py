"""Server-rendered fragments in a real Chromium: they come alive without a mismatch, and fail alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2
import pytest
from playwright.sync_api import Page, expect

from scripts.build_examples import build_examples
from tests.browser.quays import Quay, open_quay

pytestmark = [pytest.mark.browser, pytest.mark.node]

WATCH = """
window.violated = []; window.heard = [];
addEventListener('securitypolicyviolation', ({ effectiveDirective }) => violated.push(effectiveDirective));
addEventListener('hanse-error', ({ detail: { remote, key, reason, error } }) =>
  heard.push([remote, key, reason, error.message]));
"""


@pytest.fixture(scope="module")
def quay() -> Iterator[Quay]:
    build_examples()
    with open_quay() as quay:
        yield quay


@dataclass
class Tab:
    """A watched tab of the site."""

    page: Page
    quay: Quay
    said: list[str] = field(default_factory=list)

    def show(self, *modules: str, early: bool = False) -> str:
        """Open a page with these modules, and return the HTML that it was sent as."""
        url = f"{self.quay.url}?show={','.join(modules)}{'&early=1' if early else ''}"
        response = self.page.goto(url)
        assert response is not None
        return response.text()

    def heard(self) -> list[list[str]]:
        found: list[list[str]] = self.page.evaluate("window.heard")
        return found


@pytest.fixture
def tab(page: Page, quay: Quay) -> Iterator[Tab]:
    page.add_init_script(WATCH)
    tab = Tab(page, quay)
    page.on("console", lambda message: tab.said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: tab.said.append(f"page: {error}"))
    yield tab
    assert page.evaluate("window.violated") == []


@pytest.mark.parametrize("early", [True, False])
def test_two_fragments_of_two_remotes_come_alive_with_one_react(tab: Tab, early: bool) -> None:
    html = tab.show("shop.Card", "mfe1.Card", "shop.Card", early=early)
    ids = re.findall(r'<button id="(.*?)">0</button>', html)
    assert len({*ids}) == 3
    buttons = tab.page.locator("button")
    expect(tab.page.locator("section[data-ready=true]")).to_have_count(3)
    assert [button.get_attribute("id") for button in buttons.all()] == ids
    for number in range(3):
        for _ in range(number + 1):
            buttons.nth(number).click()
    expect(buttons).to_have_text(["1", "2", "3"])
    assert tab.page.locator("label").first.inner_text() == "shop.Card </script>'\"&: "
    assert tab.page.evaluate("window.reacts.size") == 1
    assert tab.said == []
    assert tab.heard() == []


def test_a_remote_with_a_react_of_its_own_is_hydrated_by_that(tab: Tab) -> None:
    html = tab.show("shop.Card", "odd.Card")
    urls = re.findall(r'data-hanse-react="\[&#34;(.*?)&#34;', html)
    assert [url.rsplit("/", 2)[1] for url in urls][1] == "odd"
    assert urls[0] != urls[1]
    expect(tab.page.locator("section[data-ready=true]")).to_have_count(2)
    tab.page.locator("button").last.click()
    expect(tab.page.locator("button")).to_have_text(["0", "1"])
    assert tab.page.evaluate("window.reacts.size") == 2
    assert tab.said == []


def test_a_mismatch_names_its_remote_and_the_browser_is_right(tab: Tab) -> None:
    tab.show("shop.Differs", "mfe1.Card")
    expect(tab.page.locator("b")).to_have_text("browser")
    expect(tab.page.locator("section[data-ready=true]")).to_have_count(1)
    ((remote, key, reason, message),) = tab.heard()
    assert (remote, key, reason) == ("shop", "./Differs", "mismatch")
    assert message.startswith("hanse: shop/./Differs: ")
    assert any("hanse: shop/./Differs" in line for line in tab.said)


def test_a_component_that_fails_in_browsers_costs_its_fragment_and_is_named(tab: Tab) -> None:
    tab.show("shop.Throws", "mfe1.Card")
    failed = tab.page.locator("[data-hanse-fallback]")
    expect(failed).to_have_attribute("data-hanse-fallback", "remote=shop;reason=render")
    expect(tab.page.locator("section[data-ready=true]")).to_have_count(1)
    assert [one[:3] for one in tab.heard() if one[2] == "render"] == [["shop", "./Throws", "render"]]
    assert any("not in browsers" in line for line in tab.said)


def test_a_module_may_hydrate_itself(tab: Tab) -> None:
    tab.show("plain.Own")
    expect(tab.page.locator("b")).to_have_text(re.compile(r"lives as h[0-9a-f]{6}-$"))
    assert tab.said == []


def test_what_cannot_be_hydrated_is_mounted_or_stays_as_it_is(tab: Tab) -> None:
    tab.show("plain.Mounts", "plain.Still")
    mounted, still = tab.page.locator("[data-hanse-hydrate]").all()
    expect(mounted).to_have_text("plain.Mounts </script>'\"& is mounted")
    expect(mounted.locator("b")).to_have_count(0)
    expect(still.locator("b")).to_have_count(1)
    assert tab.said == []


def test_a_hydration_that_fails_leaves_the_html_and_names_the_remote(tab: Tab) -> None:
    tab.show("plain.Breaks", "shop.Card")
    failed = tab.page.locator("[data-hanse-fallback]")
    expect(failed).to_have_attribute("data-hanse-fallback", "remote=plain;reason=hydrate")
    expect(failed).to_have_text("server")
    expect(tab.page.locator("section[data-ready=true]")).to_have_count(1)
    assert tab.heard() == [["plain", "./Breaks", "hydrate", "hanse: plain/./Breaks: no hands"]]


def test_a_module_that_does_not_load_leaves_the_html(tab: Tab) -> None:
    tab.page.route("**/plain/Own.js", lambda route: route.abort())
    tab.show("plain.Own", "shop.Card")
    failed = tab.page.locator("[data-hanse-fallback]")
    expect(failed).to_have_attribute("data-hanse-fallback", "remote=plain;reason=load")
    expect(tab.page.locator("b")).to_have_count(1)
    expect(tab.page.locator("section[data-ready=true]")).to_have_count(1)
    assert [one[:3] for one in tab.heard()] == [["plain", "./Own", "load"]]


def test_what_comes_late_may_be_hydrated_late(tab: Tab) -> None:
    tab.show("shop.Card")
    expect(tab.page.locator("section[data-ready=true]")).to_have_count(1)
    html = httpx2.get(f"{tab.quay.url}?show=mfe1.Card").text
    tab.page.evaluate(
        """async (html) => {
          const policy = trustedTypes.createPolicy('test', { createHTML: (text) => text });
          const late = new DOMParser().parseFromString(policy.createHTML(html), 'text/html');
          document.body.append(late.querySelector('[data-hanse-hydrate]'));
          await hanse.hydrate(document.body);
        }""",
        html,
    )
    expect(tab.page.locator("section[data-ready=true]")).to_have_count(2)


def test_a_stream_arrives_out_of_order_and_comes_alive(tab: Tab) -> None:
    html = httpx2.get(f"{tab.quay.url}stream").text
    tab.page.goto(f"{tab.quay.url}stream")
    expect(tab.page.locator("main b")).to_have_text("late")
    tab.page.locator("button").click()
    expect(tab.page.locator("button")).to_have_text("1")
    assert tab.page.locator("#end").inner_text() == "end"
    assert html.index("waiting") < html.index(">late<")
    assert tab.said == []
