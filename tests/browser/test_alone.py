"""Apps of which others are absent, down, or deployed anew: what is there goes on, and heals by itself."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from examples.basic.visit import Diary, keep_diary
from examples.omni.serve import Store, run_store
from hanse.apps.build import build_app
from hanse.apps.project import open_project
from tests.apps.stores import copy_store, free_ports
from tests.browser.test_store import open_page

pytestmark = [pytest.mark.browser, pytest.mark.node]

ABSENT = "[data-hanse-fallback='remote={};reason=absent']"


@pytest.fixture
def diary(page: Page) -> Diary:
    return keep_diary(page)


@pytest.fixture
def home_alone(tmp_path: Path) -> Iterator[Store]:
    with run_store(free_ports(), folder=copy_store(tmp_path), only=["home"]) as store:
        yield store


def read(store: Store, app: str, path: str = "") -> str:
    port = store.urls[app].rstrip("/").rpartition(":")[2]
    with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=20) as answer:
        return str(answer.read().decode())


def test_an_app_whose_others_were_never_there_has_named_gaps_and_heals(
    home_alone: Store, page: Page, diary: Diary
) -> None:
    html = read(home_alone, "home")
    assert 'data-hanse-fallback="remote=shop;reason=absent"' in html
    assert 'data-hanse-fallback="remote=checkout;reason=absent"' in html
    open_page(page, home_alone.urls["home"])
    expect(page.get_by_role("heading", level=1)).to_have_text("The harbour store")
    # What it cannot do without `shop/cart` is as absent as that.
    expect(page.locator(ABSENT.format("shop"))).to_have_count(3)
    expect(page.locator(ABSENT.format("checkout"))).to_have_count(1)
    assert diary.complaints == []

    home_alone.start("shop")
    await_text(home_alone, "home", 'aria-label="Baltic amber"')
    open_page(page, home_alone.urls["home"])
    expect(page.locator(ABSENT.format("checkout"))).to_have_count(1)

    home_alone.start("checkout")
    await_text(home_alone, "home", 'aria-label="Cart"')
    open_page(page, home_alone.urls["home"])
    page.get_by_role("article", name="Baltic amber").get_by_role("button", name="Add").click()
    expect(page.get_by_test_id("cart")).to_have_text("1")
    assert diary.complaints == []


def await_text(store: Store, app: str, text: str, path: str = "") -> None:
    """Ask for a page until the server renders it with some text."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            if text in read(store, app, path):
                return
        time.sleep(0.1)
    raise AssertionError(f"{app} never showed {text}")


class Visitors:
    """Ask for pages all the time, and keep what came that was no whole page."""

    def __init__(self, store: Store, *paths: tuple[str, str]) -> None:
        self.pages = 0
        self.lost: list[str] = []
        self._store = store
        self._paths = paths
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._visit, args=(one,)) for one in paths]

    def __enter__(self) -> Visitors:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def add(self, visit: Callable[[], str]) -> None:
        """Have something else done all the time, which says what went wrong."""
        self._threads.append(threading.Thread(target=self._repeat, args=(visit,)))

    def _repeat(self, visit: Callable[[], str]) -> None:
        while not self._ended.is_set():
            if wrong := visit():
                self.lost.append(wrong)
            self.pages += 1
            time.sleep(0.05)

    def _visit(self, where: tuple[str, str]) -> None:
        app, path = where
        while not self._ended.is_set():
            try:
                html = read(self._store, app, path)
            except OSError as error:
                self.lost.append(f"{where}: {error}")
            else:
                self.pages += 1
                if "</h1>" not in html:
                    self.lost.append(f"{where}: {html[:200]}")
            time.sleep(0.02)


def order(store: Store, app: str) -> str:
    """Post the form of `checkout` at an app's origin; return what went wrong."""
    host = store.urls[app].rstrip("/").partition("://")[2]
    line = HTTPConnection("127.0.0.1", int(host.rpartition(":")[2]), timeout=10)
    headers = {
        "Host": host,
        "Origin": f"http://{host}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    try:
        line.request("POST", "/checkout/address", b"town=Visby", headers)
        answer = line.getresponse()
    except OSError as error:
        return f"the form at {app}: {error}"
    finally:
        line.close()
    return "" if answer.status == 303 else f"the form at {app}: {answer.status}"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with run_store(free_ports(), folder=copy_store(tmp_path_factory.mktemp("alone"))) as store:
        yield store


def test_an_app_that_is_down_leaves_the_others_whole_and_is_there_again(
    store: Store, page: Page, diary: Diary
) -> None:
    with Visitors(store, ("home", ""), ("checkout", "checkout")) as visitors:
        store.stop("shop")
        open_page(page, store.urls["home"])
        # What it was built of is here, and nobody asks it for anything.
        page.get_by_role("article", name="Baltic amber").get_by_role("button", name="Add").click()
        expect(page.get_by_test_id("cart")).to_have_text("1")
        assert {url for url in diary.requests if not url.startswith(store.urls["home"])} == set()
        assert diary.complaints == []

        # Its data is nobody else's: there is a page that says so.
        page.goto(f"{store.urls['home']}shop")
        expect(page.get_by_role("heading", level=1)).to_have_text("502")

        store.start("shop")
        await_text(store, "home", ">Goods</h1>", "shop")
    assert visitors.lost == []
    assert visitors.pages > 20


def test_a_restart_with_everybody_else_down_shows_what_was_there(store: Store, page: Page) -> None:
    store.stop("shop")
    store.stop("checkout")
    store.stop("home")
    store.start("home")
    await_text(store, "home", 'aria-label="Baltic amber"')
    open_page(page, store.urls["home"])
    page.get_by_role("article", name="Baltic amber").get_by_role("button", name="Add").click()
    expect(page.get_by_test_id("cart")).to_have_text("1")
    store.start("shop", "checkout")
    await_text(store, "home", ">Goods</h1>", "shop")


def test_a_deploy_is_seen_everywhere_and_breaks_no_open_page(store: Store, page: Page, diary: Diary) -> None:
    open_page(page, store.urls["home"])
    other = page.context.new_page()
    open_page(other, f"{store.urls['shop']}shop")
    card = store.folder / "shop" / "components" / "ProductCard.tsx"
    visitors = Visitors(store, ("home", ""), ("home", "checkout"), ("checkout", "checkout"))
    visitors.add(lambda: order(store, "home"))
    with visitors:
        card.write_text(card.read_text().replace(" marks<", " thalers<"))
        build_app(open_project(store.folder / "shop", None))
        store.stop("shop")
        store.start("shop")
        began = time.monotonic()
        await_text(store, "home", " thalers<")
        await_text(store, "checkout", " thalers<", "shop")
        # The time promised, ten times over: machines that run tests are busy.
        assert time.monotonic() - began < 20
    assert visitors.lost == []

    page.get_by_role("article", name="Baltic amber").get_by_role("button", name="Add").click()
    expect(page.get_by_test_id("cart")).to_have_text("1")
    page.get_by_role("link", name="All goods").click()
    expect(page).to_have_title("Goods")
    other.get_by_role("link", name="Lüneburg salt").click()
    expect(other).to_have_title("Lüneburg salt")
    other.get_by_role("button", name="Add").click()
    expect(other.get_by_test_id("cart")).to_have_text("1")
    other.close()
    assert diary.complaints == []
