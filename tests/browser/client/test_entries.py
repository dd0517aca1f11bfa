"""Deltas: what a loaded page adds to its map, one after the other, and what becomes of it if it cannot."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from playwright.sync_api import Page
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.browser.client.stage import DIGEST, Stage, call, give_map

pytestmark = pytest.mark.browser


@pytest.fixture
def ready(stage: Stage) -> Stage:
    """A page, and a server that has two more remotes for it."""
    stage.imports = {"react": "/react.js", "team/mfe1/./Button": "/mfe1/Button.js"}
    stage.modules = {
        "/react.js": "export const made = {};",
        "/mfe1/Button.js": "export { made } from 'react';",
        "/chat/Chat.js": "export { made } from 'react';",
        "/map/Map.js": "export { made } from 'react';",
    }

    def answer(request: Request) -> Response:
        query = dict(request.query_params)
        name = query.get("name") or query["url"].split("/")[-2]
        path = f"/{name}/{name.title()}.js"
        step = stage.asked.index(f"/_hanse/delta?{request.url.query}")
        return give_map({f"{name}/./{name.title()}": path}, digest=f"sha384-{step}", name=name)(request)

    stage.delta = answer
    return stage


def asked(stage: Stage) -> list[dict[str, str]]:
    """Return what was asked of the server, readable."""
    return [{name: unquote(value) for name, value in one.items()} for one in stage.deltas()]


def test_a_remote_is_brought_in_and_shares_what_the_page_has(tab: Page, ready: Stage) -> None:
    tab.goto(ready.url)
    expression = """await (async () => {
      const api = await hanse.initRemoteEntry('/chat/remoteEntry.json', 'chat');
      const chat = await loadRemoteModule('chat', './Chat');
      return [api === hanse, chat.made === (await import('react')).made];
    })()"""
    assert call(tab, expression) == [True, True]
    url = f"{ready.url}chat/remoteEntry.json"
    assert asked(ready) == [{"url": url, "name": "chat", "snapshot": DIGEST}]


def test_two_quick_calls_are_made_one_after_the_other(tab: Page, ready: Stage) -> None:
    """The second names the digest that the first has brought."""
    tab.goto(ready.url)
    expression = """(await Promise.all([
      hanse.initRemoteEntry('/chat/remoteEntry.json', 'chat'),
      hanse.initRemoteEntry('/map/remoteEntry.json', { name: 'map', integrity: 'sha384-abc' }),
      loadRemoteModule('map', './Map'),
      loadRemoteModule('chat', './Chat'),
    ])).slice(2).map(({ made }) => typeof made)"""
    assert call(tab, expression) == ["object", "object"]
    first, second = asked(ready)
    assert (first["name"], first["snapshot"]) == ("chat", DIGEST)
    assert (second["name"], second["integrity"]) == ("map", "sha384-abc")
    position = next(number for number, one in enumerate(ready.asked) if "delta" in one)
    assert second["snapshot"] == f"sha384-{position}"


def test_what_was_brought_in_is_not_asked_for_again(tab: Page, ready: Stage) -> None:
    tab.goto(ready.url)
    for _ in range(3):
        call(tab, "hanse.initRemoteEntry('/chat/remoteEntry.json', 'chat')")
    assert len(ready.deltas()) == 1


@pytest.mark.parametrize("named", [True, False])
def test_the_call_with_an_object_brings_in_its_remote(tab: Page, ready: Stage, named: bool) -> None:
    """As native federation's adapter for Angular has it; without a name it is the entry's own."""
    tab.goto(ready.url)
    wish = {"remoteEntry": "/chat/remoteEntry.json", "exposedModule": "./Chat"}
    wish |= {"remoteName": "chat"} if named else {}
    assert call(tab, "typeof (await loadRemoteModule(argument)).made", wish) == "object"
    assert call(tab, "typeof (await loadRemoteModule(argument)).made", wish) == "object"
    assert [one.get("name") for one in asked(ready)] == ["chat" if named else None]


def test_a_remote_that_the_page_has_is_not_brought_in(tab: Page, ready: Stage) -> None:
    tab.goto(ready.url)
    wish = {"remoteEntry": "/x.json", "remoteName": "team/mfe1", "exposedModule": "./Button"}
    assert call(tab, "typeof (await loadRemoteModule(argument)).made", wish) == "object"
    assert ready.deltas() == []


def test_a_module_outside_a_small_map_is_asked_for_once(tab: Page, ready: Stage) -> None:
    ready.delta = give_map({"chat/./Chat": "/chat/Chat.js", "chat/Chat": "/chat/Chat.js"}, DIGEST)
    tab.goto(ready.url)
    expression = "(await Promise.all([1, 2, 3].map(() => loadRemoteModule('chat', './Chat')))).length"
    assert call(tab, expression) == 3
    assert call(tab, "typeof (await loadRemoteModule('chat', 'Chat')).made") == "object"
    assert call(tab, "typeof (await loadRemoteModule('team/mfe1', './Button')).made") == "object"
    assert asked(ready) == [{"module": "chat/./Chat", "snapshot": DIGEST}]


def test_an_element_whose_module_is_outside_the_map_is_mounted(tab: Page, ready: Stage) -> None:
    ready.modules["/chat/Chat.js"] = "export const mount = (element) => { element.textContent = 'hello'; };"
    ready.delta = give_map({"chat/./Chat": "/chat/Chat.js"}, DIGEST)
    ready.body = '<div data-hanse-module="chat/./Chat"></div>'
    tab.goto(ready.url)
    tab.get_by_text("hello").wait_for()


def test_a_snapshot_that_is_gone_is_told(tab: Page, ready: Stage) -> None:
    ready.delta = lambda _: JSONResponse({"detail": "this snapshot is not kept any more"}, 410)
    tab.goto(ready.url)
    error = call(tab, "hanse.initRemoteEntry('/chat/remoteEntry.json', 'chat')")
    assert (error["remote"], error["key"], error["reason"]) == ("chat", "", "stale")
    assert error["message"] == "hanse: chat: this page is too old; reload it"
    stale, failed = tab.evaluate("window.heard")
    assert stale == ["hanse-stale", {"snapshot": DIGEST}, None]
    assert failed[:2] == ["hanse-error", {"remote": "chat", "key": "", "reason": "stale"}]


@pytest.mark.parametrize(
    ("answer", "reason", "text"),
    [
        (JSONResponse({"detail": "there is no such module"}, 404), "unknown", "there is no such module"),
        (JSONResponse({"detail": "that origin is not allowed"}, 403), "server", "that origin is not allowed"),
        (Response("<h1>Bad gateway</h1>", 502), "server", "the server answered 502"),
        (JSONResponse({}, 500), "server", "the server answered 500"),
        (JSONResponse({"import_map": {"imports": {}, "scripts": {}}}), "server", "this is no import map"),
        (JSONResponse({"import_map": []}), "server", "this is no import map"),
        (JSONResponse({"import_map": "{}"}), "server", "this is no import map"),
        (
            Response('{"import_map": {"__proto__": {}}}', media_type="application/json"),
            "server",
            "this is no import map",
        ),
    ],
)
def test_what_the_server_refuses_is_told_and_changes_nothing(
    tab: Page, ready: Stage, answer: Response, reason: str, text: str
) -> None:
    works, ready.delta = ready.delta, lambda _: answer
    tab.goto(ready.url)
    error = call(tab, "hanse.initRemoteEntry('/chat/remoteEntry.json', 'chat')")
    assert error["reason"] == reason
    assert error["message"] == f"hanse: chat: {text}"
    ready.delta = works
    assert (
        call(tab, "typeof (await hanse.initRemoteEntry('/chat/remoteEntry.json', 'chat')).load") == "function"
    )
    assert [one["snapshot"] for one in asked(ready)] == [DIGEST, DIGEST]


def test_a_server_that_is_down_is_told(tab: Page, ready: Stage) -> None:
    tab.goto(ready.url)
    tab.route("**/_hanse/delta*", lambda route: route.abort("connectionrefused"))
    for expression in ("hanse.initRemoteEntry('/chat/x.json', 'chat')", "loadRemoteModule('chat', './Chat')"):
        error: Any = call(tab, expression)
        assert error["reason"] == "server"
        assert error["message"].endswith(": the server did not answer")
    tab.unroute("**/_hanse/delta*")
    assert call(tab, "typeof (await hanse.initRemoteEntry('/chat/x.json', 'chat')).load") == "function"


def test_a_remote_with_a_name_that_objects_have_is_brought_in(tab: Page, ready: Stage) -> None:
    ready.delta = give_map({"constructor/./__proto__": "/chat/Chat.js"})
    tab.goto(ready.url)
    assert call(tab, "(await hanse.initRemoteEntry('/x.json', 'constructor')) === hanse")
    assert call(tab, "typeof (await loadRemoteModule('constructor', './__proto__')).made") == "object"


def test_a_policy_that_names_the_policies_it_allows_needs_ours(tab: Page, ready: Stage) -> None:
    ready.policy += "; trusted-types hanse"
    tab.goto(ready.url)
    assert call(tab, "(await hanse.initRemoteEntry('/chat/remoteEntry.json', 'chat')) === hanse")
    assert call(tab, "typeof (await loadRemoteModule('chat', './Chat')).made") == "object"


def test_a_policy_of_nonces_and_origins_is_kept(tab: Page, ready: Stage) -> None:
    """Without `strict-dynamic`, what a script adds needs the nonce."""
    ready.policy = ready.policy.replace("'strict-dynamic'", "'self'")
    tab.goto(ready.url)
    assert call(tab, "(await hanse.initRemoteEntry('/chat/remoteEntry.json', 'chat')) === hanse")
    assert call(tab, "typeof (await loadRemoteModule('chat', './Chat')).made") == "object"


def test_a_page_that_allows_no_policy_and_adds_nothing_has_no_violation(tab: Page, ready: Stage) -> None:
    ready.policy += "; trusted-types 'none'"
    tab.goto(ready.url)
    assert call(tab, "typeof (await loadRemoteModule('team/mfe1', './Button')).made") == "object"


def test_without_trusted_types_the_rules_are_the_same(tab: Page, ready: Stage) -> None:
    tab.add_init_script("delete window.trustedTypes;")
    ready.policy = "script-src 'nonce-{nonce}' 'strict-dynamic'"
    works, ready.delta = ready.delta, give_map({})
    ready.delta = lambda _: JSONResponse({"import_map": {"scripts": {}}})
    tab.goto(ready.url)
    assert "no import map" in call(tab, "hanse.initRemoteEntry('/chat/x.json', 'chat')")["message"]
    ready.delta = works
    assert call(tab, "(await hanse.initRemoteEntry('/chat/x.json', 'chat')) === hanse")
