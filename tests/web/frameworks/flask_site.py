"""The site in Flask."""

from __future__ import annotations

from collections.abc import Callable

import jinja2
from flask import Flask, Response, g, render_template

from hanse import Federation
from hanse.web.flask import Hanse
from tests.web.frameworks.templates import JINJA

__all__ = ["LOADER", "PATHS", "make_flask"]

# Flask escapes by the name's ending.
LOADER = jinja2.DictLoader({f"{name}.html": text for name, text in JINJA.items()})


def page() -> str:
    return render_template("page.html")


def unknown() -> str:
    return render_template("unknown.html")


def rendered() -> str:
    return render_template("rendered.html")


def plain() -> Response:
    return Response("nothing", mimetype="text/plain")


def own() -> Response:
    policy = {"content-security-policy": f"script-src 'nonce-{g.hanse.nonce}'", "vary": "Cookie"}
    response = Response(str(g.hanse.head(["home/Card"])), headers=policy, mimetype="text/html")
    response.set_cookie("own", "1")
    return response


def unchanged() -> Response:
    g.hanse.head()
    return Response(status=304)


PATHS: dict[str, Callable[[], str | Response]] = {
    "/": page,
    "/unknown": unknown,
    "/rendered": rendered,
    "/plain": plain,
    "/own": own,
    "/304": unchanged,
}


def make_flask(federation: Federation, **options: object) -> Flask:
    app = Flask(__name__)
    app.jinja_loader = LOADER
    app.config.update({f"HANSE_{name.upper()}": value for name, value in options.items()})
    for path, endpoint in PATHS.items():
        app.add_url_rule(path, view_func=endpoint)
    Hanse(app, federation)
    return app
