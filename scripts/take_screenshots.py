"""Take pictures of the running store for the documentation: `python -m scripts.take_screenshots FOLDER`.

Starts the three apps, opens their pages in Chromium, wide and narrow, and writes PNG files into the folder.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from examples.omni.serve import Store, free_ports, run_store
from examples.omni.visit import ALIVE
from scripts.build_examples import STORE, build_examples
from scripts.find_chromium import FLAGS, MISSING, ensure_chromium

__all__ = ["take"]

WIDTHS = {"wide": 1200, "narrow": 390}
HEIGHT = 800
PATIENCE = 10_000


def take(store: Store, page: Page, folder: Path) -> Iterator[Path]:
    """Take a picture of each place of the store; yield the files."""
    for label, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for name in walk(store, page):
            file = folder / f"store-{name}-{label}.png"
            page.screenshot(path=file)
            yield file


def walk(store: Store, page: Page) -> Iterator[str]:
    """Go through the store, and yield the name of each place."""
    page.goto(store.urls["home"])
    page.wait_for_function(ALIVE)
    yield "home"
    page.get_by_role("article", name="Baltic amber").get_by_role("button", name="Add").click()
    page.get_by_role("link", name="All goods").click()
    page.wait_for_function("() => document.title === 'Goods'")
    yield "goods"
    page.get_by_role("link", name="Lüneburg salt").click()
    page.wait_for_function("() => document.title === 'Lüneburg salt'")
    yield "product"
    page.get_by_role("link", name="To the checkout").click()
    page.get_by_role("article", name="On offer: herring").wait_for()
    yield "checkout"
    page.get_by_role("link", name="Where to?").click()
    page.wait_for_function("() => document.title === 'Where to?'")
    page.get_by_label("Town").fill("Atlantis")
    page.get_by_role("button", name="Order").click()
    page.get_by_role("alert").wait_for()
    yield "fault"


def main(arguments: list[str]) -> int:
    """Take all pictures; return 1 where there is no browser."""
    chromium = ensure_chromium()
    if chromium is None or len(arguments) != 1:
        print(MISSING if chromium is None else __doc__, file=sys.stderr)
        return 1
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    build_examples(folders=STORE)
    with run_store(free_ports()) as store, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        for file in take(store, page, folder):
            print(file, flush=True)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
