"""The sites as servers import them: from `MANIFEST`, in every process anew."""

from __future__ import annotations

import os

from flask import Flask

from hanse.web.flask import Hanse
from tests.web.frameworks import flask_site
from tests.web.frameworks.django_project import make_asgi, make_wsgi

__all__ = ["asgi", "flask", "wsgi"]


def tell_process() -> str:
    return str(os.getpid())


def make_flask() -> Flask:
    app = Flask("site", root_path=os.path.dirname(__file__))  # noqa: PTH120
    app.jinja_loader = flask_site.LOADER
    app.config["HANSE_MANIFEST"] = os.environ["MANIFEST"]
    for path, endpoint in {**flask_site.PATHS, "/process": tell_process}.items():
        app.add_url_rule(path, path, endpoint)
    Hanse(app)
    return app


flask = make_flask()
wsgi = make_wsgi()
asgi = make_asgi()

# Before the server forks: so is what the parent has while it loads the application.
if os.environ.get("WARM"):
    with flask.test_client() as client:
        assert client.get("/").status_code == 200
