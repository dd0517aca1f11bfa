"""Visit the store with a real Chromium, go through all three apps, and say what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Page, expect

from examples.basic.visit import Diary, Sight, is_react, keep_diary, open_browser
from examples.omni.serve import APPS

__all__ = ["visit"]

PATIENCE = 10_000
TITLES = {"": "The harbour store", "shop": "Goods", "checkout": "Checkout"}
# React marks the element whose content it has taken over.
ALIVE = """() => Object.keys(document.querySelector('[data-hanse-hydrate]') ?? {})
  .some((key) => key.startsWith('__reactContainer$'))"""


def visit(url: str, *, chromium: Path) -> Iterator[Sight]:
    """Go through the store as a visitor would, and yield what is seen.

    Raises:
        playwright.sync_api.Error: Something a visitor would click on is not there.
    """
    yield from read_sources()
    with open_browser(chromium) as browser:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        diary = keep_diary(page)
        documents: list[str] = []
        page.on(
            "request",
            lambda request: documents.append(request.url) if request.resource_type == "document" else None,
        )
        page.goto(url)
        page.wait_for_function(ALIVE)
        yield from walk(page, url)
        yield Sight("all of that was one document", documents == [url], f"{len(documents)} loaded")
        yield from look_back(diary, url)


def read_sources() -> Iterator[Sight]:
    """Look at the HTML of every page at every app, as it comes from the server."""
    for app, port in APPS.items():
        whole = []
        for path, title in TITLES.items():
            with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=PATIENCE / 1000) as answer:
                if f">{title}</h1>" in answer.read().decode():
                    whole.append(f"/{path}")
        claim = f"{app} has the pages of all apps as HTML, without any script"
        yield Sight(claim, len(whole) == len(TITLES), " ".join(whole))


def walk(page: Page, url: str) -> Iterator[Sight]:
    """Put something into the cart, and go from app to app."""
    page.get_by_role("article", name="Baltic amber").get_by_role("button", name="Add").click()
    cart = page.get_by_test_id("cart")
    expect(cart).to_have_text("1")
    yield Sight("what shop's card puts into the cart shows in checkout's badge at home", True, "1")
    page.get_by_role("link", name="All goods").click()
    expect(page).to_have_title("Goods")
    page.get_by_role("link", name="Lüneburg salt").click()
    expect(page).to_have_title("Lüneburg salt")
    page.get_by_role("link", name="To the checkout").click()
    expect(page).to_have_title("Checkout")
    goods = page.get_by_role("listitem").all_text_contents()
    yield Sight("the cart comes along to the checkout", goods == ["amber"], ", ".join(goods))
    page.get_by_role("article", name="On offer: herring").wait_for()
    yield Sight("a delegate connects the checkout with the shop", True, "On offer: herring")
    page.get_by_role("link", name="Back to the harbour").click()
    page.get_by_text("News from Visby").wait_for()
    title = page.title()
    yield Sight("the stranger's news came without his scripts", title == TITLES[""], title)
    yield Sight("the address stayed that of the app it began at", page.url == url, page.url)


def look_back(diary: Diary, url: str) -> Iterator[Sight]:
    """Look at what the browser has asked for, and complained about."""
    reacts = {one for one in diary.requests if is_react(one)}
    yield Sight("there is one React for all apps", len(reacts) == 1, ", ".join(sorted(reacts)))
    strange = [one for one in diary.requests if not one.startswith(url)]
    yield Sight("the browser talked to that app alone", not strange, ", ".join(strange) or "nobody else")
    complaints = "; ".join(diary.complaints) or "none"
    yield Sight("the browser has nothing to complain about", not diary.complaints, complaints)
