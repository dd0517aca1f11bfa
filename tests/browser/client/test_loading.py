"""Loading: what the map names, by every form of the call, and nothing that it does not name."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from playwright.sync_api import Page
from starlette.responses import JSONResponse

import hanse.web.client
from hanse.web.client import load_client
from tests.browser.client.stage import Stage, call

pytestmark = pytest.mark.browser

SOURCE = Path(hanse.web.client.__file__).with_name("hanse.js")


@pytest.fixture
def ready(stage: Stage) -> Stage:
    """A page with a few modules in its map."""
    stage.imports = {
        "team/mfe1/./Button": "/mfe1/Button.js",
        "team/mfe1/Button": "/mfe1/Button.js",
        "team/mfe1/./Broken": "/mfe1/Broken.js",
        "team/mfe1/./Missing": "/mfe1/Missing.js",
        "team/mfe2/bare": "/mfe2/bare.js",
    }
    stage.modules = {
        "/mfe1/Button.js": "export const made = 'button'; globalThis.runs = (globalThis.runs ?? 0) + 1;",
        "/mfe1/Broken.js": "throw new RangeError('not today');",
        "/mfe2/bare.js": "export const made = 'bare';",
    }
    return stage


def test_what_is_sent_has_at_most_3_kb() -> None:
    assert len(gzip.compress(load_client().loader.text.encode(), 9)) <= 3000


FORMS = [
    "loadRemoteModule('team/mfe1', './Button')",
    "loadRemoteModule('team/mfe1', 'Button')",
    "hanse.load('team/mfe1', './Button')",
    "hanse.as().loadRemoteModule('team/mfe1', './Button')",
    "loadRemoteModule({ remoteName: 'team/mfe1', exposedModule: './Button' })",
    "hanse.ready.then((api) => api.load('team/mfe1', './Button'))",
]


@pytest.mark.parametrize("text", ["sent", "written"])
def test_every_form_of_the_call_loads_the_module(tab: Page, ready: Stage, text: str) -> None:
    """With the loader as it is sent, and as it was written: squeezing it changes nothing."""
    if text == "written":
        ready.loader = SOURCE.read_text()
    tab.goto(ready.url)
    for form in FORMS:
        assert call(tab, f"(await {form}).made") == "button", form
    assert call(tab, "loadRemoteModule('team/mfe1', './Broken')")["reason"] == "load"
    assert ready.deltas() == []


def test_a_module_is_the_same_however_it_is_asked_for(tab: Page, ready: Stage) -> None:
    tab.goto(ready.url)
    expression = """{
      const all = await Promise.all([
        load('./Button'), load('Button'), import('team/mfe1/Button'), import('/mfe1/Button.js'),
      ]);
      return [new Set(all).size, globalThis.runs];
    }"""
    lead = "const load = (key) => loadRemoteModule('team/mfe1', key);"
    assert call(tab, f"await (async () => {{ {lead} {expression[1:]})()") == [1, 1]


def test_a_key_without_its_dot_is_found_as_it_is(tab: Page, ready: Stage) -> None:
    tab.goto(ready.url)
    for key in ("bare", "./bare"):
        assert call(tab, "(await loadRemoteModule('team/mfe2', argument)).made", key) == "bare"


def test_a_module_comes_before_a_package_of_the_same_name(tab: Page, stage: Stage) -> None:
    stage.imports = {"@team/kit/Button": "/package.js", "@team/kit/./Button": "/module.js"}
    stage.modules = {
        "/package.js": "export const made = 'package';",
        "/module.js": "export const made = 'module';",
    }
    tab.goto(stage.url)
    assert call(tab, "(await loadRemoteModule('@team/kit', 'Button')).made") == "module"


@pytest.mark.parametrize(
    ("key", "cause"),
    [("./Broken", "not today"), ("./Missing", "Failed to fetch dynamically imported module")],
)
def test_what_fails_to_load_names_remote_and_key(tab: Page, ready: Stage, key: str, cause: str) -> None:
    tab.goto(ready.url)
    error = call(tab, "loadRemoteModule('team/mfe1', argument)", key)
    assert (error["remote"], error["key"], error["reason"]) == ("team/mfe1", key, "load")
    assert error["message"].startswith(f"hanse: team/mfe1/{key}: {cause}")
    assert cause in error["cause"]
    detail = {"remote": "team/mfe1", "key": key, "reason": "load"}
    assert tab.evaluate("window.heard") == [["hanse-error", detail, error["message"]]]


def test_an_unknown_module_is_asked_for_and_then_an_error(tab: Page, ready: Stage) -> None:
    ready.delta = lambda _: JSONResponse({"detail": "it exposes no module './No'"}, 404)
    tab.goto(ready.url)
    error = call(tab, "loadRemoteModule('team/mfe1', './No')")
    assert error["reason"] == "unknown"
    assert error["message"] == "hanse: team/mfe1/./No: it exposes no module './No'"
    assert ready.deltas() == [{"module": "team%2Fmfe1%2F.%2FNo", "snapshot": "sha384-first"}]


def test_without_a_server_an_unknown_module_is_an_error_at_once(tab: Page, ready: Stage) -> None:
    ready.data = None
    tab.goto(ready.url)
    assert call(tab, "(await loadRemoteModule('team/mfe1', './Button')).made") == "button"
    error = call(tab, "loadRemoteModule('team/mfe1', './No')")
    assert (error["reason"], error["message"]) == ("unknown", "hanse: team/mfe1/./No: no import map has it")
    assert ready.deltas() == []


def test_a_fallback_is_returned_instead_of_an_error_and_the_error_told(tab: Page, ready: Stage) -> None:
    tab.goto(ready.url)
    wish = {"remoteName": "team/mfe1", "exposedModule": "./Broken"}
    for fallback in ("instead", None, 0):
        assert call(tab, "loadRemoteModule(argument)", {**wish, "fallback": fallback}) == fallback
    assert [one[1]["reason"] for one in tab.evaluate("window.heard")] == ["load"] * 3
    assert call(tab, "loadRemoteModule(argument)", wish)["failed"]


URLS = [
    ("{url}mfe1", "Button.js"),
    ("http:", "/x.js"),
    ("https://elsewhere.example", "x.js"),
    (" https://elsewhere.example", "x.js"),
    ("ht\ttps://elsewhere.example", "x.js"),
    ("data:text/javascript,window.hit=1//", "x"),
    ("javascript:window.hit=1//", "x"),
    ("blob:", "x"),
    ("", "mfe1/Button.js"),
    ("", "/elsewhere.example/x.js"),
    (".", "mfe1/Button.js"),
    ("..", "mfe1/Button.js"),
    ("/mfe1", "Button.js"),
]


def test_a_url_is_no_module(tab: Page, ready: Stage) -> None:
    """Names may come from elsewhere, such as a query: what no map names is not run."""
    tab.goto(ready.url)
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    for remote, key in URLS:
        error = call(tab, "loadRemoteModule(...argument)", [remote.format(url=ready.url), key])
        assert error["reason"] == "unknown", (remote, key)
    assert len(asked) == len(URLS)
    assert all("/_hanse/delta?" in url for url in asked)
    assert tab.evaluate("[window.hit, window.runs]") == [None, None]


NAMES = ["constructor", "__proto__", "toString", "hasOwnProperty", "then"]


def test_names_of_everything_that_is_an_object_are_only_names(tab: Page, ready: Stage) -> None:
    assert ready.imports is not None
    tab.goto(ready.url)
    for name in NAMES:
        for remote, key in ((name, name), ("team/mfe1", name), (name, "./x")):
            assert call(tab, "loadRemoteModule(...argument)", [remote, key])["reason"] == "unknown"
    ready.imports |= {f"{name}/./{name}": "/mfe2/bare.js" for name in NAMES}
    tab.goto(ready.url)
    for name in NAMES:
        assert call(tab, "(await loadRemoteModule(argument, argument)).made", name) == "bare"
    assert tab.evaluate("() => [({}).polluted, Object.keys(Object.prototype).length]") == [None, 0]


def test_a_reason_that_an_import_throws_is_not_taken_for_ours(tab: Page, ready: Stage) -> None:
    ready.modules["/mfe1/Broken.js"] = "throw null;"
    tab.goto(ready.url)
    error = call(tab, "loadRemoteModule('team/mfe1', './Broken')")
    assert (error["reason"], error["message"]) == ("load", "hanse: team/mfe1/./Broken: null")


def test_the_loader_is_there_for_scripts_further_down_and_announced_to_all(tab: Page, ready: Stage) -> None:
    """Listeners are added before the loader, below it, and in a module that comes over the network."""
    listen = """addEventListener('mfe-loader-available', ({ detail }) =>
      (window.told ??= []).push(['%s', detail === hanse]));"""
    ready.modules["/late.js"] = listen % "late"
    ready.before = f'<script nonce="{{nonce}}">{listen % "early"}</script>'
    ready.after = (
        f'<script nonce="{{nonce}}" type="module">{listen % "below"} window.seen = typeof loadRemoteModule;'
        "</script>"
        '<script nonce="{nonce}" type="module" src="/late.js"></script>'
    )
    tab.goto(ready.url)
    assert tab.evaluate("window.seen") == "function"
    assert tab.evaluate("window.told") == [["early", True], ["below", True], ["late", True]]
    assert sorted(tab.evaluate("Object.keys(hanse)")) == sorted(
        ["loadRemoteModule", "load", "as", "initRemoteEntry", "mount", "ready"]
    )


def test_a_page_with_nothing_of_hanse_in_it_but_the_loader_works(tab: Page, ready: Stage) -> None:
    ready.data = ready.imports = None
    tab.goto(ready.url)
    assert call(tab, "loadRemoteModule('team/mfe1', './Button')")["reason"] == "unknown"
    assert call(tab, "hanse.initRemoteEntry('/x/remoteEntry.json', 'x')")["reason"] == "unknown"
