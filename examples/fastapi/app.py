"""The market as a FastAPI site: an API, and a page with two modules of other teams on it."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from hanse import Federation
from hanse.web import PageOptions
from hanse.web.starlette import HanseMiddleware, hanse_page, install

__all__ = ["build_app"]

templates = Jinja2Templates(Path(__file__).parent / "templates")
install(templates)


async def market(request: Request) -> HTMLResponse:
    """Show the market."""
    return templates.TemplateResponse(request, "market.html")


async def basket(request: Request) -> HTMLResponse:
    """Show the basket alone, without a template."""
    page = hanse_page(request)
    head = page.head(["team/basket/Basket"])
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{head}<title>Basket</title>'
        f'<link rel="icon" href="data:,"></head><body>{page.mount("team/basket/Basket")}</body></html>'
    )


async def about() -> dict[str, str]:
    """Answer with JSON, like any endpoint that has nothing to do with Hanse."""
    return {"name": "The market"}


def build_app(federation: Federation, options: PageOptions | None = None) -> FastAPI:
    """Return the site."""
    app = FastAPI(title="The market")
    app.get("/", response_class=HTMLResponse)(market)
    app.get("/basket", response_class=HTMLResponse)(basket)
    app.get("/about")(about)
    app.add_middleware(HanseMiddleware, federation=federation, options=options)
    return app
