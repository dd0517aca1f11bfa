"""A Chromium for the tests of a module; open any longer, its event loop would be in the way of others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from examples.basic.visit import open_browser
from scripts.find_chromium import MISSING, ensure_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = ensure_chromium()
    assert chromium is not None, MISSING
    with open_browser(chromium) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()
