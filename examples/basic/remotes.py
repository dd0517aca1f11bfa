"""Serve the two built remotes as their teams would: static files, one origin each.

Run as `python -m examples.basic.remotes` it serves both until it is interrupted.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

__all__ = [
    "GUESTS",
    "REMOTES",
    "Remote",
    "bind",
    "build_app",
    "serve_app",
    "serve_remotes",
    "wait_for_signal",
]

HERE = Path(__file__).resolve().parent
# Rewritten by every build under the same name; every other file carries a hash of its content.
UNHASHED = frozenset(
    {"remoteEntry.json", "importmap.json", "remoteEntry.js", "mf-manifest.json", "mf-stats.json"}
)
# How many ports are tried, counting up, before giving up.
PORTS_TRIED = 100
START_DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote of an example: its name, its build's folder, the port it asks for, and its entry."""

    name: str
    folder: Path
    port: int
    entry: str = "remoteEntry.json"


REMOTES = (
    Remote("team/catalog", HERE / "catalog" / "dist", 8101),
    Remote("team/basket", HERE / "basket" / "dist", 8102),
)
# Those whose modules are rendered on the server, too.
GUESTS = (
    Remote("team/crier", HERE / "crier" / "dist", 8103),
    Remote("guest/minstrel", HERE / "minstrel" / "dist", 8104),
)


class RemoteFiles(StaticFiles):
    """A build's files, readable from every origin and cached for as long as their names allow."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Return the file, or 304 where the caller's ETag is the file's."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        unhashed = Path(full_path).name in UNHASHED
        response.headers["cache-control"] = "no-cache" if unhashed else "public, max-age=31536000, immutable"
        # Always, not only where the request has an Origin: a copy cached without this header would
        # later be refused to the page that imports it.
        response.headers["access-control-allow-origin"] = "*"
        return response


def build_app(remote: Remote) -> Starlette:
    """Return the ASGI app that serves the remote's folder.

    Raises:
        RuntimeError: The remote is not built.
    """
    if not (remote.folder / remote.entry).is_file():
        raise RuntimeError(f"{remote.name} is not built; run: python -m scripts.build_examples")
    return Starlette(routes=[Mount("/", RemoteFiles(directory=remote.folder))])


def bind(port: int) -> socket.socket:
    """Return a socket listening on this loopback port, or on the next one that is free.

    Raises:
        OSError: Neither this port nor the hundred after it is free.
    """
    for candidate in range(port, port + PORTS_TRIED):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            listener.bind(("127.0.0.1", candidate))
            # Only a listening socket keeps another that reuses addresses from taking the same port.
            listener.listen()
            return listener
        listener.close()
    raise OSError(f"no free port from {port} to {port + PORTS_TRIED - 1}")


@contextmanager
def serve_app(app: ASGIApp, port: int) -> Iterator[str]:
    """Serve an app from a thread of its own while the block runs; yield its URL, `http://…:port/`.

    Raises:
        OSError: No port is free.
        TimeoutError: The server did not start.
    """
    listener = bind(port)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        _await_start(server, thread)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def _await_start(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_DEADLINE
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise TimeoutError("the server did not start")
        time.sleep(0.01)


def wait_for_signal() -> NoReturn:
    """Wait until a signal raises something.

    Awake once a second: a signal that arrives just before the main thread sleeps does not wake it.
    """
    while True:
        time.sleep(1)


@contextmanager
def serve_remotes() -> Iterator[dict[str, str]]:
    """Serve both remotes while the block runs; yield a manifest: name to remote entry URL.

    Raises:
        RuntimeError: A remote is not built.
        OSError: No port is free.
    """
    with ExitStack() as stack:
        manifest = {}
        for remote in REMOTES:
            url = stack.enter_context(serve_app(build_app(remote), remote.port))
            manifest[remote.name] = f"{url}remoteEntry.json"
        yield manifest


def main() -> int:
    """Serve both remotes until Ctrl-C."""
    try:
        with serve_remotes() as manifest, suppress(KeyboardInterrupt):
            for name, url in manifest.items():
                print(f"{name}: {url}", flush=True)
            wait_for_signal()
    except (OSError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
