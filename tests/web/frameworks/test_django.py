"""What is Django's alone: settings and their checks, tags, nonces of other policies, both kinds of views."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from django.core.checks import CheckMessage, run_checks
from django.http import HttpRequest
from django.template import engines
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe

from examples.flask.serve import serve_wsgi
from hanse import Federation, NotFoundError, UsageError
from hanse.web import Page
from hanse.web.blank import BlankPage
from hanse.web.django.site import integration, open_page
from tests.federation.towns import Towns, entry, towns_in_a_thread
from tests.net.upstream import reply
from tests.render.acting import Play, card, play
from tests.web.frameworks import csp
from tests.web.frameworks.django_project import MIDDLEWARE, configured, make_wsgi
from tests.web.heads import read_elements, read_json

LIKE_CSP = "tests.web.frameworks.csp.like_django_csp"


@pytest.fixture(scope="module")
def towns() -> Iterator[Towns]:
    with towns_in_a_thread(home=entry("home")) as towns:
        yield towns


@pytest.fixture
def federation(towns: Towns) -> Iterator[Federation]:
    federation = towns.federation()
    yield federation
    federation.sync.close()


def render(source: str, request: HttpRequest | None = None, **context: object) -> str:
    template = engines["django"].from_string("{% load hanse %}" + source)
    return str(template.render(context, request or RequestFactory().get("/")))


def found(**options: object) -> list[tuple[str | None, str]]:
    """Return what the checks say about `HANSE`: id, and message with hint."""
    given = {name.upper(): value for name, value in options.items()}
    with override_settings(HANSE=given):
        return said(run_checks())


def said(messages: list[CheckMessage]) -> list[tuple[str | None, str]]:
    ours = [one for one in messages if (one.id or "").startswith("hanse.")]
    return [(one.id, f"{one.msg} / {one.hint}") for one in ours]


def test_a_project_that_says_everything_has_nothing_to_fix() -> None:
    assert found(manifest="https://cdn.example/manifest.json") == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, 'nothing says where the federation comes from / set HANSE["MANIFEST"] or HANSE["TOML"]'),
        ({"manifset": "x"}, 'HANSE["MANIFSET"]: there is no such setting / did you mean HANSE["MANIFEST"]?'),
        ({"manifest": "m.json", "csp": 1}, 'HANSE["CSP"]: this is not what it should be'),
        ({"toml": "nowhere.toml"}, "nowhere.toml"),
    ],
)
def test_wrong_settings_are_errors_of_the_checks(options: dict[str, object], message: str) -> None:
    ((identifier, text),) = found(**options)
    assert identifier == "hanse.E001"
    assert message in text


@pytest.mark.parametrize("value", [None, "hanse.toml", ["x"]])
def test_a_setting_that_is_no_mapping_is_an_error(value: object) -> None:
    with override_settings(HANSE=value):
        assert [identifier for identifier, _ in said(run_checks())] == ["hanse.E001"]
        with pytest.raises(UsageError, match="HANSE"):
            integration()


def test_what_is_missing_around_it_is_a_warning() -> None:
    good = "https://cdn.example/manifest.json"
    with override_settings(MIDDLEWARE=[]):
        ((identifier, text),) = found(manifest=good)
        assert identifier == "hanse.W001"
        assert MIDDLEWARE in text
    with override_settings(ROOT_URLCONF="tests.web.frameworks.django_bare_urls"):
        ((identifier, text),) = found(manifest=good)
        assert identifier == "hanse.W002"
        assert 'include("hanse.web.django.urls")' in text
    with override_settings(ROOT_URLCONF="hanse.web.django.urls"):
        assert [identifier for identifier, _ in found(manifest=good)] == ["hanse.W002"]
    with override_settings(ROOT_URLCONF="tests.web.frameworks.django_root_urls"):
        assert [identifier for identifier, _ in found(manifest=good)] == ["hanse.E002"]
    assert [identifier for identifier, _ in found(manifest=good, development=True)] == ["hanse.W004"]


@pytest.mark.parametrize(
    ("name", "middleware", "policy", "warned"),
    [
        ("SECURE_CSP", csp.DJANGO, {"script-src": ["'self'"]}, True),
        ("SECURE_CSP", csp.DJANGO, {"default-src": "'self'"}, True),
        ("SECURE_CSP", csp.DJANGO, {"script-src": ["'self'", "<CSP_NONCE_SENTINEL>"]}, False),
        ("SECURE_CSP", csp.DJANGO, {"img-src": ["'self'"]}, False),
        ("SECURE_CSP", csp.DJANGO, {}, False),
        ("CONTENT_SECURITY_POLICY", LIKE_CSP, {"DIRECTIVES": {"script-src": ["'self'"]}}, True),
        ("CONTENT_SECURITY_POLICY", LIKE_CSP, {"DIRECTIVES": {"script-src": ["csp.constants.NONCE"]}}, False),
    ],
)
def test_a_policy_without_a_place_for_the_nonce_is_a_warning(
    name: str,
    middleware: str,
    policy: dict[str, object],
    warned: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hanse.web.django.checks.PLACES", {middleware: name})
    with override_settings(**{"MIDDLEWARE": [middleware, MIDDLEWARE], name: policy}):
        identifiers = [identifier for identifier, _ in found(manifest="https://cdn.example/manifest.json")]
    assert identifiers == (["hanse.W003"] if warned else [])


@pytest.mark.parametrize("middleware", [csp.DJANGO, LIKE_CSP])
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("path", ["/", "/sync", "/jinja"])
def test_the_nonce_of_the_projects_own_policy_is_used_and_its_header_left_alone(
    middleware: str, order: int, path: str, federation: Federation
) -> None:
    policy = {"script-src": ["'self'", "<CSP_NONCE_SENTINEL>"]}
    chain = [middleware, MIDDLEWARE][::order]
    with configured(federation), override_settings(MIDDLEWARE=chain, SECURE_CSP=policy):
        response = Client().get(path)
    html = response.content.decode()
    nonces = {one.attributes["nonce"] for one in read_elements(html) if one.name in {"script", "link"}}
    (nonce,) = nonces
    assert response.headers["Content-Security-Policy"] == f"script-src 'self' 'nonce-{nonce}'"


@pytest.mark.parametrize("middleware", [csp.DJANGO, LIKE_CSP])
def test_a_response_without_a_page_has_no_nonce_in_its_policy(
    middleware: str, federation: Federation
) -> None:
    policy = {"script-src": ["'self'", "<CSP_NONCE_SENTINEL>"]}
    with configured(federation), override_settings(MIDDLEWARE=[middleware, MIDDLEWARE], SECURE_CSP=policy):
        assert Client().get("/plain").headers["Content-Security-Policy"] == "script-src 'self'"


@pytest.mark.parametrize("path", ["/", "/sync", "/jinja"])
def test_views_of_both_kinds_have_the_page_in_both_templates(path: str, federation: Federation) -> None:
    with configured(federation):
        html = Client().get(path).content.decode()
    assert len([one for one in read_elements(html) if "data-hanse-module" in one.attributes]) == 2


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("path", ["/", "/sync", "/jinja", "/own", "/_hanse/importmap.json"])
@pytest.mark.anyio
async def test_the_asynchronous_handler_answers_the_same(
    path: str, federation: Federation, anyio_backend: str
) -> None:
    with configured(federation):
        response = await AsyncClient().get(path)
    assert response.status_code == 200
    assert b"home/Card" in response.content


def test_the_tags_take_names_and_lists(federation: Federation) -> None:
    with configured(federation):
        by_name = render('{% hanse_head "home/Card" %}')
        for other in (
            render("{% hanse_head modules=names %}", names=["home/Card"]),
            render('{% hanse_head modules="home/Card" %}'),
        ):
            assert without_nonce(other) == without_nonce(by_name)
        assert "modulepreload" not in render("{% hanse_head %}")
        url = render('{% hanse_url "home/Card" as url %}<a href="{{ url }}"></a>')
        assert 'href="http' in url


def without_nonce(html: str) -> str:
    return re.sub(r'nonce="[^"]*"', "", html)


def test_what_django_has_for_text_becomes_json(federation: Federation) -> None:
    props = {"lazy": lazystr("spät"), "safe": mark_safe("<b>"), "deep": [{"x": (lazystr("tief"),)}]}
    with configured(federation):
        html = render('{% hanse_mount "home/Card" plain="&" given=props %}', props=props)
    (element,) = [one for one in read_elements(html) if one.name == "div"]
    assert json.loads(element.attributes["data-hanse-props"]) == {
        "plain": "&",
        "given": {"lazy": "spät", "safe": "<b>", "deep": [{"x": ["tief"]}]},
    }


def test_what_visitors_say_stays_text(federation: Federation) -> None:
    evil = "</div><script>alert(1)</script>\"'><!--"
    with configured(federation):
        html = render('{% hanse_mount "home/Card" said label=said %}{% hanse_mount said said %}', said=evil)
    assert {one.name for one in read_elements(html)} == {"head", "body", "div"}


def test_a_template_without_a_request_says_what_to_do(federation: Federation) -> None:
    template = engines["django"].from_string("{% load hanse %}{% hanse_head %}")
    with configured(federation), pytest.raises(UsageError, match="without a request"):
        template.render({})


def test_tags_work_in_what_is_included(federation: Federation) -> None:
    with configured(federation):
        source = "{% include inner only %}{% hanse_nonce %}"
        inner = engines["django"].from_string('{% load hanse %}{% hanse_mount "home/Card" %}')
        html = render(source, inner=getattr(inner, "template"))  # noqa: B009
    assert 'data-hanse-module="home/./Card"' in html


def test_the_base_is_where_the_paths_are_included(federation: Federation) -> None:
    with (
        configured(federation),
        override_settings(FORCE_SCRIPT_NAME="/below"),
        serve_wsgi(make_wsgi(), 8420) as url,
        httpx2.Client(base_url=url) as client,
    ):
        assert read_json(client.get("/").text, "application/json")["base"] == "/below/_hanse/"
    with configured(federation, base="/elsewhere"):
        assert read_json(Client().get("/").content.decode(), "application/json")["base"] == "/elsewhere/"
    with configured(federation), override_settings(ROOT_URLCONF="tests.web.frameworks.django_deep_urls"):
        html = Client().get("/shop/").content.decode()
        assert read_json(html, "application/json")["base"] == "/shop/mfe/"
        assert Client().get("/shop/mfe/importmap.json").status_code == 200


def test_development_follows_debug_unless_it_is_set(federation: Federation) -> None:
    for debug, options, expected in (
        (False, {}, False),
        (True, {}, True),
        (True, {"development": False}, False),
        (False, {"development": True}, True),
    ):
        with override_settings(DEBUG=debug), configured(federation, **options):
            assert integration().options.development is expected
    unknown = '{% hanse_mount "nobody/X" %}'
    with override_settings(DEBUG=True), configured(federation), pytest.raises(NotFoundError, match="nobody"):
        render(unknown)


@contextmanager
def nothing_to_serve() -> Iterator[Federation]:
    """Make a federation whose manifest cannot be had."""
    with towns_in_a_thread() as towns:
        towns.put("manifest", reply(status=500))
        yield towns.federation()


def test_without_a_snapshot_pages_are_served_without_their_modules() -> None:
    with nothing_to_serve() as federation, configured(federation):
        response = Client().get("/")
        assert response.status_code == 200
        elements = read_elements(response.content.decode())
        fallbacks = [one for one in elements if one.name == "div"]
        assert [one.attributes["data-hanse-fallback"] for one in fallbacks] == [
            "remote=home;reason=unavailable"
        ] * 2
        assert "wait & <b>see</b>" in response.content.decode()
        assert not [one for one in elements if one.name == "script"]
        assert "'strict-dynamic'" in response.headers["Content-Security-Policy"]
        assert Client().get("/_hanse/readyz").status_code == 503
        assert Client().get("/plain").status_code == 200


def test_in_development_it_is_an_error_that_there_is_no_snapshot() -> None:
    client = Client(raise_request_exception=False)
    with nothing_to_serve() as federation, configured(federation, development=True):
        assert client.get("/").status_code == 500
        assert client.get("/plain").status_code == 200


def test_the_page_of_a_request_is_one(federation: Federation) -> None:
    with configured(federation):
        request = RequestFactory().get("/")
        page = open_page(request)
        assert isinstance(page, Page)
        assert not isinstance(page, BlankPage)
        assert open_page(request) is page
        assert render("{% hanse_nonce %}", request) == page.nonce


def test_settings_that_tests_change_are_read_anew(towns: Towns) -> None:
    with configured(manifest=towns.manifest_url):
        first = integration()
        assert Client().get("/").status_code == 200
        assert integration() is first
        assert first.federation.keeper is not None
    assert first.federation.keeper is None
    with configured(manifest=towns.manifest_url):
        assert integration() is not first


@pytest.fixture
def rendering(towns: Towns) -> Iterator[Play]:
    part = card(remote="home", specifier="home/./Card", browser="home/./Card")
    made = play(parts={("home", "./Card"): part})
    federation = towns.federation()
    federation.renderer = made.renderer
    with configured(federation):
        yield made
    federation.sync.close()


@pytest.mark.anyio
async def test_an_async_view_may_render_before_its_head_is_written(rendering: Play) -> None:
    html = (await AsyncClient().get("/rendered-first")).content.decode()
    assert html.index("card.css") < html.index("</head>") < html.index("<p>card</p>")
    assert html.count("card.css") == 1


@pytest.mark.parametrize("path", ["/rendered", "/jinja-rendered"])
def test_both_template_languages_render(rendering: Play, path: str) -> None:
    html = Client().get(path).content.decode()
    assert html.count("<p>card</p>") == 1
    assert 'data-hanse-fallback="remote=home;reason=unknown"' in html


def test_a_rendered_fragment_is_html_also_where_nothing_is_escaped(rendering: Play) -> None:
    source = "{% autoescape off %}{% hanse_render 'home' 'Card' label=word %}{% endautoescape %}"
    assert "<p>card</p>" in render(source, word=lazystr("cup"))
    assert rendering.actor.calls[0].props == {"label": "cup"}
