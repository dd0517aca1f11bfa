"""Hanse's page in a real Chromium: on a desk and on a phone, in the dark, without a script, by keyboard."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

from examples.basic.remotes import serve_app
from examples.basic.visit import keep_diary
from hanse import Federation
from hanse.web import create_app
from tests.federation.towns import entry, share

pytestmark = pytest.mark.browser

EVIL = "<script>window.hit=1</script>"
TWISTED = "'\"><img/src=x/onerror=window.hit=1>"
REMOTES = {
    "home": entry("home", share(), share("react-dom"), share("clsx", "2.1.0", singleton=False)),
    "shop": entry("shop", share(version="19.0.0"), share("react-dom", "19.0.0")),
    "legacy/checkout": entry("legacy/checkout", share(version="18.3.1")),
    EVIL: entry(
        EVIL,
        share(
            TWISTED, "1.0.0", requiredVersion="\u2028</td><script>window.hit=1</script>", outFileName="x.js"
        ),
        share("constructor", "1.0.0"),
        share("toString", "1.0.0", shareScope="</title><svg/onload=window.hit=1>"),
    ),
    "__proto": entry("__proto"),
    "broken": b"{",
}


@dataclass(frozen=True, slots=True)
class Served:
    """Where the page is, and the federation behind it."""

    url: str
    federation: Federation
    documents: dict[str, bytes]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """Serve remotes, some of them at fault and some hostile, and Hanse's page below `/inside/`."""
    documents = {f"/{number}/remoteEntry.json": body for number, body in enumerate(REMOTES.values())}
    static = Starlette(routes=[Route("/{path:path}", lambda request: Response(documents[request.url.path]))])
    with serve_app(static, 8340) as remotes:
        names = zip(REMOTES, documents, strict=True)
        manifest = {name: remotes.rstrip("/") + path for name, path in names}
        federation = Federation(manifest, refresh_interval=None)

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            async with federation:
                yield

        app = Starlette(routes=[Mount("/inside", create_app(federation))], lifespan=lifespan)
        with serve_app(app, 8341) as url:
            yield Served(f"{url}inside/", federation, documents)


def refresh(federation: Federation) -> None:
    """Refresh from a thread of its own: this one has Playwright's event loop in it."""
    thread = threading.Thread(target=lambda: asyncio.run(ask_again(federation)))
    thread.start()
    thread.join(10)


async def ask_again(federation: Federation) -> None:
    await federation.refresh()


def test_what_is_to_be_seen(page: Page, served: Served) -> None:
    diary = keep_diary(page)
    page.goto(served.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("The federation is degraded")
    remotes = page.get_by_role("table", name="Each remote of the federation")
    expect(remotes.get_by_role("row")).to_have_count(1 + len(REMOTES))
    expect(remotes.get_by_role("row", name="broken")).to_contain_text("failed")
    expect(remotes.get_by_role("row", name="home", exact=False).first).to_contain_text("home/./Card")
    react = page.locator("details", has=page.get_by_role("heading", name="react", exact=True))
    expect(react.get_by_role("table")).to_be_visible()
    expect(react.get_by_role("row", name="18.3.1")).to_contain_text("own copy")
    expect(react.get_by_role("row", name="18.3.1")).to_contain_text("^18.0.0 rejects 19.1.0")
    expect(page.locator("#notices li")).not_to_have_count(0)
    assert diary.complaints == []


def test_hostile_names_are_only_names(page: Page, served: Served) -> None:
    diary = keep_diary(page)
    page.goto(served.url)
    for name in (EVIL, TWISTED, "constructor", "toString", "__proto"):
        expect(page.locator("bdi", has_text=name).first).to_be_attached()
    assert page.evaluate("() => [window.hit, ({}).polluted, document.scripts.length]") == [None, None, 1]
    assert page.locator("img").count() == page.locator("img[src^='static/'], img[src^='graph.svg']").count()
    for link in page.locator("a[href^='explain/']").all():
        answer = page.request.get(f"{served.url}{link.get_attribute('href')}")
        assert answer.ok
        assert json.loads(answer.body())["scopes"]
    assert diary.complaints == []


def test_without_a_script_all_of_it_works(browser: Browser, served: Served) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(served.url)
    page.get_by_label("Search remotes and packages").fill("checkout")
    page.get_by_role("button", name="Search").click()
    assert page.url == f"{served.url}?q=checkout"
    expect(page.get_by_role("table", name="Each remote").get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="Show all").click()
    details = page.locator("details", has=page.get_by_role("heading", name="react-dom", exact=True))
    table = details.get_by_role("table")
    expect(table).to_be_hidden()
    details.locator("summary").click()
    expect(table).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(browser: Browser, served: Served, width: int, scheme: str) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    page.goto(served.url)
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    cut = page.evaluate(
        """() => [...document.querySelectorAll('td, th, bdi, dd, h1, h2, h3, a')].filter((element) => {
          const box = element.getBoundingClientRect();
          return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1);
        }).map((element) => element.outerHTML)"""
    )
    assert [item for item in cut if "skip" not in item] == []
    context.close()


# Relative luminance and contrast as WCAG 2.2 defines them, over the nearest background that is painted.
CONTRASTS = """() => {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const read = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const found = read(getComputedStyle(one).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    const [one, two] = [read(getComputedStyle(element).color), ground(element)].map(luminance);
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${element.outerHTML.slice(0, 120)}`);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Browser, served: Served, scheme: str) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    page.goto(served.url)
    assert page.evaluate(CONTRASTS) == []
    page.evaluate("() => document.querySelector('.lead').style.setProperty('color', '#7a7a7a')")
    assert len(page.evaluate(CONTRASTS)) == 1
    context.close()


def test_a_keyboard_gets_everywhere(page: Page, served: Served) -> None:
    page.goto(served.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    expect(page.get_by_role("link", name="To the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    closed = page.locator("details:not([open]) > summary").first
    closed.focus()
    held = closed.element_handle()
    page.keyboard.press("Enter")
    assert held is not None
    assert held.evaluate("(summary) => summary.parentElement.open") is True


def test_a_phone_reads_cards_that_are_still_a_table(browser: Browser, served: Served) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(served.url)
    table = page.get_by_role("table", name="Each remote of the federation")
    expect(table.get_by_role("columnheader")).to_have_count(4)
    row = table.get_by_role("row", name="legacy/checkout")
    expect(row.get_by_role("cell")).to_have_count(3)
    boxes = [cell.bounding_box() for cell in row.get_by_role("cell").all()]
    tops = [box["y"] for box in boxes if box is not None]
    assert tops == sorted(set(tops))
    context.close()


def test_a_newer_snapshot_is_announced(page: Page, served: Served) -> None:
    page.clock.install()
    page.goto(served.url)
    notice = page.get_by_role("status")
    page.clock.run_for(20_000)
    expect(notice).to_be_hidden()
    before = served.documents["/0/remoteEntry.json"]
    served.documents["/0/remoteEntry.json"] = entry("home", share(version="19.7.0"))
    try:
        refresh(served.federation)
        page.clock.run_for(20_000)
        expect(notice).to_be_visible()
        notice.get_by_role("link").click()
        expect(page.get_by_text("19.7.0").first).to_be_visible()
        expect(page.get_by_role("status")).to_be_hidden()
    finally:
        served.documents["/0/remoteEntry.json"] = before
        refresh(served.federation)
