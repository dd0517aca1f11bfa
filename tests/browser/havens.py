"""Pages with containers, under whatever policy a test wants."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from examples.basic.remotes import serve_app
from hanse.html import inline_json
from hanse.web.client import CONTAINERS, LOADER
from tests.browser.client.stage import POLICY

__all__ = ["Haven", "open_haven"]


@dataclass
class Haven:
    """A page with containers; a test changes it before it is opened.

    Attributes:
        url: Where it is.
        imports: Its import map.
        data: The containers' data block.
        body: What stands in the body.
        before: HTML that stands in the head before the clients, `{nonce}` in it replaced.
        policy: The content security policy.
        folders: Folders of more files, by the first part of their paths.
    """

    url: str = ""
    imports: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    body: str = ""
    before: str = ""
    policy: str = POLICY
    folders: dict[str, Path] = field(default_factory=dict)

    def answer(self, request: Request) -> Response:
        """Answer any request."""
        _, first, *rest = request.url.path.split("/")
        if first in self.folders:
            return FileResponse(self.folders[first].joinpath(*rest), media_type="text/javascript")
        if request.url.path != "/":
            return Response(status_code=404)
        nonce = secrets.token_urlsafe(18)
        opening = f'<script nonce="{nonce}"'
        html = "".join(
            (
                "<!doctype html><html lang=en><head><meta charset=utf-8><title>A haven</title>",
                '<link rel="icon" href="data:,">',
                f'{opening} type="importmap">{inline_json(self.imports)}</script>',
                f'{opening} type="application/json" id="hanse-containers">{inline_json(self.data)}</script>',
                self.before.replace("{nonce}", nonce),
                f'{opening} type="module">{CONTAINERS}</script>',
                f'{opening} type="module">{LOADER}</script>',
                f"</head><body>{self.body}</body></html>",
            )
        )
        return HTMLResponse(html, headers={"content-security-policy": self.policy.format(nonce=nonce)})

    def reset(self) -> None:
        """Go back to an empty page at the same place."""
        fresh = Haven(url=self.url)
        for name, value in vars(fresh).items():
            setattr(self, name, value)


@contextmanager
def open_haven(port: int) -> Iterator[Haven]:
    """Serve a page while the block runs."""
    haven = Haven()
    app = Starlette(routes=[Route("/{path:path}", haven.answer)])
    with serve_app(app, port) as url:
        haven.url = url
        yield haven
