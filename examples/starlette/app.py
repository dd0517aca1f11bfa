"""The market as a Starlette site: a middleware, three names in a template, and nothing else of Hanse."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from hanse import Federation
from hanse.web import PageOptions
from hanse.web.starlette import HanseMiddleware, install

__all__ = ["build_app"]

templates = Jinja2Templates(Path(__file__).parent / "templates")
install(templates)


def market(request: Request) -> Response:
    """Show the market."""
    return templates.TemplateResponse(request, "market.html")


def about(request: Request) -> Response:
    """Show a page without any remote's module: it is like any other page of the site."""
    return templates.TemplateResponse(request, "about.html")


def build_app(federation: Federation, options: PageOptions | None = None) -> Starlette:
    """Return the site."""
    return Starlette(
        routes=[Route("/", market), Route("/about", about)],
        middleware=[Middleware(HanseMiddleware, federation=federation, options=options)],
    )
