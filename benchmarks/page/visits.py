"""One visit of a page with Chromium on an emulated network, and what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Request

__all__ = ["LOCAL", "NETWORKS", "Network", "Sight", "StalledError", "Tab", "open_tab"]

# The slowest page of all takes about five seconds.
PATIENCE = 20_000
# Resolves when as many exposed modules as asked for have run, with their marks and all that was loaded; with
# null where they have not in time.
WATCH = """([count, patience]) => new Promise((resolve) => {
  setTimeout(() => resolve(null), patience);
  const report = () => {
    const marks = performance.getEntriesByType('mark').filter(({ name }) => name.startsWith('module:'));
    if (marks.length < count) return false;
    resolve({
      marks: marks.map(({ name, startTime }) => [name, startTime]),
      loaded: [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .map((one) => [one.name, one.startTime, one.responseEnd, one.transferSize]),
    });
    return true;
  };
  if (!report()) {
    const observer = new PerformanceObserver(() => report() && observer.disconnect());
    observer.observe({ type: 'mark' });
  }
})"""


class StalledError(RuntimeError):
    """A page did not show its modules in time."""


@dataclass(frozen=True, slots=True)
class Network:
    """An emulated network: latency in milliseconds, throughput in megabits a second, both ways alike."""

    name: str
    latency: float
    throughput: float


NETWORKS = (Network("40 ms, 10 Mbps", 40, 10), Network("150 ms, 1.6 Mbps", 150, 1.6))
LOCAL = Network("local", 0, -1)


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen on one visit, in milliseconds after the navigation began.

    Attributes:
        first: When the first exposed module had run.
        all: When all that the page shows had run.
        requests: How many requests had been made when the first had run, the page's own included.
        bytes: What had come by then as it travels, headers included.
        asked: Every request that was made, as its kind and its URL.
    """

    first: float
    all: float
    requests: int
    bytes: int
    asked: tuple[tuple[str, str], ...]

    @property
    def others(self) -> list[str]:
        """The paths of what was asked for and is no module; the page itself left out."""
        return [urlsplit(url).path for kind, url in self.asked[1:] if not is_module(kind, url)]


def is_module(kind: str, url: str) -> bool:
    """Tell whether a request was one for a module; an orchestrator is a module of nobody's federation."""
    path = urlsplit(url).path
    return kind == "script" and path.startswith("/remote-") and path.endswith(".js")


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of a browser that knows nothing yet: an empty cache, no cookies, no storage."""

    context: BrowserContext
    page: Page
    session: CDPSession

    def visit(self, url: str, *, network: Network, count: int, settle: bool = False) -> Sight:
        """Go to a page over this network and wait until `count` exposed modules have run.

        Args:
            url: The page.
            network: What the browser is told the network is like.
            count: How many modules the page shows.
            settle: Whether to wait until the page asks for nothing more, to see all it asks for.

        Raises:
            StalledError: They did not run within twenty seconds.
            playwright.sync_api.Error: There is no such page.
        """
        asked: list[tuple[str, str]] = []

        def note(request: Request) -> None:
            asked.append((request.resource_type, request.url))

        self.session.send("Network.emulateNetworkConditions", conditions(network))
        self.page.on("request", note)
        try:
            self.page.goto(url, wait_until="commit")
            seen = self.page.evaluate(WATCH, [count, PATIENCE])
            if seen is None:
                raise StalledError(f"{url}: fewer than {count} modules had run after {PATIENCE} ms")
            if settle:
                self.page.wait_for_load_state("networkidle")
        finally:
            self.page.remove_listener("request", note)
        times = sorted(time for _, time in seen["marks"])
        first = times[0]
        loaded = [
            (name, begun, ended, size)
            for name, begun, ended, size in seen["loaded"]
            if not name.startswith("data:")
        ]
        return Sight(
            first=first,
            all=times[count - 1],
            # A preload that the browser's scanner took no notice of has an entry, too, and was no request.
            requests=len({name for name, begun, _, _ in loaded if begun <= first}),
            bytes=sum(size for _, _, ended, size in loaded if 0 < ended <= first),
            asked=tuple(one for one in asked if not one[1].startswith("data:")),
        )


def conditions(network: Network) -> dict[str, object]:
    """Return a network as the browser wants to be told: bytes a second, -1 for no limit."""
    rate = network.throughput * 125_000 if network.throughput > 0 else -1
    return {
        "offline": False,
        "latency": network.latency,
        "downloadThroughput": rate,
        "uploadThroughput": rate,
    }


@contextmanager
def open_tab(browser: Browser) -> Iterator[Tab]:
    """Open a tab in a context of its own, and close both."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    try:
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        yield Tab(context, page, session)
    finally:
        context.close()
