"""The site: one page for each side, all sent by the same server under the same compression."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import jinja2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.templating import Jinja2Templates
from starlette.types import ASGIApp

from benchmarks.page.documents import PEER_FILES, by_hand, hanse_template, quickstart, with_storage
from benchmarks.page.federation import Federation
from benchmarks.page.files import make_files_app, read_script
from hanse import Federation as LiveFederation
from hanse.net import Access, Client
from hanse.web.starlette import HanseMiddleware, install

__all__ = ["make_site"]

Answer = Callable[[Request], Awaitable[Response]]
# A page is made for one visitor (its nonce is), and so stored by nobody.
PAGE_HEADERS = {"cache-control": "no-store", "timing-allow-origin": "*"}


def make_site(
    federation: Federation, origins: Sequence[str], *, trusted: Path | None, announce: Callable[[], object]
) -> ASGIApp:
    """Return the app with every side's page below its name: `/quickstart/1`, `/by-hand/2`.

    Args:
        federation: What the pages show.
        origins: Where its remotes are served.
        trusted: The certificate that the origins have, where they have one.
        announce: Called when everything is ready to be measured.
    """
    live = open_federation(federation.manifest(origins), trusted)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await live.modules_read()
        announce()
        yield

    documents = {
        "by-hand": by_hand(federation, origins),
        "quickstart": quickstart(federation, origins),
        "with-storage": with_storage(federation, origins),
    }
    files = {path: read_script(file) for path, file in PEER_FILES.items()}
    return Starlette(
        routes=[
            *(Route(f"/{side}/{{visit}}", answer_with(document)) for side, document in documents.items()),
            Route("/hanse/{visit}", answer_with_hanse(hanse_template(federation))),
            Mount("/", make_files_app(files, announce=lambda: None)),
        ],
        # The first is outermost: pages of all sides are compressed alike.
        middleware=[Middleware(GZipMiddleware), Middleware(HanseMiddleware, federation=live)],
        lifespan=lifespan,
    )


def open_federation(manifest: dict[str, str], trusted: Path | None) -> LiveFederation:
    """Make the live federation; it asks no origin again while it is measured."""
    if trusted is None:
        return LiveFederation(manifest, refresh_interval=None)
    client = Client(Access(), ssl_context=ssl.create_default_context(cafile=str(trusted)))
    return LiveFederation(manifest, refresh_interval=None, client=client)


def answer_with(document: str) -> Answer:
    """Return an endpoint that answers with a page that is the same for everybody."""

    async def answer(_: Request) -> Response:
        return HTMLResponse(document, headers=PAGE_HEADERS)

    return answer


def answer_with_hanse(template: str) -> Answer:
    """Return an endpoint that renders the page with Hanse in it, anew for each request."""
    templates = Jinja2Templates(
        env=jinja2.Environment(loader=jinja2.DictLoader({"page.html": template}), autoescape=True)
    )
    install(templates)

    async def answer(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html", headers=PAGE_HEADERS)

    return answer
