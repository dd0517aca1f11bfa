"""One visit of each side, in a new context, and what it took by the browser's own clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from playwright.sync_api import Browser, Page

from benchmarks.apps.stalls import PATHS
from examples.omni.visit import ALIVE

__all__ = ["Sight", "visit", "walk"]

TIMES = """() => {
  const [page] = performance.getEntriesByType('navigation');
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  const { length } = performance.getEntriesByType('resource');
  return [page.responseStart - page.requestStart, paint.startTime, self.alive, length];
}"""
# The moment at which React has taken the page over, looked for in every frame.
WATCH = f"""(() => {{
  const alive = {ALIVE};
  const look = () => {{
    if (document.readyState === 'loading' || !alive()) return requestAnimationFrame(look);
    self.alive = performance.now();
  }};
  look();
}})()"""
# What a hand takes from pointing at something to clicking on it, at least.
INTENT = 150
SHOWN = "() => self.alive && performance.getEntriesByName('first-contentful-paint').length > 0"
GO = """async (intent) => {
  const link = [...document.querySelectorAll('a')].find(({ textContent }) => textContent === 'On');
  // Whoever clicks has pointed there before.
  if (intent) {
    link.dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));
    await new Promise((done) => setTimeout(done, intent));
  }
  const begin = performance.now();
  const shown = new Promise((done) => addEventListener('hanse-navigated', done, { once: true }));
  link.click();
  await shown;
  return performance.now() - begin;
}"""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a visit took, in milliseconds: to the first byte, to the first paint, and until it was alive."""

    first_byte: float
    first_paint: float
    interactive: float
    requests: int


def visit(browser: Browser, url: str) -> Sight:
    """Open the page with an empty cache."""
    context = browser.new_context()
    try:
        page = open_page(context.new_page(), f"{url}{PATHS['page']}")
        return Sight(*page.evaluate(TIMES))
    finally:
        context.close()


def open_page(page: Page, url: str) -> Page:
    """Open a page, and wait until it is alive and painted."""
    page.add_init_script(WATCH)
    page.goto(url)
    page.wait_for_function(SHOWN)
    return page


def walk(browser: Browser, url: str) -> Mapping[str, float]:
    """Go to another app's page, in place and as a document; return the milliseconds that each took."""
    return {
        "in place": go(browser, url, 0),
        "in place, pointed at": go(browser, url, INTENT),
        "as a document": load(browser, url),
    }


def go(browser: Browser, url: str, intent: int) -> float:
    """Click on the link, after having pointed at it for so many milliseconds."""
    context = browser.new_context()
    try:
        return float(open_page(context.new_page(), f"{url}{PATHS['page']}").evaluate(GO, intent))
    finally:
        context.close()


def load(browser: Browser, url: str) -> float:
    """Load what the link leads to, as without a router: what both pages share is cached."""
    context = browser.new_context()
    try:
        page = open_page(context.new_page(), f"{url}{PATHS['page']}")
        page.goto(f"{url}{PATHS['next']}")
        page.wait_for_function(SHOWN)
        return float(page.evaluate("self.alive"))
    finally:
        context.close()
