"""A Chromium for the tests of a module; open any longer, its event loop would be in the way of others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from examples.basic.visit import open_browser
from scripts.find_chromium import MISSING, ensure_chromium
from tests.browser.tabs import Tabs, open_tabs


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = ensure_chromium()
    assert chromium is not None, MISSING
    with open_browser(chromium) as browser:
        yield browser


@pytest.fixture(scope="module")
def tabs(browser: Browser) -> Iterator[Tabs]:
    with open_tabs(browser) as tabs:
        yield tabs


@pytest.fixture
def page(tabs: Tabs) -> Iterator[Page]:
    """A page that finds nothing of the tests before."""
    with tabs.open() as page:
        yield page
