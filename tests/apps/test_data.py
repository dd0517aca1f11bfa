"""Data of pages: what their Python gives, what crosses between apps, and what does not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import msgspec
import pytest
from starlette.requests import Request

from hanse.apps.answers import Answer, Missing, PageRequest, Redirect
from hanse.apps.desk import Desk, Passing
from hanse.apps.documents import hoist
from hanse.apps.envelopes import Envelope, decode_envelope, envelope_of, open_envelope
from hanse.apps.loaders import Loaders, read_loaders
from hanse.apps.project import open_project
from hanse.apps.requests import is_own_form
from hanse.apps.routes import Match, read_route
from hanse.apps.statics import answer_static, read_static
from hanse.errors import FormatError, UsageError
from hanse.net import Client
from hanse.net.documents import Reply
from hanse.render import Fragment

pytestmark = pytest.mark.anyio

PYTHON = """
from hanse.apps import Answer, Missing, Redirect

def load(request, params):
    if params["id"] == "gone":
        raise Missing
    if params["id"] == "moved":
        raise Redirect("/shop/new", cookies={"seen": "1"})
    return {"id": params["id"], "of": request.query.get("of")}

async def action(request, params):
    return Answer({"bought": request.form["count"]}, status=201, cookies={"cart": "7"})
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "pages/shop").mkdir(parents=True)
    (tmp_path / "hanse.toml").write_text('[app]\nname = "shop"\nurl = "http://shop.localhost:3002/"\n')
    (tmp_path / "pages/shop/[id].tsx").write_text("")
    (tmp_path / "pages/shop/[id].py").write_text(PYTHON)
    return tmp_path


async def test_python_beside_a_page_loads_its_data_and_takes_its_forms(app: Path) -> None:
    loaders = read_loaders(open_project(app, {}))
    key = "./pages/shop/[id]"
    asked = PageRequest(path="/shop/7", query={"of": "amber"}, form={"count": "3"})
    assert (await loaders.load(key, asked, {"id": "7"})).props == {"id": "7", "of": "amber"}
    taken = await loaders.act(key, asked, {"id": "7"})
    assert taken == Answer({"bought": "3"}, status=201, cookies={"cart": "7"})
    with pytest.raises(Missing):
        await loaders.load(key, asked, {"id": "gone"})
    with pytest.raises(Redirect) as sent:
        await loaders.load(key, asked, {"id": "moved"})
    assert (sent.value.url, sent.value.status, sent.value.cookies) == ("/shop/new", 303, {"seen": "1"})


async def test_a_page_without_python_has_no_data_and_takes_no_forms(app: Path) -> None:
    (app / "pages/shop/[id].py").unlink()
    loaders = read_loaders(open_project(app, {}))
    asked = PageRequest(path="/shop/7")
    assert await loaders.load("./pages/shop/[id]", asked, {"id": "7"}) == Answer({})
    assert await loaders.act("./pages/shop/[id]", asked, {"id": "7"}) is None


@pytest.mark.parametrize("text", ["load = 7", "import nowhere_at_all", "def load(:"])
def test_python_that_cannot_be_used_is_named(app: Path, text: str) -> None:
    (app / "pages/shop/[id].py").write_text(text)
    with pytest.raises(UsageError) as caught:
        read_loaders(open_project(app, {}))
    assert caught.value.subject == str(app / "pages/shop/[id].py")


@pytest.mark.parametrize(
    "told", [Answer({"a": [1]}, status=404, headers={"x": "y"}, cookies={"c": "d"}, cache=2.5), None]
)
def test_what_came_of_asking_survives_the_way(told: Answer | None) -> None:
    body = msgspec.json.encode(envelope_of(told))
    assert open_envelope(decode_envelope(body, subject="u")) == told


def test_a_redirect_and_a_missing_page_survive_the_way() -> None:
    for told in (Redirect("/x", status=307, cookies={"a": "b"}), Missing()):
        envelope = decode_envelope(msgspec.json.encode(envelope_of(told)), subject="u")
        with pytest.raises(type(told)) as caught:
            open_envelope(envelope)
        if isinstance(told, Redirect):
            assert vars(caught.value) == vars(told)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"kind":"else"}', b'{"kind":"data","status":99}']
)
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        decode_envelope(body, subject="http://shop.localhost/_hanse/data/shop")
    assert caught.value.subject == "http://shop.localhost/_hanse/data/shop"


def test_only_what_is_allowed_crosses() -> None:
    passing = Passing(frozenset({"accept-language", "cookie", "authorization"}), frozenset({"cart"}))
    headers = {"accept-language": "de", "cookie": "session=1", "authorization": "Bearer x", "x-other": "1"}
    asked = PageRequest(path="/", headers=headers, cookies={"cart": "7", "session": "1"})
    sent = passing.only(asked)
    assert sent.headers == {"accept-language": "de"}
    assert sent.cookies == {"cart": "7"}
    back = passing.back(
        Answer(
            {},
            headers={"Accept-Language": "de", "set-cookie": "session=2"},
            cookies={"cart": "8", "session": "2"},
        )
    )
    assert back.headers == {"Accept-Language": "de"}
    assert back.cookies == {"cart": "8"}


class Owner:
    """Stands for a client that gets one answer, whatever it asks for."""

    def __init__(self, envelope: Envelope) -> None:
        self._body = msgspec.json.encode(envelope)

    async def ask(self, url: str, **_: object) -> Reply:
        return Reply(200, self._body, "application/json", None)


def desk(envelope: Envelope) -> Desk:
    passing = Passing(frozenset(), frozenset({"cart"}))
    servers = {"shop": "http://shop.localhost:3002/"}
    client = cast("Client", Owner(envelope))
    return Desk("home", Loaders({}), servers=servers, passing=passing, client=client)


COOKIES = {"cart": "8", "session": "stolen"}
MATCH = Match(read_route("shop", "/shop/[id]", "./pages/shop/[id]", loader=True), {"id": "7"})


@pytest.mark.parametrize("form", [False, True])
async def test_another_app_sets_no_cookies_but_those_that_are_allowed(*, form: bool) -> None:
    asked = PageRequest(path="/shop/7")
    given = desk(Envelope(kind="data", cookies=COOKIES))
    answer = await (given.act(MATCH, asked) if form else given.load(MATCH, asked))
    assert answer is not None
    assert answer.cookies == {"cart": "8"}
    sent = desk(Envelope(kind="redirect", url="/x", status=303, cookies=COOKIES))
    with pytest.raises(Redirect) as caught:
        await (sent.act(MATCH, asked) if form else sent.load(MATCH, asked))
    assert caught.value.cookies == {"cart": "8"}


def form_request(headers: Mapping[str, str]) -> Request:
    raw = [
        (name.encode(), value.encode()) for name, value in {"host": "home.localhost:3001", **headers}.items()
    ]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw})


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://home.localhost:3001"}, False),
        ({"origin": "http://home.localhost:3001"}, True),
        ({"origin": "http://shop.localhost:3002"}, False),
        ({"origin": "null"}, False),
        ({}, False),
    ],
)
def test_a_form_counts_only_where_it_is_this_sites_own(headers: dict[str, str], *, own: bool) -> None:
    assert is_own_form(form_request(headers)) is own


def fragment(html: str) -> Fragment:
    return Fragment(remote="a", key="b", mode="server", html=html, markup=f'<div data-x="{1}">{html}</div>')


@pytest.mark.parametrize(
    ("html", "head", "body"),
    [
        (
            "<title>A &lt;b&gt;</title><p>x</p>",
            "<title>A &lt;b&gt;</title>",
            '<div data-x="1"><p>x</p></div>',
        ),
        (
            '<meta name="a" content="b"/><link rel="preload" href="/x"/><p>x</p>',
            '<meta name="a" content="b"/><link rel="preload" href="/x"/>',
            '<div data-x="1"><p>x</p></div>',
        ),
        ("<p>x</p><title>late</title>", "", '<div data-x="1"><p>x</p><title>late</title></div>'),
        ("<titles>x</titles>", "", '<div data-x="1"><titles>x</titles></div>'),
    ],
)
def test_what_belongs_to_the_document_goes_into_its_head(html: str, head: str, body: str) -> None:
    assert hoist(fragment(html)) == (head, body)


def test_files_are_kept_for_good_and_the_entry_is_asked_for_again(tmp_path: Path) -> None:
    (tmp_path / "Card-1A2B.js").write_text("export {};")
    (tmp_path / "remoteEntry.json").write_text("{}")
    files = read_static(tmp_path)
    script = answer_static(files["Card-1A2B.js"], form_request({}))
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["access-control-allow-origin"] == "*"
    entry = answer_static(files["remoteEntry.json"], form_request({}))
    assert entry.headers["cache-control"] == "no-cache"
    again = answer_static(files["remoteEntry.json"], form_request({"if-none-match": entry.headers["etag"]}))
    assert (again.status_code, again.body) == (304, b"")
