"""Three apps in three processes: every page of each at every origin, one document, one React, one cart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.client import HTTPConnection
from itertools import pairwise
from typing import Literal
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from examples.basic.visit import Diary, is_react, keep_diary
from examples.omni.serve import APPS, Store, run_store
from examples.omni.visit import ALIVE
from tests.apps.stores import copy_store, free_ports

pytestmark = [pytest.mark.browser, pytest.mark.node]

PAGES = {
    "": "The harbour store",
    "harbour": "At the harbour",
    "shop": "Goods",
    "shop/salt": "Lüneburg salt",
    "checkout": "Checkout",
    "checkout/address": "Where to?",
}


# What is outside of all landmarks, how these and headings are called, and what can be used and has no name.
LANDMARKS = """() => {
  const marks = 'main, nav, header, footer, aside, section[aria-label]';
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const outside = [];
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const parent = node.parentElement;
    if (node.data.trim() && !parent.closest(`script, style, template, ${marks}`)) outside.push(node.data);
  }
  const all = (selector) => [...document.querySelectorAll(selector)];
  const nameOf = (one) => one.getAttribute('aria-label') ?? one.labels?.[0]?.textContent ?? one.textContent;
  return {
    outside,
    mains: all('main').length,
    names: all('nav, section, aside').map((one) => one.getAttribute('aria-label')),
    headings: all('h1, h2, h3, h4').map((one) => Number(one.tagName[1])),
    nameless: all('a, button, input').filter((one) => !nameOf(one).trim()).map((one) => one.outerHTML),
  };
}"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with run_store(free_ports(), folder=copy_store(tmp_path_factory.mktemp("store"))) as store:
        yield store


@pytest.fixture
def diary(page: Page) -> Diary:
    return keep_diary(page)


def documents(page: Page) -> list[str]:
    """Write down from now on every document that is loaded."""
    loaded: list[str] = []
    page.on(
        "request", lambda request: loaded.append(request.url) if request.resource_type == "document" else None
    )
    return loaded


def open_page(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_function(ALIVE)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("app", APPS)
def test_every_page_is_whole_without_scripts_at_every_origin(store: Store, app: str, path: str) -> None:
    port = store.urls[app].rstrip("/").rpartition(":")[2]
    with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
        html = answer.read().decode()
    head, _, body = html.partition("<body>")
    assert f"<title>{PAGES[path]}</title>" in head
    assert ">Back to the" in body if path.startswith("checkout") else 'aria-label="Cart"' in body
    assert f">{PAGES[path]}</h1>" in body


@pytest.mark.parametrize("app", APPS)
def test_styles_of_every_app_are_there_before_anything_is_painted(store: Store, page: Page, app: str) -> None:
    html = read_page(store, app)
    sheets = re.findall(r'<style data-href="([^"]*)"', html)
    assert {"ProductCard", "pages"} <= {sheet.rpartition("/")[2].partition("-")[0] for sheet in sheets}
    assert len(sheets) == len({*sheets})
    assert html.rindex("</style>") < html.index('rel="modulepreload"')
    # They apply under the page's policy, and are not loaded a second time where the visitor goes.
    open_page(page, store.urls[app])
    before = page.evaluate("getComputedStyle(document.querySelector('.product-card')).display")
    assert before != "block"
    page.get_by_role("link", name="All goods").click()
    expect(page).to_have_title("Goods")
    assert page.evaluate("getComputedStyle(document.querySelector('.product-card')).display") == before
    assert page.locator("link[rel=stylesheet][href*=ProductCard]").count() == 0


@pytest.mark.parametrize("app", APPS)
def test_every_page_comes_alive_at_every_origin(store: Store, page: Page, diary: Diary, app: str) -> None:
    for path, title in PAGES.items():
        open_page(page, f"{store.urls[app]}{path}")
        assert page.title() == title
        expect(page.get_by_role("main")).to_have_count(1)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        assert diary.complaints == []
    assert len({url for url in diary.requests if is_react(url)}) == 1


def test_the_visitor_goes_through_all_apps_in_one_document(store: Store, page: Page, diary: Diary) -> None:
    loaded = documents(page)
    home = store.urls["home"]
    open_page(page, home)
    page.get_by_role("article", name="Baltic amber").get_by_role("button", name="Add").click()
    expect(page.get_by_test_id("cart")).to_have_text("1")

    page.get_by_role("link", name="All goods").click()
    expect(page).to_have_title("Goods")
    assert page.url == f"{home}shop"
    page.get_by_role("link", name="Lüneburg salt").click()
    expect(page).to_have_title("Lüneburg salt")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_test_id("cart")).to_have_text("2")
    page.get_by_role("link", name="To the checkout").click()
    expect(page).to_have_title("Checkout")
    expect(page.get_by_role("listitem")).to_have_text(["amber", "salt"])

    page.go_back()
    expect(page).to_have_title("Lüneburg salt")
    page.go_back()
    expect(page).to_have_title("Goods")
    page.go_forward()
    expect(page).to_have_title("Lüneburg salt")
    assert loaded == [home]
    assert diary.complaints == []
    assert len({url for url in diary.requests if is_react(url)}) == 1


def test_a_keyboard_gets_through_and_is_taken_to_the_new_page(store: Store, page: Page) -> None:
    open_page(page, store.urls["shop"] + "shop")
    link = page.get_by_role("link", name="Lüneburg salt")
    link.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_title("Lüneburg salt")
    expect(page.get_by_role("main")).to_be_focused()


@pytest.mark.parametrize("app", APPS)
def test_landmarks_hold_everything_and_headings_leave_no_step_out(store: Store, page: Page, app: str) -> None:
    for path in PAGES:
        open_page(page, f"{store.urls[app]}{path}")
        seen = page.evaluate(LANDMARKS)
        assert seen["outside"] == []
        assert seen["mains"] == 1
        assert all(seen["names"])
        assert len({*seen["names"]}) == len(seen["names"])
        assert seen["headings"][0] == 1
        assert all(after - before <= 1 for before, after in pairwise(seen["headings"]))
        assert seen["nameless"] == []


def tab_to(page: Page, role: Literal["link", "button", "textbox"], name: str) -> None:
    """Press the tabulator until something has the focus."""
    wanted = page.get_by_role(role, name=name).first
    expect(wanted).to_be_visible()
    for _ in range(60):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the tabulator never comes to {name}")


def test_the_store_is_for_those_without_a_mouse_too(store: Store, page: Page) -> None:
    open_page(page, f"{store.urls['home']}shop/salt")
    tab_to(page, "button", "Add")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("cart")).to_have_text("1")
    tab_to(page, "link", "To the checkout")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Checkout")
    expect(page.get_by_role("main")).to_be_focused()
    tab_to(page, "link", "Where to?")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Where to?")
    tab_to(page, "textbox", "Town")
    page.keyboard.type("Visby")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")


def test_where_a_page_was_left_it_is_come_back_to(store: Store, page: Page) -> None:
    page.set_viewport_size({"width": 400, "height": 120})
    open_page(page, store.urls["shop"] + "shop")
    left = page.evaluate("() => { scrollTo(0, 90); return scrollY; }")
    assert left > 0
    # Not by the mouse, to which the page would be scrolled.
    page.get_by_role("link", name="Furs from Novgorod").dispatch_event("click", {"button": 0})
    expect(page).to_have_title("Furs from Novgorod")
    assert page.evaluate("scrollY") == 0
    page.go_back()
    expect(page).to_have_title("Goods")
    page.wait_for_function("(left) => scrollY === left", arg=left)


def test_what_cannot_be_shown_in_place_is_loaded_as_a_document(store: Store, page: Page) -> None:
    open_page(page, store.urls["home"])
    page.route("**/_hanse/page/**", lambda route: route.abort())
    loaded = documents(page)
    page.get_by_role("link", name="All goods").click()
    expect(page).to_have_title("Goods")
    assert loaded == [f"{store.urls['home']}shop"]


def test_of_two_clicks_the_later_one_counts(store: Store, page: Page) -> None:
    open_page(page, store.urls["home"] + "shop")
    held = []
    page.route("**/_hanse/page/shop/salt", lambda route: held.append(route))
    page.get_by_role("link", name="Lüneburg salt").click()
    page.wait_for_function("() => 'hanseNavigating' in document.documentElement.dataset")
    page.get_by_role("link", name="Baltic amber").click()
    expect(page).to_have_title("Baltic amber")
    for route in held:
        route.abort()
    page.wait_for_timeout(200)
    assert page.title() == "Baltic amber"
    assert page.url == f"{store.urls['home']}shop/amber"


def test_intent_fetches_the_page_before_the_click(store: Store, page: Page, diary: Diary) -> None:
    open_page(page, store.urls["home"])
    page.get_by_role("link", name="All goods").hover()
    page.wait_for_function("() => performance.getEntriesByName(`${origin}/_hanse/page/shop`).length === 1")
    page.get_by_role("link", name="All goods").click()
    expect(page).to_have_title("Goods")
    assert sum(url.endswith("/_hanse/page/shop") for url in diary.requests) == 1


def test_a_document_of_another_time_gets_another_document(store: Store, page: Page) -> None:
    open_page(page, store.urls["home"])
    ask = """(digest) => fetch('/_hanse/page/shop', { headers: { 'hanse-snapshot': digest } })
      .then(({ status }) => status)"""
    digest = page.evaluate("JSON.parse(document.querySelector('script#hanse-page').textContent).snapshot")
    assert page.evaluate(ask, digest) == 200
    assert page.evaluate(ask, "0" * len(digest)) == 410
    page.route("**/_hanse/page/shop", lambda route: route.fulfill(status=410))
    loaded = documents(page)
    page.get_by_role("link", name="All goods").click()
    expect(page).to_have_title("Goods")
    assert loaded == [f"{store.urls['home']}shop"]


@pytest.mark.parametrize(("headers", "status"), [({}, 200), ({"Origin": "http://evil.example"}, 403)])
def test_forms_for_another_server_are_not_taken_from_browsers(
    store: Store, headers: dict[str, str], status: int
) -> None:
    port = int(store.urls["shop"].rstrip("/").rpartition(":")[2])
    line = HTTPConnection("127.0.0.1", port, timeout=10)
    line.request("POST", "/_hanse/data/shop/salt", b"count=1", headers)
    assert line.getresponse().status == status
    line.close()


def test_there_is_a_page_for_what_is_not_there(store: Store, page: Page) -> None:
    for app in APPS:
        for path in ("nowhere", "shop/nothing"):
            answer = page.goto(f"{store.urls[app]}{path}")
            assert answer is not None
            assert answer.status == 404
            said = "There is nothing here" if app == "home" else "404"
            expect(page.get_by_role("heading", level=1)).to_have_text(said)


# --- fragments --------------------------------------------------------------------------------------------

DEAREST = 'aria-label="The dearest goods"'


@pytest.mark.parametrize("app", APPS)
def test_fragments_are_there_without_scripts_at_every_origin(store: Store, app: str) -> None:
    html = read_page(store, app)
    assert html.count(DEAREST) == 1
    # Its data was asked for at its owner, and nothing else of the goods is in it.
    assert "Furs from Novgorod" in html
    assert "News from Visby: A cog with amber." in html
    assert "The stranger was here" not in html
    assert "On offer: herring" in read_page(store, app, "checkout")


def read_page(store: Store, app: str, path: str = "") -> str:
    port = store.urls[app].rstrip("/").rpartition(":")[2]
    with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
        return str(answer.read().decode())


def test_fragments_live_and_strangers_are_harmless(store: Store, page: Page, diary: Diary) -> None:
    open_page(page, store.urls["home"])
    dearest = page.get_by_role("region", name="The dearest goods")
    dearest.get_by_role("button", name="Add").click()
    expect(page.get_by_test_id("cart")).to_have_text("1")
    expect(page.get_by_text("News from Visby: A cog with amber.")).to_be_visible()
    assert page.title() == "The harbour store"
    assert diary.complaints == []


@pytest.mark.parametrize("app", APPS)
def test_fragments_come_along_where_the_visitor_goes(
    store: Store, page: Page, diary: Diary, app: str
) -> None:
    loaded = documents(page)
    open_page(page, f"{store.urls[app]}shop/salt")
    page.get_by_role("link", name="To the checkout").click()
    expect(page.get_by_role("article", name="On offer: herring")).to_be_visible()
    page.get_by_role("link", name="Back to the harbour").click()
    page.wait_for_function(ALIVE.replace("'[data", "'hanse-fragment [data"))
    dearest = page.get_by_role("region", name="The dearest goods")
    dearest.get_by_role("button", name="Add").click()
    expect(page.get_by_test_id("cart")).to_have_text("1")
    expect(page.get_by_text("News from Visby")).to_be_visible()
    assert loaded == [f"{store.urls[app]}shop/salt"]
    assert page.title() == "The harbour store"
    assert diary.complaints == []


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, b'{"of": "shop/Dearest"}', 403),
        ({"Sec-Fetch-Site": "same-origin"}, b'{"of": "shop/Dearest"}', 200),
        ({}, b'{"of": "shop/Dearest", "props": []}', 400),
        ({}, b"<html>", 400),
        ({}, b"", 400),
    ],
)
def test_fragments_are_for_pages_of_this_site(
    store: Store, headers: dict[str, str], body: bytes, status: int
) -> None:
    port = int(store.urls["home"].rstrip("/").rpartition(":")[2])
    line = HTTPConnection("127.0.0.1", port, timeout=10)
    line.request("POST", "/_hanse/fragment", body, {"Content-Type": "application/json", **headers})
    answer = line.getresponse()
    assert answer.status == status
    # Whatever is in it, no browser takes it for a page.
    assert "html" not in (answer.getheader("content-type") or "")
    line.close()


# --- forms ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("app", APPS)
def test_a_form_is_taken_by_its_owner_wherever_it_is_filled_in(
    store: Store, page: Page, diary: Diary, app: str
) -> None:
    open_page(page, f"{store.urls[app]}checkout/address")
    page.get_by_label("Town").fill("Atlantis")
    page.get_by_role("button", name="Order").click()
    expect(page.get_by_role("alert")).to_contain_text("No ship goes there")
    expect(page.get_by_label("Town")).to_have_value("Atlantis")
    page.get_by_label("Town").fill("Visby")
    page.get_by_role("button", name="Order").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    expect(page.get_by_text("on their way to Visby")).to_be_visible()
    assert page.url == f"{store.urls[app]}checkout/done"
    # Chromium notes the status of the page with the fault.
    assert [one for one in diary.complaints if "status of 422" not in one] == []


def test_a_form_of_another_site_is_refused_and_changes_nothing(store: Store) -> None:
    port = int(store.urls["home"].rstrip("/").rpartition(":")[2])
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {}):
        line = HTTPConnection("127.0.0.1", port, timeout=10)
        line.request("POST", "/checkout/address", b"town=Visby", headers)
        answer = line.getresponse()
        assert answer.status == 403
        assert answer.getheader("set-cookie") is None
        line.close()
