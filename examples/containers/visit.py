"""Visit the page of containers with a real Chromium, use it, and say what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page

from examples.basic.visit import PATIENCE, Diary, Sight, is_react, keep_diary, list_of, open_browser

__all__ = ["COLOURS", "PAINTED", "PLACES", "marks", "visit"]

PLACES = ("#quay .quay", "#quay [aria-label=Ticket]", "#quay .lamp", "#timetable section", "#lamp section")
# Each copy of react-dom marks the elements it renders with a key that has a random number in it.
MARKS = """(places) => places.map((place) =>
  Object.keys(document.querySelector(place)).filter((key) => key.startsWith('__reactFiber$')).join())"""
COLOURS = """() => ['.timetable', '#lamp .lamp'].map(
  (place) => getComputedStyle(document.querySelector(place)).backgroundColor)"""
PAINTED = ["rgb(238, 246, 242)", "rgb(253, 248, 230)"]


def marks(page: Page) -> list[str]:
    """Return which copy of react-dom has rendered each of the components."""
    found: list[str] = page.evaluate(MARKS, list(PLACES))
    return found


def visit(url: str, *, chromium: Path) -> Iterator[Sight]:
    """Open the page, use it as a visitor would, and yield what is seen.

    Raises:
        playwright.sync_api.Error: Something a visitor would click on is not there.
    """
    with open_browser(chromium) as browser:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        diary = keep_diary(page)
        page.goto(url)
        for place in PLACES:
            page.locator(place).wait_for()
        yield from compare_react(page, diary)
        yield from use_components(page)
        yield from load_chunk(page, diary)
        colours = page.evaluate(COLOURS)
        yield Sight("the containers' styles are applied", colours == PAINTED, list_of(colours))
        yield Sight(
            "the browser has nothing to complain about", not diary.complaints, list_of(diary.complaints)
        )


def compare_react(page: Page, diary: Diary) -> Iterator[Sight]:
    """Look at the React that each remote runs on."""
    loaded = [one for one in diary.requests if is_react(one)]
    yield Sight("exactly one React is loaded", len(loaded) == 1, list_of(loaded))
    own = [one for one in diary.requests if "prebuild" in one]
    yield Sight("no container loads what it brought itself", not own, list_of(own))
    versions = page.locator("footer b").all_inner_texts()
    yield Sight("all components run on one version", len({*versions}) == 1, " and ".join(versions))
    found = marks(page)
    yield Sight("all are rendered by one react-dom", len({*found}) == 1 and all(found), list_of(found))


def use_components(page: Page) -> Iterator[Sight]:
    """Raise the fare, buy a ticket more, and light the lamp."""
    page.get_by_role("button", name="Raise it").click()
    page.get_by_role("button", name="One more").click()
    ticket = page.get_by_test_id("ticket").inner_text()
    yield Sight("context and state cross the border", ticket == "2 × 4 = 8 marks", ticket)
    page.locator("#lamp").get_by_role("button", name="Light").click()
    lamp = page.locator("#lamp").get_by_test_id("lamp").inner_text()
    yield Sight("a click lights the lamp", lamp == "The lamp is lit.", lamp)


def load_chunk(page: Page, diary: Diary) -> Iterator[Sight]:
    """Ask for the weather, which is a chunk of its own."""
    before = len(diary.requests)
    page.get_by_role("button", name="Weather").click()
    weather = page.get_by_test_id("weather").inner_text()
    late = diary.requests[before:]
    yield Sight("the lazy chunk loads on a click", len(late) == 1, list_of(late))
    yield Sight("what it brings is shown", "320 miles to Reval" in weather, weather)
