"""What is Flask's alone: the extension, its configuration, several apps, `g.hanse`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Blueprint, Flask, g, render_template_string, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from hanse import Federation, HanseError, NotFoundError, UsageError
from hanse.web import PageOptions
from hanse.web.flask import Hanse
from tests.federation.towns import Towns, entry, towns_in_a_thread
from tests.net.upstream import reply
from tests.web.heads import read_elements, read_json


@pytest.fixture(scope="module")
def towns() -> Iterator[Towns]:
    with towns_in_a_thread(home=entry("home")) as towns:
        yield towns


@pytest.fixture
def federation(towns: Towns) -> Iterator[Federation]:
    federation = towns.federation()
    yield federation
    federation.sync.close()


def make_app(**config: object) -> Flask:
    app = Flask(__name__)
    app.config.update(config)
    return app


def render(app: Flask, source: str, path: str = "/") -> str:
    with app.test_request_context(path):
        return render_template_string(source)


def test_the_configuration_says_where_the_federation_comes_from(towns: Towns) -> None:
    app = make_app(HANSE_MANIFEST=towns.manifest_url, HANSE_CSP=False)
    hanse = Hanse(app)
    assert 'data-hanse-module="home/./Card"' in render(app, "{{ hanse_mount('home/Card') }}")
    with app.app_context():
        assert hanse.federation.source == towns.manifest_url
        hanse.federation.sync.close()


def test_a_toml_beside_the_app_will_do(tmp_path: Path, towns: Towns) -> None:
    (tmp_path / "hanse.toml").write_text(f'[federation]\nmanifest = "{towns.manifest_url}"\n')
    app = Flask(__name__, root_path=str(tmp_path))
    app.config["HANSE"] = "hanse.toml"
    hanse = Hanse(app)
    with app.app_context():
        assert hanse.federation.source == towns.manifest_url


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "set HANSE_MANIFEST or HANSE"),
        (
            {"HANSE_MANIFST": "x"},
            "there is no such setting\n  hint: did you mean HANSE_MANIFEST",
        ),
        ({"HANSE_MANIFEST": "x", "HANSE": "y.toml"}, "HANSE_MANIFEST and HANSE are both given"),
        ({"HANSE_MANIFEST": "x", "HANSE_CSP": "no"}, "HANSE_CSP: this is not what it should be"),
        ({"HANSE": "nowhere.toml"}, "nowhere.toml"),
    ],
)
def test_a_wrong_configuration_is_told_at_once(config: dict[str, object], message: str) -> None:
    with pytest.raises(HanseError) as caught:
        Hanse(make_app(**config))
    assert message in str(caught.value)


def test_one_extension_serves_several_apps(federation: Federation) -> None:
    hanse = Hanse(federation=federation, options=PageOptions(base="/mfe"))
    first, second = make_app(), make_app()
    hanse.init_app(first)
    hanse.init_app(second)
    for app in (first, second):
        assert app.test_client().get("/mfe/importmap.json").status_code == 200
        assert read_json(render(app, "{{ hanse_head() }}"), "application/json")["base"] == "/mfe/"
    with pytest.raises(UsageError, match="has the extension already"):
        hanse.init_app(first)
    with make_app().app_context(), pytest.raises(UsageError, match="has no Hanse"):
        _ = hanse.federation


def test_debug_decides_whether_errors_are_shown_unless_it_is_set(federation: Federation) -> None:
    unknown = "{{ hanse_mount('nobody/X') }}"
    app = make_app()
    Hanse(app, federation)
    app.debug = True  # as `app.run(debug=True)` does, after the extension
    with pytest.raises(NotFoundError, match="nobody"):
        render(app, unknown)
    quiet = make_app(HANSE_DEVELOPMENT=False)
    Hanse(quiet, federation)
    quiet.debug = True
    assert "reason=unknown" in render(quiet, unknown)


def test_views_have_the_page_and_blueprints_and_macros_too(federation: Federation) -> None:
    app = make_app()
    hanse = Hanse(app, federation)
    shop = Blueprint("shop", __name__)

    @shop.get("/shop")
    def show() -> str:
        assert g.hanse.nonce == hanse.page.nonce
        return render_template_string(
            "{% macro style() %}<style nonce='{{ hanse_nonce }}'></style>{% endmacro %}"
            "{{ hanse_head(modules=['home/Card']) }}{{ style() }}"
        )

    app.register_blueprint(shop)
    response = app.test_client().get("/shop")
    nonces = {one.attributes["nonce"] for one in read_elements(response.text) if "nonce" in one.attributes}
    (nonce,) = nonces
    assert f"'nonce-{nonce}'" in response.headers["Content-Security-Policy"]


def test_the_nonce_of_somebody_elses_policy_is_used_and_its_header_left_alone(federation: Federation) -> None:
    app = make_app()

    @app.before_request
    def make_nonce() -> None:
        request.csp_nonce = "x" * 32  # type: ignore[attr-defined]  # as Flask-Talisman does

    Hanse(app, federation)
    app.add_url_rule("/", view_func=lambda: render_template_string("{{ hanse_head() }}"))
    response = app.test_client().get("/")
    assert f'nonce="{"x" * 32}"' in response.text
    assert "Content-Security-Policy" not in response.headers


def test_the_base_follows_where_the_app_is_mounted(federation: Federation) -> None:
    app = make_app()
    Hanse(app, federation)
    app.add_url_rule("/", view_func=lambda: render_template_string("{{ hanse_head() }}"))
    client = Client(DispatcherMiddleware(make_app(), {"/shop": app}))
    data = read_json(client.get("/shop/").text, "application/json")
    assert data["base"] == "/shop/_hanse/"
    assert client.get("/shop/_hanse/importmap.json").status_code == 200


def test_without_a_snapshot_pages_are_served_without_their_modules() -> None:
    page = "{{ hanse_head(modules=['home/Card']) }}{{ hanse_mount('team/home/./Card', 'soon') }}"
    with towns_in_a_thread() as towns:
        towns.put("manifest", reply(status=500))
        app = make_app()
        Hanse(app, towns.federation())
        app.add_url_rule("/", view_func=lambda: render_template_string(page))
        response = app.test_client().get("/")
        assert response.text == '<div data-hanse-fallback="remote=team/home;reason=unavailable">soon</div>'
        assert "'strict-dynamic'" in response.headers["Content-Security-Policy"]
        assert app.test_client().get("/_hanse/readyz").status_code == 503
        assert towns.upstream.paths().count("/manifest.json") == 1


def test_in_development_it_is_an_error_that_there_is_no_snapshot() -> None:
    with towns_in_a_thread() as towns:
        towns.put("manifest", reply(status=500))
        app = make_app(HANSE_DEVELOPMENT=True)
        Hanse(app, towns.federation())
        for source in ("{{ hanse_head() }}", "{{ hanse_mount('a/B') }}", "{{ hanse_url('a/B') }}"):
            with pytest.raises(HanseError, match=r"manifest\.json"):
                render(app, source)
