"""What every framework's site does, in the same words: names, HTML, headers, and Hanse's own paths."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from hanse import Federation
from hanse.engines.base import RenderCall
from hanse.errors import EngineError
from hanse.web import Page
from hanse.web.overrides import Overrides
from tests.federation.towns import Towns, entry, towns_in_a_thread
from tests.net.upstream import reply
from tests.render.acting import card, play
from tests.web.frameworks.serving import FRAMEWORKS
from tests.web.heads import Element, read_elements, read_json

CHROMIUM = {"sec-ch-ua": '"Chromium";v="150", "Not A Brand";v="9"'}
POLICY = re.compile(
    r"script-src 'nonce-([\w-]{24})' 'strict-dynamic'; object-src 'none'; base-uri 'none'; "
    r"require-trusted-types-for 'script'"
)

each_framework = pytest.mark.parametrize("framework", FRAMEWORKS)


@pytest.fixture(scope="module")
def towns() -> Iterator[Towns]:
    with towns_in_a_thread(home=entry("home"), broken=reply(status=500)) as towns:
        yield towns


@contextmanager
def visit(framework: str, federation: Federation, **options: object) -> Iterator[httpx2.Client]:
    """Serve the site in a framework, and make a client of it."""
    try:
        with FRAMEWORKS[framework](federation, **options) as url, httpx2.Client(base_url=url) as client:
            yield client
    finally:
        federation.sync.close()


@pytest.fixture(scope="module", params=FRAMEWORKS)
def client(request: pytest.FixtureRequest, towns: Towns) -> Iterator[httpx2.Client]:
    with visit(request.param, towns.federation()) as client:
        yield client


def named(html: str, name: str) -> list[Element]:
    return [one for one in read_elements(html) if one.name == name]


def nonce_of(response: httpx2.Response) -> str:
    found = POLICY.fullmatch(response.headers["content-security-policy"])
    assert found is not None
    return found[1]


def test_the_page_is_the_same_in_every_framework(client: httpx2.Client, towns: Towns) -> None:
    response = client.get("/")
    assert response.status_code == 200
    card = towns.upstream.url("/home/Card.js")
    html = response.text
    assert read_json(html, "importmap")["imports"]["home/Card"] == card
    links = [one.attributes for one in named(html, "link")]
    assert card in [one["href"] for one in links]
    assert {one["rel"] for one in links} == {"modulepreload"}
    with_fallback, escaped = named(html, "div")
    assert with_fallback.attributes["data-hanse-module"] == "home/./Card"
    assert json.loads(with_fallback.attributes["data-hanse-props"]) == {"label": "<x>", "fallback": "f"}
    assert "wait & <b>see</b>" in html
    assert escaped.text == "a & b"
    assert "data-hanse-props" not in escaped.attributes
    assert named(html, "a")[0].attributes["href"] == card


def test_the_map_comes_before_everything_that_needs_it(client: httpx2.Client) -> None:
    html = client.get("/").text
    assert html.index("importmap") < html.index("modulepreload") < html.index("hanse-page")


def test_one_nonce_for_a_response_and_never_the_same_twice(client: httpx2.Client) -> None:
    nonces = set()
    for _ in range(5):
        response = client.get("/")
        nonce = nonce_of(response)
        marked = [one for one in read_elements(response.text) if one.name in {"script", "link", "style"}]
        assert len(marked) > 3
        assert {one.attributes["nonce"] for one in marked} == {nonce}
        nonces.add(nonce)
    assert len(nonces) == 5


# Django's own template contexts are circles that hold the request: there the garbage collector has to come.
@pytest.mark.parametrize("framework", [name for name in FRAMEWORKS if "django" not in name])
def test_a_page_goes_with_its_request(framework: str, towns: Towns) -> None:
    with visit(framework, towns.federation()) as client:
        client.get("/")
        gc.collect()
        gc.disable()
        try:
            before = count_pages()
            for _ in range(5):
                client.get("/")
            # As long as a page is there, what it was rendered from has to run; the last one may be in use.
            assert count_pages() <= before + 1
        finally:
            gc.enable()


def count_pages() -> int:
    # Not by `isinstance`: that asks lazy objects what they stand for.
    return sum(type(one) is Page for one in gc.get_objects())


def test_the_data_block_leads_to_paths_that_are_there(client: httpx2.Client) -> None:
    response = client.get("/")
    data = json.loads(next(one.text for one in named(response.text, "script") if one.attributes.get("id")))
    assert data["base"] == "/_hanse/"
    assert data["modules"] == ["home/./Card"]
    assert data["development"] is False
    served = client.get(f"{data['base']}importmap.json")
    assert served.status_code == 200
    assert served.headers["etag"] == f'"{data["snapshot"]}"'
    assert served.headers["content-type"] == "application/importmap+json"
    assert served.json() == read_json(response.text, "importmap")


def test_a_page_adds_a_remote_by_either_method(client: httpx2.Client, towns: Towns) -> None:
    towns.put("late", entry("late"))
    wish = {
        "url": towns.url("late"),
        "name": "late",
        "snapshot": client.get("/_hanse/readyz").json()["digest"],
    }
    for answer in (client.get("/_hanse/delta", params=wish), client.post("/_hanse/delta", json=wish)):
        assert answer.status_code == 200
        assert answer.json()["import_map"]["imports"]["late/./Card"] == towns.upstream.url("/late/Card.js")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/_hanse/", 200),
        ("GET", "/_hanse/healthz", 200),
        ("GET", "/_hanse/readyz", 200),
        ("GET", "/_hanse/metrics", 200),
        ("GET", "/_hanse/explain/react", 200),
        ("GET", "/_hanse/static/hanse.css", 200),
        ("HEAD", "/_hanse/importmap.json", 200),
        ("GET", "/_hanse/nowhere", 404),
        ("POST", "/_hanse/importmap.json", 405),
        ("DELETE", "/_hanse/delta", 405),
        ("GET", "/_hanse/delta", 400),
    ],
)
def test_hanses_own_paths_answer(client: httpx2.Client, method: str, path: str, status: int) -> None:
    response = client.request(method, path)
    assert response.status_code == status
    assert "content-security-policy" in response.headers
    assert response.headers["x-content-type-options"] == "nosniff"
    if status >= 400:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == status


def test_the_base_without_its_slash_leads_to_the_one_with_it(client: httpx2.Client) -> None:
    response = client.get("/_hanse", follow_redirects=True)
    assert response.url.path == "/_hanse/"
    assert response.status_code == 200


def test_a_head_request_is_answered_without_a_body(client: httpx2.Client) -> None:
    whole = client.get("/_hanse/importmap.json", headers={"accept-encoding": "identity"})
    head = client.head("/_hanse/importmap.json", headers={"accept-encoding": "identity"})
    assert head.content == b""
    assert head.headers["content-length"] == whole.headers["content-length"]


def test_what_has_not_changed_is_not_sent_again(client: httpx2.Client) -> None:
    tag = client.get("/_hanse/importmap.json").headers["etag"]
    again = client.get("/_hanse/importmap.json", headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_body_that_is_too_large_is_refused(client: httpx2.Client) -> None:
    assert client.post("/_hanse/delta", content=b" " * 100_000).status_code == 413


def test_a_response_without_a_page_is_left_alone(client: httpx2.Client) -> None:
    response = client.get("/plain")
    assert response.text == "nothing"
    assert not {"content-security-policy", "link"} & {*response.headers}


def test_a_policy_of_the_sites_own_counts(client: httpx2.Client) -> None:
    response = client.get("/own")
    nonce = named(response.text, "script")[0].attributes["nonce"]
    assert response.headers.get_list("content-security-policy") == [f"script-src 'nonce-{nonce}'"]
    assert "Cookie" in response.headers["vary"]


def test_where_nothing_has_changed_the_stored_pages_policy_stays(client: httpx2.Client) -> None:
    response = client.get("/304")
    assert response.status_code == 304
    assert "content-security-policy" not in response.headers


def test_a_module_nobody_has_gets_a_named_fallback(client: httpx2.Client) -> None:
    response = client.get("/unknown")
    assert response.status_code == 200
    (element,) = named(response.text, "div")
    assert element.attributes == {"data-hanse-fallback": "remote=nobody;reason=unknown"}
    assert element.text == "not here"
    assert named(response.text, "a")[0].attributes["href"] == ""
    assert "home/Card" in read_json(response.text, "importmap")["imports"]


@each_framework
def test_in_development_a_module_nobody_has_is_an_error(framework: str, towns: Towns) -> None:
    with visit(framework, towns.federation(), development=True) as client:
        assert client.get("/").status_code == 200
        assert client.get("/unknown").status_code == 500


@each_framework
def test_without_csp_there_is_no_policy(framework: str, towns: Towns) -> None:
    with visit(framework, towns.federation(), csp=False) as client:
        assert "content-security-policy" not in client.get("/").headers


def test_events_are_for_development_alone(client: httpx2.Client) -> None:
    assert client.get("/_hanse/events").status_code == 404


@each_framework
def test_in_development_pages_hear_events(framework: str, towns: Towns) -> None:
    federation = Federation(towns.manifest_url, development=True)
    with (
        visit(framework, federation, development=True) as client,
        client.stream("GET", "/_hanse/events") as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        assert next(response.iter_lines()).startswith(":")


@each_framework
def test_an_override_is_for_one_developer_alone(framework: str, towns: Towns) -> None:
    towns.put("mine", entry("home", card="Mine.js"))
    mine = towns.upstream.url("/mine/Mine.js")
    asked = {"hanse-override": f"home@{towns.url('mine')}"}
    with visit(framework, towns.federation(), development=True, overrides=Overrides()) as client:
        assert read_json(client.get("/", params=asked).text, "importmap")["imports"]["home/Card"] == mine
        assert mine not in client.get("/", headers={"cookie": ""}).text
    with visit(framework, towns.federation(), overrides=Overrides()) as client:
        assert mine not in client.get("/", params=asked).text


@each_framework
def test_an_override_that_cannot_be_used_is_explained(framework: str, towns: Towns) -> None:
    asked = {"hanse-override": f"home@{towns.url('broken')}"}
    with visit(framework, towns.federation(), development=True, overrides=Overrides()) as client:
        page = client.get("/", params=asked)
        assert page.status_code == 502
        assert page.headers["cache-control"] == "no-store"
        assert "home" in page.text
        assert 'href="?hanse-override=none"' in page.text


@each_framework
def test_an_override_is_kept_beside_the_cookies_of_the_site(framework: str, towns: Towns) -> None:
    towns.put("mine", entry("home", card="Mine.js"))
    asked = {"hanse-override": f"home@{towns.url('mine')}"}
    with visit(framework, towns.federation(), development=True, overrides=Overrides()) as client:
        page = client.get("/own", params=asked)
        names = {cookie.partition("=")[0] for cookie in page.headers.get_list("set-cookie")}
        assert names == {"hanse-override", "own"}


@each_framework
def test_browsers_that_take_it_are_told_early_what_to_fetch(framework: str, towns: Towns) -> None:
    with visit(framework, towns.federation()) as client:
        page = client.get("/", headers=CHROMIUM)
        linked = re.findall(r'<([^>]*)>; [^<]*nonce="([^"]*)"', page.headers["link"])
        preloaded = [one.attributes["href"] for one in named(page.text, "link")]
        assert linked == [(url, nonce_of(page)) for url in preloaded]
        assert towns.upstream.url("/home/Card.js") in preloaded
        other = client.get("/")
        assert "link" not in other.headers
        for answer in (page, other):
            assert "sec-ch-ua" in answer.headers["vary"].lower()
        own = client.get("/own", headers=CHROMIUM)
        assert {"cookie", "sec-ch-ua"} <= {*re.split(r",\s*", own.headers["vary"].lower())}


@each_framework
def test_fragments_are_rendered_in_every_framework(framework: str, towns: Towns) -> None:
    made = play(
        fail_some,
        parts={
            ("home", "./Card"): card(remote="home", specifier="home/./Card", browser="home/./Card"),
            ("home", "./Fails"): card(remote="home", specifier="home/./Fails", browser="home/./Fails"),
        },
    )
    federation = towns.federation()
    federation.renderer = made.renderer
    with visit(framework, federation) as client:
        response = client.get("/rendered")
        again = client.get("/rendered")
    nonce = nonce_of(response)
    html = response.text
    shown, failed, unknown = named(html, "div")
    assert shown.attributes["data-hanse-hydrate"] == "home/./Card"
    assert json.loads(shown.attributes["data-hanse-props"]) == {"label": "<x>"}
    assert [one.text for one in named(html, "p")] == ["card"]
    assert failed.attributes == {"data-hanse-fallback": "remote=home;reason=threw"}
    assert "wait & <b>see</b>" in html
    assert unknown.attributes == {"data-hanse-fallback": "remote=home;reason=unknown"}
    assert unknown.text == "not a & b"
    assert [
        one.attributes["href"] for one in named(html, "link") if one.attributes["rel"] == "stylesheet"
    ] == ["https://shop.example/card.css"]
    assert {one.attributes["nonce"] for one in named(html, "script")} == {nonce}
    assert sum("hanse-hydrate" in one.text for one in named(html, "script")) == 1
    # What was kept has nobody's nonce in it, and fits on the next page.
    assert again.text.count("<p>card</p>") == 1
    assert nonce not in again.text
    assert [call.module for call in made.actor.calls] == ["home/./Card", "home/./Fails", "home/./Fails"]


def fail_some(call: RenderCall) -> str:
    if call.module.endswith("Fails"):
        raise EngineError("no", reason="threw")
    return "<p>card</p>"


@each_framework
def test_preloads_have_the_nonce_once_the_site_has_shown_a_policy_that_needs_it(
    framework: str, towns: Towns
) -> None:
    with visit(framework, towns.federation()) as client:
        marked = []
        for path in ("/", "/own", "/own"):
            html = client.get(path, headers=CHROMIUM).text
            marked.append({"nonce" in one.attributes for one in named(html, "link")})
    assert marked == [{False}, {False}, {True}]
