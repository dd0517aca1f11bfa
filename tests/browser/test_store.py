"""Three apps in three processes: every page of each at every origin, one document, one React, one cart."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from examples.basic.visit import Diary, is_react, keep_diary
from examples.omni.serve import APPS, Store, run_store
from tests.apps.stores import copy_store, free_ports

pytestmark = [pytest.mark.browser, pytest.mark.node]

PAGES = {"": "The harbour store", "shop": "Goods", "shop/salt": "Lüneburg salt", "checkout": "Checkout"}
# React marks the element whose content it has taken over.
ALIVE = """() => Object.keys(document.querySelector('[data-hanse-hydrate]') ?? {})
  .some((key) => key.startsWith('__reactContainer$'))"""


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
    assert ">Back to the harbour<" in body if path == "checkout" else 'aria-label="Cart"' in body
    assert f">{PAGES[path]}</h1>" in body


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


@pytest.mark.parametrize(("headers", "status"), [({}, 200), ({"Origin": "http://evil.example"}, 403)])
def test_forms_for_another_server_are_not_taken_from_browsers(
    store: Store, headers: dict[str, str], status: int
) -> None:
    port = int(store.urls["shop"].rstrip("/").rpartition(":")[2])
    line = HTTPConnection("127.0.0.1", port, timeout=10)
    line.request("POST", "/_hanse/data/shop/salt", b"count=1", headers)
    assert line.getresponse().status == status
    line.close()


def test_data_that_cannot_be_had_is_a_page_that_says_so(store: Store, page: Page) -> None:
    for app in APPS:
        answer = page.goto(f"{store.urls[app]}shop/nothing")
        assert answer is not None
        assert answer.status == 502
        expect(page.get_by_role("heading", level=1)).to_have_text("502")


def test_there_is_a_page_for_what_is_not_there(store: Store, page: Page) -> None:
    answer = page.goto(store.urls["home"] + "nowhere")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("404")
