"""The small server: a federation's documents, its metrics, and the page that shows it."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Literal

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from hanse.errors import HanseError
from hanse.federation import Federation
from hanse.limits import LIMITS, Limits
from hanse.web.endpoints import make_site, routes
from hanse.web.listening import address_of, listen
from hanse.web.metrics import CountRequests
from hanse.web.problems import answer_failure, answer_http

__all__ = ["create_app", "make_server", "obey_signals", "serve", "serve_until_stopped"]

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
# What fails at once (a file that is not there) has failed by then, in seconds.
ANNOUNCED_AFTER: Final = 0.5


def create_app(federation: Federation, *, limits: Limits = LIMITS) -> Starlette:
    """Return the app that serves a federation; `docs/reference/http.md` lists its paths.

    The caller starts the federation and closes it. The app uses only relative URLs, so it may be mounted
    anywhere: `Mount("/_hanse", create_app(federation))`.

    Args:
        federation: What is served.
        limits: The caps on requests, and on what the page lists.
    """
    site = make_site(federation, limits=limits)
    paths = routes(site)
    named: dict[object, str] = {route.endpoint: route.path for route in paths}
    app = Starlette(
        routes=paths,
        middleware=[Middleware(CountRequests, metrics=site.metrics, paths=named)],
        exception_handlers={
            HTTPException: answer_http,
            HanseError: answer_failure,
            Exception: answer_failure,
        },
    )
    # `/snapshot.json/` is not there, and a redirect to what is would hide that.
    app.router.redirect_slashes = False
    return app


def write_line(text: str) -> None:
    """Write a line to standard output, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def serve(
    federation: Federation,
    *,
    host: str = "127.0.0.1",
    port: int = 4200,
    announce: Callable[[str], object] = write_line,
    limits: Limits = LIMITS,
) -> None:
    """Serve a federation until SIGINT or SIGTERM; requests under way are answered first.

    It answers from the beginning: `/readyz` says when the first snapshot is there.

    Args:
        federation: What is served; it is started here, and closed at the end.
        host: The address to listen on.
        port: The port to listen on; where it is taken, the next one that is free. 0 is any.
        announce: Told the URL, as soon as there is a snapshot or after half a second; prints it if not given.
        limits: The caps.

    Raises:
        UsageError: There is no such address, or no free port.
        HanseError: The manifest cannot be had, and nothing was stored that could be served instead.
    """
    with listen(host, port) as listener:
        server = make_server(create_app(federation, limits=limits), limits, stopping=federation.hang_up)
        starting = asyncio.create_task(federation.start())
        announcing = asyncio.create_task(announce_start(address_of(listener), starting, announce))
        for task in (starting, announcing):
            task.add_done_callback(lambda task: stop_where_failed(task, server))
        try:
            with obey_signals(server):
                await serve_until_stopped(server, listener)
        finally:
            for task in (starting, announcing):
                task.cancel()
            await asyncio.wait({starting, announcing})
            await federation.aclose()
        for task in (starting, announcing):
            if not task.cancelled():
                task.result()


async def announce_start(url: str, starting: asyncio.Task[None], announce: Callable[[str], object]) -> None:
    """Announce the URL, but not of a server that ends at once for it has nothing to serve."""
    await asyncio.wait({starting}, timeout=ANNOUNCED_AFTER)
    if not starting.done() or not failed(starting):
        announce(url)


class Server(uvicorn.Server):
    """uvicorn's server, which leaves signals to whoever runs it.

    Left to itself it sends them again when it has ended, and a federation could not be closed any more.

    Args:
        config: What it serves, and how.
        stopping: Called when it begins to end: requests under way are waited for, and streams of events
            would not end by themselves.
    """

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, after the requests that are under way."""
        self._stopping()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def make_server(
    app: ASGIApp, limits: Limits, *, stopping: Callable[[], None], lifespan: Literal["on", "off"] = "off"
) -> Server:
    """Return a server for the app; it logs through the `uvicorn.error` logger, from warnings on."""
    config = uvicorn.Config(
        app,
        access_log=False,
        lifespan=lifespan,
        limit_concurrency=limits.server_connections,
        log_config=None,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=round(limits.shutdown_deadline),
        ws="none",
    )
    return Server(config, stopping)


async def serve_until_stopped(server: Server, listener: socket.socket) -> None:
    """Run a server; when cancelled, let it end as it does at a signal."""
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise


@contextmanager
def obey_signals(server: Server) -> Iterator[None]:
    """End the server at a signal, and at a second one without waiting for anybody."""
    loop = asyncio.get_running_loop()
    obeyed = []
    # Only the main thread hears signals: elsewhere, whoever runs this loop ends it.
    with suppress(ValueError, RuntimeError):
        for number in SIGNALS:
            loop.add_signal_handler(number, server.handle_exit, number, None)
            obeyed.append(number)
    try:
        yield
    finally:
        for number in obeyed:
            loop.remove_signal_handler(number)


def stop_where_failed(task: asyncio.Task[None], server: Server) -> None:
    """End a server that has nothing to serve."""
    if failed(task):
        server.should_exit = True


def failed(task: asyncio.Task[None]) -> bool:
    """Tell whether a task that is done has failed."""
    return not task.cancelled() and task.exception() is not None
