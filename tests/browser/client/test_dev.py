"""While developing: one stream for all tabs, a reload after a build, an overlay that names what failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from playwright.sync_api import Browser, Error, Locator, Page, expect

from hanse.web.client import load_client
from tests.browser.client.stage import Stage, call, violations, watch
from tests.browser.tabs import open_alone

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with open_alone(browser) as page:
        yield page


@pytest.fixture
def ready(stage: Stage) -> Stage:
    stage.imports = {"team/mfe1/./Broken": "/Broken.js"}
    stage.modules = {"/Broken.js": "throw new Error('not today');"}
    stage.dev = load_client().dev.text
    stage.body = '<button id="mine">mine</button><p>first</p>'
    return stage


def until(page: Page, condition: Callable[[], bool]) -> None:
    """Wait for something on the server, for ten seconds at most."""
    for _ in range(200):
        if condition():
            return
        page.wait_for_timeout(50)
    raise TimeoutError("it has not come about in ten seconds")


def is_new(page: Page) -> bool:
    """Tell whether a page has been loaded again since it was marked as old."""
    try:
        return bool(page.evaluate("window.old === undefined && document.readyState === 'complete'"))
    except Error:
        # It is on its way just now.
        return False


def open_tab(page: Page, stage: Stage) -> Page:
    """Open one more tab beside this one."""
    other = page.context.new_page()
    watch(other)
    other.goto(stage.url)
    return other


def overlay(page: Page) -> Locator:
    return page.locator("#hanse-overlay").get_by_role("heading", name="Hanse: a remote failed")


def test_all_tabs_share_one_stream_and_all_are_reloaded(tab: Page, ready: Stage) -> None:
    tab.goto(ready.url)
    until(tab, lambda: len(ready.streams) == 1)
    tabs = [tab, *(open_tab(tab, ready) for _ in range(3))]
    tab.wait_for_timeout(500)
    assert (len(ready.streams), ready.opened) == (1, 1)
    for one in tabs:
        one.evaluate("window.old = true")
    ready.emit("reload", remote="team/mfe1", snapshot="sha384-new")
    for one in tabs:
        until(one, partial(is_new, one))
        assert violations(one) == []
    until(tab, lambda: len(ready.streams) == 1)


def test_when_the_tab_with_the_stream_goes_another_takes_over(tab: Page, ready: Stage) -> None:
    tab.goto(ready.url)
    until(tab, lambda: ready.opened == 1)
    second = open_tab(tab, ready)
    third = open_tab(tab, ready)
    tab.goto("about:blank")
    until(second, lambda: ready.opened == 2 and len(ready.streams) == 1)
    second.close()
    third.evaluate("window.old = true")

    def emit_until_new() -> bool:
        ready.emit("reload", remote="x", snapshot="y")
        # Sooner than that, one event would only put the reload of the one before off.
        third.wait_for_timeout(400)
        return is_new(third)

    until(third, emit_until_new)
    assert violations(third) == []


def test_a_burst_of_builds_is_one_reload(tab: Page, ready: Stage) -> None:
    """The page waits until no more builds come, by a clock that is moved by hand."""
    tab.clock.install()
    tab.goto(ready.url)
    until(tab, lambda: len(ready.streams) == 1)
    tab.evaluate("window.old = true")
    tab.clock.pause_at("2100-01-01")
    for _ in range(4):
        ready.emit("reload", remote="team/mfe1", snapshot="sha384-new")
        tab.wait_for_timeout(300)
        tab.clock.run_for(100)
        tab.wait_for_timeout(100)
        assert tab.evaluate("window.old") is True
    tab.clock.run_for(100)
    until(tab, partial(is_new, tab))


def test_a_page_stays_where_it_was_scrolled_to(tab: Page, ready: Stage) -> None:
    ready.body = "<p>line</p>" * 200
    tab.goto(ready.url)
    until(tab, lambda: len(ready.streams) == 1)
    tab.evaluate("() => { scrollTo(0, 1000); window.old = true; }")
    ready.emit("reload", remote="team/mfe1", snapshot="sha384-new")
    until(tab, partial(is_new, tab))
    assert tab.evaluate("scrollY") == 1000


def test_a_failing_remote_is_shown_until_it_is_healed(tab: Page, ready: Stage) -> None:
    tab.goto(ready.url)
    until(tab, lambda: len(ready.streams) == 1)
    expect(tab.locator("#hanse-overlay")).to_have_count(0)
    tab.locator("#mine").focus()
    ready.emit("failing", remote="team/<b>mfe1</b>", reason='it answered "503" <img src=x>')
    ready.emit("failing", remote="team/mfe2", reason="no route")
    expect(overlay(tab)).to_be_visible()
    items = tab.locator("#hanse-overlay").get_by_role("listitem")
    expect(items).to_have_text(['team/<b>mfe1</b>: it answered "503" <img src=x>', "team/mfe2: no route"])
    assert tab.evaluate("document.activeElement.id") == "mine"
    ready.emit("healed", remote="team/<b>mfe1</b>")
    expect(items).to_have_text(["team/mfe2: no route"])
    ready.emit("healed", remote="team/mfe2")
    expect(overlay(tab)).to_be_hidden()


def test_the_overlay_can_be_dismissed_and_comes_back_with_news(tab: Page, ready: Stage) -> None:
    tab.goto(ready.url)
    until(tab, lambda: len(ready.streams) == 1)
    ready.emit("failing", remote="team/mfe1", reason="no route")
    button = tab.locator("#hanse-overlay").get_by_role("button", name="Dismiss")
    button.click()
    expect(overlay(tab)).to_be_hidden()
    ready.emit("failing", remote="team/mfe1", reason="no route")
    ready.emit("failing", remote="team/mfe2", reason="no luck")
    items = tab.locator("#hanse-overlay").get_by_role("listitem")
    expect(items).to_have_text(["team/mfe2: no luck"])
    button.focus()
    tab.keyboard.press("Escape")
    expect(overlay(tab)).to_be_hidden()


def test_what_this_page_could_not_load_is_shown_with_its_module(tab: Page, ready: Stage) -> None:
    tab.goto(ready.url)
    assert call(tab, "loadRemoteModule('team/mfe1', './Broken')")["failed"]
    items = tab.locator("#hanse-overlay").get_by_role("listitem")
    expect(items).to_have_text(["team/mfe1/./Broken: not today"])


def test_what_failed_before_is_shown_too(tab: Page, ready: Stage) -> None:
    """Given up on by the server, or before this script ran."""
    ready.body = (
        '<div data-hanse-fallback="remote=team/gone;reason=failed">instead</div>'
        '<div data-hanse-module="team/mfe1/./Broken" data-hanse-props="{">instead</div>'
    )
    tab.goto(ready.url)
    items = tab.locator("#hanse-overlay").get_by_role("listitem")
    expect(items).to_have_count(2)
    expect(items.nth(0)).to_have_text("team/gone: one of its modules could not be shown: failed")
    expect(items.nth(1)).to_contain_text("team/mfe1")


def test_a_tab_that_comes_later_hears_what_fails(tab: Page, ready: Stage) -> None:
    tab.goto(ready.url)
    until(tab, lambda: len(ready.streams) == 1)
    ready.emit("failing", remote="team/mfe1", reason="no route")
    expect(overlay(tab)).to_be_visible()
    other = open_tab(tab, ready)
    expect(overlay(other)).to_be_visible()
    assert ready.opened == 1
    assert violations(other) == []


def test_a_server_without_a_stream_is_asked_again_after_a_while(tab: Page, ready: Stage) -> None:
    refuse = [True]
    tab.route("**/_hanse/events", lambda route: route.fulfill(status=503) if refuse[0] else route.fallback())
    tab.goto(ready.url)
    tab.wait_for_timeout(300)
    refuse.clear()
    refuse.append(False)
    until(tab, lambda: len(ready.streams) == 1)
    ready.emit("failing", remote="team/mfe1", reason="no route")
    expect(overlay(tab)).to_be_visible()


def test_a_break_of_the_stream_forgets_what_is_well_again(tab: Page, ready: Stage) -> None:
    tab.goto(ready.url)
    until(tab, lambda: len(ready.streams) == 1)
    ready.emit("failing", remote="team/mfe1", reason="no route")
    expect(overlay(tab)).to_be_visible()
    ready.hang_up()
    until(tab, lambda: ready.opened == 2)
    expect(overlay(tab)).to_be_hidden()


def test_a_page_that_is_gone_back_to_listens_again(tab: Page, ready: Stage) -> None:
    tab.goto(ready.url)
    until(tab, lambda: len(ready.streams) == 1)
    tab.goto("about:blank")
    until(tab, lambda: len(ready.streams) == 0)
    tab.go_back()
    until(tab, lambda: len(ready.streams) == 1)


def test_without_locks_every_tab_listens_for_itself(tab: Page, ready: Stage) -> None:
    tab.add_init_script("Object.defineProperty(navigator, 'locks', { value: undefined });")
    tab.goto(ready.url)
    until(tab, lambda: len(ready.streams) == 1)
    tab.evaluate("window.old = true")
    ready.emit("reload", remote="team/mfe1", snapshot="x")
    until(tab, partial(is_new, tab))


def test_a_page_without_a_server_is_left_alone(tab: Page, ready: Stage) -> None:
    ready.data = None
    tab.goto(ready.url)
    tab.wait_for_timeout(300)
    assert set(ready.asked) <= {"/", "/favicon.ico"}
