"""The servers, each a process of its own: the remotes' origins, and the site with the pages.

The parent opens the sockets and names them on standard input; the end of standard input ends the server.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from select import select
from socket import socket
from typing import Any, Literal, cast

import hypercorn.asyncio
import uvicorn
import uvloop
from hypercorn.config import Config
from hypercorn.typing import Framework
from starlette.types import ASGIApp

from benchmarks.page.certificate import Certificate
from benchmarks.page.federation import ORIGINS, Payload, generate
from benchmarks.page.files import list_files, make_files_app
from benchmarks.page.site import make_site

__all__ = ["PROTOCOLS", "Protocol", "ServerError", "main", "serve_federation"]

Protocol = Literal["HTTP/1.1", "HTTP/2"]
PROTOCOLS: tuple[Protocol, ...] = ("HTTP/1.1", "HTTP/2")
ROOT = Path(__file__).resolve().parents[2]
# A hundred remotes are generated, fetched and read in a few seconds.
START_DEADLINE = 60.0
END_DEADLINE = 10.0
KEEP_ALIVE = 30


class ServerError(RuntimeError):
    """A server did not start."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a server process is told: what to serve, on which sockets, and how."""

    role: Literal["origins", "site"]
    remotes: int
    payload: Payload
    seed: int
    origins: list[str]
    sockets: list[int]
    chain: str | None
    key: str | None


@contextmanager
def serve_federation(
    remotes: int, *, payload: Payload = "react", seed: int, protocol: Protocol, certificate: Certificate
) -> Iterator[str]:
    """Serve a federation and its pages while the block runs; yield the site's origin.

    Raises:
        ServerError: A server did not start.
    """
    secure = protocol == "HTTP/2"
    listeners = [listen() for _ in range(ORIGINS + 1)]
    try:
        scheme = "https" if secure else "http"
        *origins, site = [f"{scheme}://127.0.0.1:{one.getsockname()[1]}" for one in listeners]
        chain, key = (str(certificate.chain), str(certificate.key)) if secure else (None, None)
        fds = [one.fileno() for one in listeners]
        with (
            run_server(Task("origins", remotes, payload, seed, origins, fds[:-1], chain, key)),
            run_server(Task("site", remotes, payload, seed, origins, fds[-1:], chain, key)),
        ):
            yield site
    finally:
        for one in listeners:
            one.close()


def listen() -> socket:
    """Listen on any free port of the loopback interface."""
    listener = socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    return listener


@contextmanager
def run_server(task: Task) -> Iterator[None]:
    """Run a server process while the block runs.

    Raises:
        ServerError: It did not start; what it said is on standard error.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.page.serving"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=task.sockets,
    )
    if process.stdin is None or process.stdout is None:
        raise ServerError("The server has no pipes.")
    try:
        process.stdin.write(json.dumps(asdict(task)) + "\n")
        process.stdin.flush()
        readable, _, _ = select([process.stdout], [], [], START_DEADLINE)
        if not readable or process.stdout.readline() != "ready\n":
            raise ServerError(f"The server of the {task.role} did not start.")
        yield
    finally:
        process.stdin.close()
        try:
            process.wait(END_DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def main() -> None:
    """Serve what standard input says, until it ends."""
    task = Task(**json.loads(sys.stdin.readline()))
    asyncio.Runner(loop_factory=uvloop.new_event_loop).run(serve(task))


async def serve(task: Task) -> None:
    """Serve with uvicorn, or where there is a certificate over HTTP/2 with hypercorn."""
    asyncio.get_running_loop().set_exception_handler(report_fault)
    app = make_app(task)
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    if task.chain is None:
        await serve_plain(app, task.sockets, ended)
    else:
        config = Config()
        config.bind = [f"fd://{number}" for number in task.sockets]
        config.certfile, config.keyfile = task.chain, task.key
        config.loglevel = "WARNING"
        config.keep_alive_timeout = KEEP_ALIVE
        config.graceful_timeout = 1
        # It writes ASGI down more narrowly than everybody else.
        narrow = cast("Framework", app)
        await hypercorn.asyncio.serve(narrow, config, shutdown_trigger=lambda: ended)


def report_fault(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report what nobody caught, but not that a browser which is gone does not end its TLS in order."""
    if not isinstance(context.get("exception"), TimeoutError):
        loop.default_exception_handler(context)


async def serve_plain(app: ASGIApp, sockets: list[int], ended: asyncio.Task[str]) -> None:
    """Serve over HTTP/1.1 until told to end."""
    config = uvicorn.Config(
        app,
        access_log=False,
        lifespan="on",
        log_level="warning",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=KEEP_ALIVE,
        ws="none",
    )
    server = uvicorn.Server(config)
    ended.add_done_callback(lambda _: setattr(server, "should_exit", True))
    await server.serve(sockets=[socket(fileno=number) for number in sockets])


def make_app(task: Task) -> ASGIApp:
    """Make the app of this process."""
    federation = generate(task.remotes, seed=task.seed, payload=task.payload)
    if task.role == "origins":
        return make_files_app(list_files(federation), announce=announce)
    trusted = Path(task.chain) if task.chain else None
    return make_site(federation, task.origins, trusted=trusted, announce=announce)


def announce() -> None:
    """Tell the parent that everything is there."""
    print("ready", flush=True)


if __name__ == "__main__":
    main()
