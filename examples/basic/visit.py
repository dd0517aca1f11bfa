"""Visit the demo's page with a real Chromium, use it, and say what was seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

from scripts.find_chromium import FLAGS

__all__ = ["HYDRATED", "Diary", "Sight", "is_negotiation", "is_react", "keep_diary", "open_browser", "visit"]

# React itself: not react_dom, not react_jsx_runtime, whatever hash the build put into the name.
REACT = re.compile(r"/react\.[\w-]+\.js$")
# What other systems fetch in the browser before the first module: manifests and remote entries.
NEGOTIATION = re.compile(r"(manifest|remoteEntry|importmap)[\w.-]*\.(json|js)$")
# Each copy of react-dom marks the elements it renders with a key that has a random number in it.
MARKS = """() => ['#catalog section', '#basket section'].map((selector) =>
  Object.keys(document.querySelector(selector)).filter((key) => key.startsWith('__reactFiber$')).join())"""
PATIENCE = 10_000
# React marks what it has taken over.
HYDRATED = """() => Object.keys(document.querySelector('[data-testid=crier-heard]') ?? {})
  .some((key) => key.startsWith('__reactFiber$'))"""


@dataclass(frozen=True, slots=True)
class Sight:
    """One thing that ought to be so: what, whether it was, and what was seen."""

    claim: str
    held: bool
    seen: str


@dataclass(slots=True)
class Diary:
    """What the browser did while it was watched: every URL it asked for, every complaint it had."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def is_react(url: str) -> bool:
    """Tell whether a URL is a copy of React."""
    return REACT.search(urlsplit(url).path) is not None


def is_negotiation(url: str) -> bool:
    """Tell whether a URL is a document that says where modules are, and no module."""
    return NEGOTIATION.search(urlsplit(url).path) is not None


@contextmanager
def open_browser(chromium: Path) -> Iterator[Browser]:
    """Start a headless Chromium with an empty profile, and end it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def keep_diary(page: Page) -> Diary:
    """Write down from now on what the page asks for and complains about."""
    diary = Diary()
    page.on("request", lambda request: diary.requests.append(request.url))
    page.on("pageerror", lambda error: diary.complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            diary.complaints.append(message.text) if message.type in {"error", "warning"} else None
        ),
    )
    return diary


def visit(url: str, *, chromium: Path) -> Iterator[Sight]:
    """Open the demo's page, use it as a visitor would, and yield what is seen.

    Raises:
        playwright.sync_api.Error: Something a visitor would click on is not there.
    """
    with open_browser(chromium) as browser:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        diary = keep_diary(page)
        yield from read_source(url)
        page.goto(url)
        yield from use_fragments(page)
        yield from use_components(page)
        yield from load_chunk(page, diary)
        yield from compare_react(page, diary)
        asked = [one for one in diary.requests if is_negotiation(one)]
        yield Sight("the browser asks for no manifest and no remote entry", not asked, list_of(asked))
        yield Sight(
            "the browser has nothing to complain about", not diary.complaints, list_of(diary.complaints)
        )


def read_source(url: str) -> Iterator[Sight]:
    """Look at the page's HTML as it comes from the server."""
    with urlopen(url, timeout=PATIENCE / 1000) as answer:
        source = answer.read().decode()
    news = "Three cogs from Bergen" in source
    yield Sight("the source has the news, rendered on the server", news, "there" if news else "not there")
    yield Sight("it has the minstrel's ballad", "sung by Walther" in source, "sung by Walther")
    caught = [word for word in ("'caught'", "onclick", "javascript:") if word in source]
    yield Sight("nothing in it can run that a stranger wrote", not caught, list_of(caught))


def use_fragments(page: Page) -> Iterator[Sight]:
    """Click in what was rendered on the server."""
    heard = page.get_by_test_id("crier-heard")
    page.wait_for_function(HYDRATED)
    heard.click()
    said = heard.inner_text()
    yield Sight("what the server rendered is hydrated: a click counts", said == "Heard 1 times", said)
    title = page.title()
    yield Sight("the stranger's scripts did not run", title == "The market · Hanse", title)


def use_components(page: Page) -> Iterator[Sight]:
    """Put something into the basket."""
    catalog = page.get_by_role("region", name="Catalog").get_by_role("listitem")
    catalog.first.wait_for()
    yield Sight("the catalog renders", catalog.count() == 4, f"{catalog.count()} goods")
    empty = page.get_by_test_id("basket-empty").inner_text()
    yield Sight("the basket renders", empty == "Nothing chosen yet.", empty)
    page.get_by_test_id("product-amber").get_by_role("button", name="Add").click()
    page.get_by_test_id("product-salt").get_by_role("button", name="Add").click()
    total = page.get_by_test_id("basket-total").inner_text()
    yield Sight("a click in the catalog reaches the basket", total == "51 marks", total)
    page.get_by_role("button", name="Remove one Lüneburg salt").click()
    total = page.get_by_test_id("basket-total").inner_text()
    yield Sight("a click in the basket counts", total == "42 marks", total)


def load_chunk(page: Page, diary: Diary) -> Iterator[Sight]:
    """Open the details, which are a chunk of their own."""
    early = [one for one in diary.requests if "/Details-" in one]
    page.get_by_test_id("product-salt").get_by_role("button", name="Details").click()
    story = page.get_by_test_id("details-salt").inner_text()
    late = [one for one in diary.requests if "/Details-" in one]
    yield Sight("the lazy chunk loads on a click", not early and len(late) == 1, list_of(late))
    yield Sight("what it brings is shown", "Old Salt Road" in story, story)


def compare_react(page: Page, diary: Diary) -> Iterator[Sight]:
    """Look at the React that each remote runs on."""
    loaded = [one for one in diary.requests if is_react(one)]
    yield Sight("exactly one React is loaded", len(loaded) == 1, list_of(loaded))
    versions = [page.get_by_test_id(f"{name}-react").inner_text() for name in ("catalog", "basket")]
    yield Sight("both remotes run on one version", len(set(versions)) == 1, " and ".join(versions))
    marks: list[str] = page.evaluate(MARKS)
    yield Sight("both are rendered by one react-dom", len({*marks}) == 1 and all(marks), " and ".join(marks))


def list_of(items: list[str]) -> str:
    """List what was seen, or say that it was nothing."""
    return ", ".join(items) or "none"
