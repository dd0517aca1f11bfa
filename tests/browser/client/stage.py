"""A site of one page for tests of the client: its head is written by hand, under a strict policy."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from examples.basic.remotes import serve_app
from hanse.html import inline_json
from hanse.web.client import load_client

__all__ = ["DIGEST", "POLICY", "Stage", "call", "give_map", "open_stage", "violations", "watch"]

POLICY = (
    "script-src 'nonce-{nonce}' 'strict-dynamic'; object-src 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'"
)
DIGEST = "sha384-first"

# What every test wants to know of a page, from its first moment on.
WATCH = """
window.violated = []; window.heard = [];
addEventListener('securitypolicyviolation', ({ effectiveDirective, sample }) =>
  violated.push(`${effectiveDirective} ${sample}`));
for (const type of ['hanse-error', 'hanse-stale'])
  addEventListener(type, ({ detail: { error, ...detail } }) => heard.push([type, detail, error?.message]));
"""

Answer = Callable[[Request], Response]


@dataclass
class Stage:
    """What is served; a test changes it before a page is opened, and reads afterwards what was asked for.

    Attributes:
        url: Where the page is.
        imports: The imports of its map; None leaves the map out.
        modules: Paths of modules, and their text.
        data: The data block, beside `base` and `snapshot`; None leaves the block out.
        body: What stands in the body.
        loader: The loader's text.
        dev: The text of what helps while developing; empty for none.
        before: HTML that stands in the head before the loader, `{nonce}` in it replaced.
        after: HTML that stands after it.
        delta: Answers a request for a delta.
        policy: The content security policy.
        asked: Paths with queries of all requests, in their order.
    """

    url: str = ""
    imports: dict[str, str] | None = None
    modules: dict[str, str] = field(default_factory=dict)
    data: dict[str, Any] | None = field(default_factory=dict)
    body: str = ""
    loader: str = load_client().loader.text
    dev: str = ""
    before: str = ""
    after: str = ""
    delta: Answer = lambda _: JSONResponse({"detail": "there is no such remote"}, 404)
    policy: str = POLICY
    asked: list[str] = field(default_factory=list)
    streams: list[asyncio.Queue[str | None]] = field(default_factory=list)
    opened: int = 0
    loop: asyncio.AbstractEventLoop | None = None

    def deltas(self) -> list[dict[str, str]]:
        """Return the queries of all requests for deltas."""
        return [
            dict(part.split("=", 1) for part in one.partition("?")[2].split("&"))
            for one in self.asked
            if one.startswith("/_hanse/delta")
        ]

    def emit(self, event: str, **data: object) -> None:
        """Send an event through every open stream."""
        assert self.loop is not None
        text = f"event: {event}\ndata: {json.dumps(data)}\n\n"
        for queue in list(self.streams):
            self.loop.call_soon_threadsafe(queue.put_nowait, text)

    def hang_up(self) -> None:
        """End every open stream."""
        assert self.loop is not None
        for queue in list(self.streams):
            self.loop.call_soon_threadsafe(queue.put_nowait, None)

    def answer_page(self) -> Response:
        """Write the page, with a nonce of its own."""
        nonce = secrets.token_urlsafe(18)
        opening = f'<script nonce="{nonce}"'
        parts = ["<!doctype html><html lang=en><head><meta charset=utf-8><title>A page</title>"]
        if self.imports is not None:
            parts.append(f'{opening} type="importmap">{inline_json({"imports": self.imports})}</script>')
        if self.data is not None:
            data = {"base": "/_hanse/", "snapshot": DIGEST, "development": bool(self.dev), **self.data}
            parts.append(f'{opening} type="application/json" id="hanse-page">{inline_json(data)}</script>')
        parts.append(self.before.replace("{nonce}", nonce))
        parts += [f'{opening} type="module">{text}</script>' for text in (self.loader, self.dev) if text]
        parts.append(self.after.replace("{nonce}", nonce))
        html = f"{''.join(parts)}</head><body>{self.body}</body></html>"
        return HTMLResponse(html, headers={"content-security-policy": self.policy.format(nonce=nonce)})

    async def answer(self, request: Request) -> Response:
        """Answer any request."""
        path = request.url.path
        self.loop = asyncio.get_running_loop()
        self.asked.append(f"{path}?{request.url.query}" if request.url.query else path)
        if path == "/":
            return self.answer_page()
        if path == "/_hanse/delta":
            return self.delta(request)
        if path == "/_hanse/events":
            return StreamingResponse(self.stream(), media_type="text/event-stream")
        if path in self.modules:
            return Response(self.modules[path], media_type="text/javascript")
        return Response(status_code=404)

    async def stream(self) -> AsyncIterator[str]:
        """Yield events until the browser goes."""
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self.streams.append(queue)
        self.opened += 1
        try:
            yield ": hello\n\n"
            while (text := await queue.get()) is not None:
                yield text
        finally:
            self.streams.remove(queue)

    def reset(self) -> None:
        """Go back to an empty stage at the same place."""
        fresh = Stage()
        for name in set(vars(fresh)) - {"url", "streams", "loop"}:
            setattr(self, name, getattr(fresh, name))


@contextmanager
def open_stage(port: int) -> Iterator[Stage]:
    """Serve a stage while the block runs."""
    stage = Stage()
    app = Starlette(routes=[Route("/{path:path}", stage.answer)])
    with serve_app(app, port) as url:
        stage.url = url
        yield stage


def watch(page: Page) -> None:
    """Let a page collect what it hears, before it is opened."""
    page.add_init_script(WATCH)


def violations(page: Page) -> list[str]:
    """Return what the page's policy was violated by."""
    found: list[str] = page.evaluate("() => window.violated")
    return found


def call(page: Page, expression: str, argument: Any = None) -> Any:
    """Evaluate an asynchronous expression in the page; what it throws comes back as a mapping."""
    return page.evaluate(
        f"""(argument) => (async () => ({expression}))().catch(({{ message, remote, key, reason, cause }}) =>
          ({{ failed: true, message, remote, key, reason, cause: cause?.message }}))""",
        argument,
    )


def give_map(imports: Mapping[str, str], digest: str = "sha384-next", **more: object) -> Answer:
    """Answer with a delta."""
    document = {"digest": digest, "import_map": {"imports": imports}, **more}
    return lambda _: JSONResponse(document)
