"""A market: a Starlette site whose pages have two fragments, of remotes that publish for real.

One of them is `home`, which is well all the time; the other one is whichever a page is asked for.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from hanse import Federation
from hanse.federation.server.health import ServerHealth
from hanse.limits import Limits
from hanse.render import Wishes
from hanse.stream import Publisher
from hanse.web.starlette import HanseMiddleware, hanse_page
from tests.federation.server.doors import Door, open_door
from tests.federation.server.sites import KEYS, write_server_build
from tests.federation.towns import entry, serve_towns
from tests.stream.remotes import KEY, PRIVATE, serve, site

__all__ = ["HOME", "LIMITS", "Market", "Page", "Stall", "open_market", "open_stall", "told"]

HOME = "export const render = () => '<b>home is well</b>';"
# Short times, so that nobody waits for what does not come; small sizes, so that floods are soon over.
LIMITS = Limits(
    fetch_deadline=1.0,
    connect_deadline=1.0,
    publisher_wait=1.0,
    publisher_look=0.05,
    build_interval=0.05,
    build_interval_most=0.3,
    breaker_open=0.2,
    breaker_open_most=0.4,
    server_start=0.5,
    server_entry_bytes=1 << 20,
    stream_bytes=4 << 20,
)


@dataclass(eq=False)
class Stall:
    """A remote: its server build's folder, what publishes it, and the door before that."""

    name: str
    folder: Path
    publisher: Publisher
    door: Door
    switch: Switch

    async def deploy(self, text: str, **said: Any) -> None:
        """Publish a build whose one module has this text."""
        write_server_build(self.folder, {"card.js": text}, name=self.name, **said)
        await self.publisher.refresh()

    def stand_in(self, publisher: Publisher | None) -> None:
        """Let another publisher answer, as after a deploy that went wrong; None for its own."""
        self.switch.app = site(publisher or self.publisher)
        self.door.hang_up()


@dataclass
class Switch:
    """An app in whose place another one can be put."""

    app: Any

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@asynccontextmanager
async def open_stall(folder: Path, name: str, text: str, **said: Any) -> AsyncIterator[Stall]:
    """Open a remote that publishes one module."""
    write_server_build(folder / "server", {"card.js": text}, name=name)
    publisher = Publisher.from_folder(
        folder / "server", record=folder / "record", key=KEY, private_key=PRIVATE, limits=LIMITS, **said
    )
    switch = Switch(site(publisher))
    async with serve(switch) as url, open_door(int(url.rstrip("/").rpartition(":")[2])) as door:
        yield Stall(name, folder / "server", publisher, door, switch)


@dataclass(frozen=True)
class Page:
    """A page as its visitor gets it."""

    status: int
    text: str
    seconds: float

    @property
    def home(self) -> bool:
        """Whether the fragment of the remote that is well is there."""
        return "<b>home is well</b>" in self.text

    @property
    def other(self) -> str:
        """The other fragment's markup."""
        return self.text.partition("<aside>")[2].partition("</aside>")[0]


@dataclass(eq=False)
class Market:
    """The site, and the remotes behind it."""

    federation: Federation
    client: httpx2.AsyncClient
    stalls: dict[str, Stall] = field(default_factory=dict)

    async def visit(self, remote: str, *, seconds: float | None = None, **props: str) -> Page:
        """Ask for a page of `home` and another remote, whose module may take so long."""
        loop = asyncio.get_running_loop()
        asked = {"remote": remote, "props": json.dumps(props)}
        if seconds is not None:
            asked["seconds"] = str(seconds)
        began = loop.time()
        answer = await self.client.get("/", params=asked)
        return Page(answer.status_code, answer.text, loop.time() - began)

    async def suffer(self, remote: str, *, seconds: float | None = None, **props: str) -> Page:
        """Visit a page whose other remote fails: it is there in time, and so is what is well."""
        page = await self.visit(remote, seconds=seconds, **props)
        assert page.status == 200
        assert page.seconds < LIMITS.page_deadline
        assert page.home
        assert "FOREIGN" not in page.text
        return page

    async def visit_until(self, remote: str, words: str, **props: str) -> Page:
        """Visit until a page shows these words in the other fragment, for fifteen seconds at most."""
        async with asyncio.timeout(15):
            while True:
                page = await self.visit(remote, seconds=None, **props)
                if words in page.other:
                    break
                await asyncio.sleep(0.05)
        assert page.status == 200
        assert page.home
        return page

    def health(self, remote: str) -> ServerHealth:
        """Return how a remote's server side is."""
        return next(one for one in self.federation.server_health() if one.remote == remote)

    async def until(self, remote: str, *statuses: str) -> None:
        """Wait until a remote is in one of these states, for fifteen seconds at most."""
        async with asyncio.timeout(15):
            while self.health(remote).status not in statuses:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.02)


async def show(request: Request) -> Response:
    """Answer with a page of two fragments."""
    page = hanse_page(request)
    asked = request.query_params
    wishes: Wishes = {"fallback": "closed", "browser": False}
    if "seconds" in asked:
        wishes["deadline"] = float(asked["seconds"])
    # The one that may fail goes first: what is well comes after it.
    other, home = await asyncio.gather(
        page.render(asked["remote"], "./Card", json.loads(asked["props"]), **wishes),
        page.render("home", "./Card"),
    )
    body = f"<head>{page.head()}</head><body><main>{home}</main><aside>{other}</aside></body>"
    return HTMLResponse(f"<!doctype html>{body}")


def told(remote: str, reason: str) -> str:
    """Return what stands in a page in place of a fragment."""
    return f'<div data-hanse-fallback="remote={remote};reason={reason}">closed</div>'


Prepare = Callable[[Mapping[str, Stall]], Awaitable[None]]


@asynccontextmanager
async def open_market(
    folder: Path,
    texts: Mapping[str, str],
    *,
    more: Mapping[str, str] | None = None,
    head: str = "",
    prepare: Callable[[Mapping[str, Stall]], object] = lambda _: None,
    limits: Limits = LIMITS,
) -> AsyncIterator[Market]:
    """Open a site with remotes that publish a module each.

    Args:
        folder: Where everything is.
        texts: The module of each remote, beside `home`.
        more: What is written into `[remotes.NAME]`, by name.
        head: What is written before that.
        prepare: Is told of the remotes before the site starts.
        limits: The caps of the site.
    """
    async with AsyncExitStack() as stack:
        towns = await stack.enter_async_context(serve_towns())
        lines = [head, "[federation]", 'modules = "skip"', f'cache_folder = "{folder / "cache"}"']
        stalls: dict[str, Stall] = {}
        for name, text in {"home": HOME, **texts}.items():
            stall = stalls[name] = await stack.enter_async_context(open_stall(folder / name, name, text))
            towns.put(name, entry(name))
            lines += [f"[remotes.{name}]", f'url = "{towns.url(name)}"', f'server = "{stall.door.url}"']
            lines += ['key = "env:SHOP_KEY"', 'public_key = "env:SHOP_PUBLIC"', (more or {}).get(name, "")]
        toml = folder / "hanse.toml"
        toml.write_text("\n".join(lines))
        prepare(stalls)
        federation = await stack.enter_async_context(Federation.from_toml(toml, environ=KEYS, limits=limits))
        app = Starlette(routes=[Route("/", show)])
        app.add_middleware(HanseMiddleware, federation=federation)
        transport = httpx2.ASGITransport(app=app)
        client = await stack.enter_async_context(
            httpx2.AsyncClient(transport=transport, base_url="http://site.example", timeout=60)
        )
        market = Market(federation, client, stalls)
        await market.until("home", "ok")
        yield market
