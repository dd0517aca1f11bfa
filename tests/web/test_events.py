"""Events over HTTP, by a real server: what pages hear, how many may listen, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from hanse import Federation, Limits
from hanse.federation import News
from hanse.net.event_parser import Event, EventParser
from hanse.web import create_app, serve
from hanse.web.events import write_event
from tests.federation.test_notifications import DevServer, developing
from tests.federation.towns import until
from tests.net.upstream import hang
from tests.web.site import ask

pytestmark = pytest.mark.anyio

QUICK = Limits(event_heartbeat=0.1, event_subscribers=3)


@asynccontextmanager
async def listening(federation: Federation, *, limits: Limits = QUICK) -> AsyncIterator[str]:
    """Serve the app under a path, by uvicorn, while the block runs; give the URL of its events."""
    app = Starlette(routes=[Mount("/_hanse", create_app(federation, limits=limits))])
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="error", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/_hanse/events"
        finally:
            federation.hang_up()
            server.should_exit = True
            async with asyncio.timeout(10):
                await serving


class Tab:
    """A page that listens: keeps what it hears."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.received = b""
        self.headers = httpx2.Headers()
        self.opened = asyncio.Event()

    async def listen(self, client: httpx2.AsyncClient, url: str) -> None:
        parser = EventParser(cap=10_000)
        async with client.stream("GET", url) as answer:
            assert answer.status_code == 200
            self.headers = answer.headers
            async for part in answer.aiter_raw():
                self.received += part
                self.events += parser.feed(part)
                self.opened.set()


@asynccontextmanager
async def tabs(url: str, count: int = 1) -> AsyncIterator[list[Tab]]:
    """Open tabs that listen while the block runs."""
    opened = [Tab() for _ in range(count)]
    async with httpx2.AsyncClient(timeout=20) as client:
        tasks = [asyncio.create_task(tab.listen(client, url)) for tab in opened]
        try:
            async with asyncio.timeout(20):
                for tab in opened:
                    await tab.opened.wait()
            yield opened
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_many_tabs_hear_what_one_upstream_says() -> None:
    server = DevServer()
    async with (
        developing(server) as (_, federation, _s),
        listening(federation) as url,
        tabs(url, 20) as opened,
    ):
        await until(lambda: bool(server.queues))
        server.built()
        server.tell("federation-rebuild-error", error="line 1\nline 2")
        await until(lambda: all(len(tab.events) == 2 for tab in opened))
        for tab in opened:
            reload, failing = tab.events
            assert (reload.type, failing.type) == ("reload", "failing")
            assert json.loads(reload.data) == {"remote": "shop", "snapshot": federation.snapshot.digest}
            reason = "it could not be built: line 1\nline 2"
            assert json.loads(failing.data) == {"remote": "shop", "reason": reason}
        assert server.opened == 1


async def test_headers_keep_everybody_on_the_way_from_holding_it_back() -> None:
    async with developing(hang) as (_, federation, _s), listening(federation) as url, tabs(url) as (tab,):
        assert tab.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert tab.headers["cache-control"] == "no-store, no-transform"
        assert tab.headers["x-accel-buffering"] == "no"
        assert tab.headers["x-content-type-options"] == "nosniff"
        assert tab.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in tab.headers
        assert tab.received.startswith(b": ")


async def test_a_comment_is_sent_now_and_then() -> None:
    async with developing(hang) as (_, federation, _s), listening(federation) as url, tabs(url) as (tab,):
        await until(lambda: tab.received.count(b":") >= 4)
        assert tab.events == []


async def test_whoever_leaves_makes_room() -> None:
    async with developing(hang, limits=QUICK) as (_, federation, first), listening(federation) as url:
        first.close()
        async with tabs(url, 3), httpx2.AsyncClient() as client:
            refused = await client.get(url)
            assert refused.status_code == 503
            assert refused.json()["detail"] == "3 pages listen already"
        for _ in range(5):
            async with tabs(url, 3):
                pass


async def test_there_are_no_events_where_nothing_is_developed() -> None:
    async with (
        developing(hang) as (towns, _, _s),
        towns.federation() as production,
        ask(production) as client,
    ):
        assert (await client.get("/events")).status_code == 404


async def test_the_headers_alone_do_not_wait_for_an_event() -> None:
    async with developing(hang) as (_, federation, _s), ask(federation) as client:
        async with asyncio.timeout(2):
            answer = await client.head("/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert (await client.post("/events")).status_code == 405


async def test_streams_end_with_the_federation() -> None:
    async with (
        developing(hang) as (_, federation, _s),
        listening(federation) as url,
        httpx2.AsyncClient(timeout=20) as client,
    ):
        tab = Tab()
        task = asyncio.create_task(tab.listen(client, url))
        await tab.opened.wait()
        await federation.aclose()
        async with asyncio.timeout(5):
            await task


async def test_a_server_of_its_own_ends_at_once_although_pages_listen() -> None:
    async with developing(hang) as (towns, _, _s):
        federation = towns.federation(development=True)
        announced: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(federation, port=0, announce=announced.set_result))
        async with tabs(f"{await announced}events"):
            serving.cancel()
            with suppress(asyncio.CancelledError):
                async with asyncio.timeout(3):
                    await serving
        assert federation.closed


PROGRAM = """
import sys
import uvicorn
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from starlette.routing import Mount
from hanse import Federation
from hanse.web import create_app
federation = Federation({}, development=True)
@asynccontextmanager
async def lifespan(app):
    async with federation:
        yield
    print("closed", flush=True)
app = Starlette(routes=[Mount("/_hanse", create_app(federation))], lifespan=lifespan)
uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_any_server_ends_at_a_signal_although_pages_listen(number: signal.Signals) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(port), stdout=subprocess.PIPE, env={**os.environ}, cwd=Path.cwd()
    )
    try:
        url = f"http://127.0.0.1:{port}/_hanse/events"
        await until_open(port)
        async with tabs(url, 2):
            program.send_signal(number)
            async with asyncio.timeout(5):
                out, _ = await program.communicate()
        assert out == b"closed\n"
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()


async def until_open(port: int) -> None:
    """Wait until somebody listens on a port."""
    for _ in range(500):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            await writer.wait_closed()
            return
    raise AssertionError("nobody listens")


def test_names_cannot_break_out_of_an_event() -> None:
    news = News("failing", "a\ndata: b\r\u2028", reason="\n\nevent: reload\ndata: {}\n\n")
    (event,) = EventParser(cap=1000).feed(write_event(news))
    assert event.type == "failing"
    assert json.loads(event.data) == {"remote": news.remote, "reason": news.reason}
