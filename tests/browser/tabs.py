"""Pages that have nothing of each other, in one context: making one costs more than most tests do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

from examples.basic.visit import open_browser
from scripts.find_chromium import MISSING, ensure_chromium

__all__ = ["Kept", "Tabs", "open_alone", "open_tabs"]


class Tabs:
    """A context, and the way to make it as it was in the beginning."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        # It is never shown to a test: it stays where all pages are closed, to empty the context from.
        self._idle = context.new_page()
        self._tools: CDPSession = context.new_cdp_session(self._idle)

    @contextmanager
    def open(self) -> Iterator[Page]:
        """Open a page; in the end it is closed with all it has opened, and what they have stored is gone."""
        try:
            yield self._context.new_page()
        finally:
            for page in self._context.pages:
                if page is not self._idle:
                    page.close()
            self._empty()

    def _empty(self) -> None:
        self._context.clear_permissions()
        self._tools.send("Network.clearBrowserCache")
        self._tools.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})


@contextmanager
def open_alone(browser: Browser) -> Iterator[Page]:
    """Open a page in a context of its own: for what tabs of one browser arrange between them, as by locks."""
    context = browser.new_context()
    context.set_default_timeout(10_000)
    try:
        yield context.new_page()
    finally:
        context.close()


@contextmanager
def open_tabs(browser: Browser) -> Iterator[Tabs]:
    """Open a context for pages one after the other."""
    context = browser.new_context()
    context.set_default_timeout(10_000)
    try:
        yield Tabs(context)
    finally:
        context.close()


class Kept:
    """A Chromium that is opened when it is first asked for, and stays open until it is closed."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._browser: Browser | None = None

    def browser(self) -> Browser:
        """Return the browser that is open."""
        if self._browser is None:
            chromium = ensure_chromium()
            assert chromium is not None, MISSING
            self._browser = self._open.enter_context(open_browser(chromium))
        return self._browser

    def close(self) -> None:
        """Close it; what is asked for after that is another one."""
        self._browser = None
        self._open.close()
