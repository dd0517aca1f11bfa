"""The site in Starlette, and in FastAPI."""

from __future__ import annotations

from typing import Any

import jinja2
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from hanse import Federation
from hanse.web import PageOptions
from hanse.web.starlette import HanseMiddleware, hanse_page, install
from tests.web.frameworks.templates import JINJA

__all__ = ["make_fastapi", "make_starlette"]

TEMPLATES = Jinja2Templates(env=jinja2.Environment(loader=jinja2.DictLoader(JINJA), autoescape=True))
install(TEMPLATES)


def page(request: Request) -> Response:
    return TEMPLATES.TemplateResponse(request, "page")


def unknown(request: Request) -> Response:
    return TEMPLATES.TemplateResponse(request, "unknown")


def rendered(request: Request) -> Response:
    return TEMPLATES.TemplateResponse(request, "rendered")


def plain(request: Request) -> Response:
    return PlainTextResponse("nothing")


def own(request: Request) -> Response:
    found = hanse_page(request)
    policy = {"content-security-policy": f"script-src 'nonce-{found.nonce}'", "vary": "Cookie"}
    response = HTMLResponse(str(found.head(["home/Card"])), headers=policy)
    response.set_cookie("own", "1")
    return response


def unchanged(request: Request) -> Response:
    hanse_page(request).head()
    return Response(status_code=304)


PATHS = {
    "/": page,
    "/unknown": unknown,
    "/rendered": rendered,
    "/plain": plain,
    "/own": own,
    "/304": unchanged,
}


def make_starlette(federation: Federation, **options: Any) -> Starlette:
    routes = [Route(path, endpoint) for path, endpoint in PATHS.items()]
    middleware = Middleware(HanseMiddleware, federation=federation, options=PageOptions(**options))
    return Starlette(routes=routes, middleware=[middleware])


def make_fastapi(federation: Federation, **options: Any) -> FastAPI:
    app = FastAPI()
    for path, endpoint in PATHS.items():
        app.get(path)(endpoint)
    app.add_middleware(HanseMiddleware, federation=federation, options=PageOptions(**options))
    return app
