"""The site: one page for each side, all sent by the same server under the same compression."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from benchmarks.page.documents import PEER_FILES, by_hand, quickstart, with_storage
from benchmarks.page.federation import Federation
from benchmarks.page.files import make_files_app, read_script

__all__ = ["make_site"]

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
    routes = [
        Route(f"/{side}/{{visit}}", answer_with(document))
        for side, document in {
            "by-hand": by_hand(federation, origins),
            "quickstart": quickstart(federation, origins),
            "with-storage": with_storage(federation, origins),
        }.items()
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        announce()
        yield

    files = {path: read_script(file) for path, file in PEER_FILES.items()}
    routes_of_files = [Mount("/", make_files_app(files, announce=lambda: None))]
    return Starlette(
        routes=[*routes, *routes_of_files], middleware=[Middleware(GZipMiddleware)], lifespan=lifespan
    )


def answer_with(document: str) -> Callable[[Request], Response]:
    """Return an endpoint that answers with a page that is the same for everybody."""

    async def answer(_: Request) -> Response:
        return HTMLResponse(document, headers=PAGE_HEADERS)

    return answer
