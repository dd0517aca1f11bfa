"""The middleware, the template names and the page of a request, in Starlette and in FastAPI."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
import jinja2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.templating import Jinja2Templates
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hanse import Federation, HanseError, UsageError
from hanse.web import PageOptions, Pages
from hanse.web.starlette import HanseMiddleware, hanse_page, install, render_template
from tests.federation.towns import QUICK, entry, serve_towns
from tests.render.acting import Play, card, play
from tests.web.heads import read_elements, read_json

pytestmark = pytest.mark.anyio

PAGE = """<!doctype html><head>{{ hanse_head(modules=["home/Card"]) }}
<style nonce="{{ hanse_nonce }}"></style></head>
{% call hanse_mount("home/Card", label="<x>") %}wait & <b>see</b>{% endcall %}
{{ hanse_mount("home/Card", "a & b") }}
<a href="{{ hanse_url("home/Card") }}"></a>"""
BARE = "{% import 'macro' as m %}{{ m.bad() }}"
MACRO = "{% macro bad() %}{{ hanse_head() }}{% endmacro %}"


def make_templates() -> Jinja2Templates:
    loader = jinja2.DictLoader({"page": PAGE, "bare": BARE, "macro": MACRO})
    templates = Jinja2Templates(env=jinja2.Environment(loader=loader, autoescape=True))
    install(templates)
    return templates


TEMPLATES = make_templates()


def show(request: Request) -> Response:
    return TEMPLATES.TemplateResponse(request, "page")


def plain(request: Request) -> Response:
    return Response("nothing", media_type="text/plain")


async def own_policy(request: Request) -> Response:
    page = hanse_page(request)
    policy = {"content-security-policy": f"script-src 'nonce-{page.nonce}'", "vary": "Cookie"}
    return HTMLResponse(str(page.head(["home/Card"])), headers=policy)


def unchanged(request: Request) -> Response:
    hanse_page(request).head()
    return Response(status_code=304)


def bare(request: Request) -> Response:
    return TEMPLATES.TemplateResponse(request, "bare")


ROUTES = [
    Route("/", show),
    Route("/plain", plain),
    Route("/own", own_policy),
    Route("/304", unchanged),
    Route("/bare", bare),
]


def make_starlette() -> Starlette:
    return Starlette(routes=[*ROUTES, Mount("/below", routes=ROUTES)])


def make_fastapi() -> FastAPI:
    app = FastAPI()
    app.get("/")(show)
    app.get("/plain")(plain)
    app.get("/own")(own_policy)
    return app


@asynccontextmanager
async def live(app: ASGIApp) -> AsyncIterator[None]:
    """Run an app's lifespan as a server does.

    Raises:
        RuntimeError: It failed to start.
    """
    incoming: asyncio.Queue[Message] = asyncio.Queue()
    outgoing: asyncio.Queue[Message] = asyncio.Queue()
    scope: Scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    incoming.put_nowait({"type": "lifespan.startup"})
    task = asyncio.ensure_future(app(scope, incoming.get, outgoing.put))
    started = await asyncio.wait_for(outgoing.get(), 10)
    if started["type"] != "lifespan.startup.complete":
        await asyncio.wait({task})
        assert task.exception() is not None
        raise RuntimeError(started["message"])
    yield
    incoming.put_nowait({"type": "lifespan.shutdown"})
    ended = await asyncio.wait_for(outgoing.get(), 10)
    assert ended["type"] == "lifespan.shutdown.complete"
    # A server that has heard this may end its loop at once.
    task.cancel()
    await asyncio.wait({task})


@dataclass(frozen=True)
class Visited:
    federation: Federation
    client: httpx2.AsyncClient

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(path, headers=headers)


@asynccontextmanager
async def visit(
    make: Callable[[], Starlette] = make_starlette, root: str = "", options: PageOptions | None = None
) -> AsyncIterator[Visited]:
    async with serve_towns(home=entry("home")) as towns:
        federation = towns.federation()
        app = make()
        app.add_middleware(HanseMiddleware, federation=federation, options=options)
        transport = httpx2.ASGITransport(app=app, root_path=root)
        async with (
            live(app),
            httpx2.AsyncClient(transport=transport, base_url="http://site.example") as client,
        ):
            yield Visited(federation, client)
        assert federation.closed
        assert federation.keeper is None


@pytest.mark.parametrize("make", [make_starlette, make_fastapi])
async def test_templates_write_the_page_of_their_request(make: Callable[[], Starlette]) -> None:
    async with visit(make) as site:
        answer = await site.get("/")
        again = await site.get("/")
        digest = site.federation.snapshot.digest
    elements = read_elements(answer.text)
    (nonce,) = {one.attributes["nonce"] for one in elements if "nonce" in one.attributes}
    assert f"'nonce-{nonce}'" in answer.headers["content-security-policy"]
    assert nonce not in again.text
    assert read_json(answer.text, "application/json")["snapshot"] == digest
    first, second = [one for one in elements if "data-hanse-module" in one.attributes]
    assert first.attributes["data-hanse-props"] == '{"label":"\\u003cx\\u003e"}'
    assert first.text == "wait & "
    assert second.text == "a & b"
    (link,) = [one.attributes["href"] for one in elements if one.name == "a"]
    assert link.endswith("/home/Card.js")


@pytest.mark.parametrize("make", [make_starlette, make_fastapi])
async def test_a_response_without_a_page_is_not_touched(make: Callable[[], Starlette]) -> None:
    async with visit(make) as site:
        answer = await site.get("/plain")
    assert {*answer.headers} == {"content-length", "content-type"}


async def test_the_sites_own_policy_stands_and_vary_is_added_to() -> None:
    async with visit() as site:
        answer = await site.get("/own")
    nonce = answer.headers["content-security-policy"].partition("nonce-")[2].rstrip("'")
    assert answer.headers.get_list("content-security-policy") == [f"script-src 'nonce-{nonce}'"]
    assert f'nonce="{nonce}"' in answer.text
    assert "Cookie" in answer.headers["vary"]


async def test_a_304_says_nothing_about_a_nonce() -> None:
    async with visit() as site:
        answer = await site.get("/304")
    assert answer.status_code == 304
    assert "content-security-policy" not in answer.headers


async def test_hanses_own_app_is_below_its_base() -> None:
    async with visit(options=PageOptions(base="/in/hanse")) as site:
        assert (await site.get("/in/hanse/readyz")).json()["ready"] is True
        assert "The federation is healthy" in (await site.get("/in/hanse/")).text
        moved = await site.get("/in/hanse")
        assert (moved.status_code, moved.headers["location"]) == (307, "/in/hanse/")
        assert (await site.get("/in/hansel")).status_code == 404
        assert (await site.get("/_hanse/readyz")).status_code == 404


@pytest.mark.parametrize("stripped", [False, True])
async def test_a_site_below_a_path_says_so(stripped: bool) -> None:
    async with visit(root="/shop") as site:
        prefix = "" if stripped else "/shop"
        page = await site.get(f"{prefix}/")
        assert read_json(page.text, "application/json")["base"] == "/shop/_hanse/"
        assert (await site.get(f"{prefix}/_hanse/readyz")).status_code == 200
        assert (await site.get(f"{prefix}/_hanse")).headers["location"] == "/shop/_hanse/"
        assert (await site.get(f"{prefix}/_hanse/explain/react")).status_code == 200


async def test_a_mounted_app_has_the_page_of_the_whole_request() -> None:
    async with visit() as site:
        answer = await site.get("/below/own")
    assert read_json(answer.text, "application/json")["base"] == "/_hanse/"


async def test_other_middleware_is_not_in_the_way() -> None:
    class Inner(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
            return await call_next(request)

    def make() -> Starlette:
        app = make_starlette()
        app.add_middleware(Inner)
        return app

    async with visit(make) as site:
        answer = await site.get("/")
    nonce = answer.headers["content-security-policy"].partition("nonce-")[2].partition("'")[0]
    assert f'nonce="{nonce}"' in answer.text


async def test_a_template_without_a_request_says_what_to_do() -> None:
    async with visit() as site:
        with pytest.raises(UsageError, match="with context"):
            await site.get("/bare")


async def test_without_the_middleware_there_is_no_page() -> None:
    transport = httpx2.ASGITransport(app=make_starlette())
    async with httpx2.AsyncClient(transport=transport, base_url="http://site.example") as client:
        with pytest.raises(UsageError, match="add_middleware"):
            await client.get("/own")


async def test_a_site_that_has_nothing_to_serve_does_not_start() -> None:
    federation = Federation("http://127.0.0.1:9/manifest.json", refresh_interval=None, limits=QUICK)
    app = make_starlette()
    app.add_middleware(HanseMiddleware, federation=federation)
    with pytest.raises(RuntimeError, match=r"127\.0\.0\.1:9/manifest\.json"):
        async with live(app):
            pass
    assert federation.closed


async def test_the_federation_is_closed_before_the_server_hears_that_the_site_is() -> None:
    async with serve_towns(home=entry("home")) as towns:
        federation = towns.federation()
        app = HanseMiddleware(make_starlette(), federation)
        incoming: asyncio.Queue[Message] = asyncio.Queue()
        heard: list[tuple[str, bool]] = []

        async def hear(message: Message) -> None:
            heard.append((message["type"], federation.keeper is not None))
            incoming.put_nowait({"type": "lifespan.shutdown"})

        incoming.put_nowait({"type": "lifespan.startup"})
        await app({"type": "lifespan", "state": {}}, incoming.get, hear)
    assert heard == [("lifespan.startup.complete", True), ("lifespan.shutdown.complete", False)]


async def test_a_site_without_a_lifespan_starts_with_its_first_page() -> None:
    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(scope["type"])
        await show(Request(scope))(scope, receive, send)

    async with serve_towns(home=entry("home")) as towns:
        federation = towns.federation()
        app = HanseMiddleware(site, pages=Pages(federation))
        try:
            with pytest.raises(ValueError, match="lifespan"):
                await app({"type": "lifespan"}, asyncio.Queue[Message]().get, asyncio.Queue[Message]().put)
            # The first page waits: here in a thread of its own, for this loop has the remotes on it.
            answer = await asyncio.to_thread(asyncio.run, client_get(app))
            assert answer.status_code == 200
        finally:
            await federation.aclose()


async def client_get(app: ASGIApp) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://site.example") as client:
        return await client.get("/")


async def test_without_a_manifest_a_page_is_there_without_its_modules() -> None:
    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        await show(Request(scope))(scope, receive, send)

    federation = Federation("http://127.0.0.1:9/manifest.json", refresh_interval=None, limits=QUICK)
    try:
        answer = await client_get(HanseMiddleware(site, federation))
    finally:
        await asyncio.to_thread(federation.sync.close)
    assert answer.status_code == 200
    assert answer.text.count('data-hanse-fallback="remote=home;reason=unavailable"') == 2
    assert "wait &amp; <b>see</b>" in answer.text or "wait & <b>see</b>" in answer.text
    assert "nonce-" in answer.headers["content-security-policy"]


def test_the_arguments_have_to_fit_together() -> None:
    federation = Federation({})
    for arguments in (
        {},
        {"federation": federation, "pages": Pages(federation)},
        {"pages": Pages(federation), "options": PageOptions()},
    ):
        with pytest.raises(HanseError):
            HanseMiddleware(make_starlette(), **arguments)  # type: ignore[arg-type]


RENDERED = """<!doctype html><head>{{ hanse_head() }}</head>
{{ hanse_render("home", "./Card", label="x") }}
{% call hanse_render("home", "./Nothing") %}wait & <b>see</b>{% endcall %}"""


def make_rendering(*, awaits: bool) -> Jinja2Templates:
    loader = jinja2.DictLoader({"rendered": RENDERED})
    env = jinja2.Environment(loader=loader, autoescape=True, enable_async=awaits)
    templates = Jinja2Templates(env=env)
    install(templates)
    return templates


@asynccontextmanager
async def open_rendering(
    endpoint: Callable[[Request], object],
) -> AsyncIterator[tuple[Play, httpx2.AsyncClient]]:
    part = card(remote="home", specifier="home/./Card", browser="home/./Card")
    made = play(parts={("home", "./Card"): part})
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        federation.renderer = made.renderer
        app = Starlette(routes=[Route("/", endpoint)])
        app.add_middleware(HanseMiddleware, federation=federation)
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=True)
        async with httpx2.AsyncClient(transport=transport, base_url="http://site.example") as client:
            yield made, client


async def test_a_template_that_awaits_renders_in_a_view_that_awaits() -> None:
    templates = make_rendering(awaits=True)

    async def show_it(request: Request) -> Response:
        return await render_template(templates, request, "rendered", {"other": 1}, headers={"x-own": "1"})

    async with open_rendering(show_it) as (_, client):
        response = await client.get("/")
    assert "<p>card</p>" in response.text
    assert "wait & <b>see</b>" in response.text
    assert response.headers["x-own"] == "1"
    assert "content-security-policy" in response.headers


@pytest.mark.parametrize("awaits", [True, False])
async def test_templates_of_both_kinds_render_in_a_view_with_a_thread_of_its_own(awaits: bool) -> None:
    templates = make_rendering(awaits=awaits)

    def show_it(request: Request) -> Response:
        return templates.TemplateResponse(request, "rendered")

    async with open_rendering(show_it) as (_, client):
        assert "<p>card</p>" in (await client.get("/")).text


async def test_a_template_that_does_not_await_says_what_to_do_in_a_view_that_awaits() -> None:
    templates = make_rendering(awaits=False)

    async def show_it(request: Request) -> Response:
        return templates.TemplateResponse(request, "rendered")

    async with open_rendering(show_it) as (_, client):
        with pytest.raises(UsageError, match="does not await"):
            await client.get("/")


async def test_a_response_may_stream_a_fragment() -> None:
    async def show_it(request: Request) -> Response:
        page = hanse_page(request)

        async def write() -> AsyncIterator[str]:
            yield f"<!doctype html><head>{page.head()}</head>"
            async for piece in page.stream("home", "Card", {"label": "x"}):
                yield piece

        return StreamingResponse(write(), media_type="text/html")

    async with open_rendering(show_it) as (_, client):
        html = (await client.get("/")).text
    assert html.index("</head>") < html.index("card.css") < html.index("<p>card</p></div>")
