"""A Chromium for tests in a row; open any longer, its event loop would be in the way of others."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.tabs import Kept, Tabs, open_tabs

KEPT = Kept()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """Close the browser before a module whose tests do not begin with it."""
    try:
        yield
    finally:
        if nextitem is None or (item.path != nextitem.path and not wants_browser(nextitem)):
            KEPT.close()


def wants_browser(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and "browser" in item.fixturenames


@pytest.fixture(scope="module")
def browser() -> Browser:
    return KEPT.browser()


@pytest.fixture(scope="module")
def tabs(browser: Browser) -> Iterator[Tabs]:
    # Of its own for each module: a clock that a test has stopped, say, is the whole context's.
    with open_tabs(browser) as tabs:
        yield tabs


@pytest.fixture
def page(tabs: Tabs) -> Iterator[Page]:
    """A page that finds nothing of the tests before."""
    with tabs.open() as page:
        yield page
