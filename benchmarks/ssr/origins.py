"""The remotes' servers, a process of its own: builds for both sides, behind a front with latency and faults.

`/<remote>/` has the peer's container and its chunks, `/<remote>/_hanse/` the endpoints of Hanse's publisher.
Commands on standard input, each answered by a line:

* `{"op": "publish", "remote", "build", "broken", "forged", "serial"}`: from now on the remote has this build.
* `{"op": "set", "delay", "faults"}`: seconds each way, and a fault's name by remote.
* `{"op": "account"}`: what was asked for since the last time.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from benchmarks.ssr.builds import FIRST_BUILD, REMOTES, read_files
from benchmarks.ssr.children import Child
from benchmarks.ssr.front import Account, Front
from benchmarks.ssr.streams import BROKEN, Streams, describe_browser

__all__ = ["Origins", "main"]


class Origins:
    """The remotes' servers as a child process."""

    def __init__(self) -> None:
        self._child = Child([sys.executable, "-m", "benchmarks.ssr.origins"], {}, name="the remotes' servers")
        self.port = int(self._child.about["port"])
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Origins:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.end()

    def publish(self, remote: str, build: str, **more: object) -> None:
        """Have a remote publish a build for both sides; a `broken` one throws when it is loaded."""
        self._child.ask({"op": "publish", "remote": remote, "build": build, **more}, deadline=10.0)

    def set(self, *, delay: float = 0.0, faults: dict[str, str] | None = None) -> None:
        """Set the latency in each direction, in seconds, and the remotes' faults."""
        self._child.ask({"op": "set", "delay": delay, "faults": faults or {}}, deadline=10.0)

    def account(self) -> Account:
        """Return what was asked for since the last time."""
        return Account(**self._child.ask({"op": "account"}, deadline=10.0))


class Containers:
    """The peer's builds: plain files, with the name of the present build written into them."""

    def __init__(self) -> None:
        self.published: dict[str, tuple[str, bool]] = dict.fromkeys(REMOTES, (FIRST_BUILD, False))

    def publish(self, remote: str, build: str, *, broken: bool) -> None:
        """Serve this build from now on."""
        self.published[remote] = (build, broken)

    async def answer(self, request: Request) -> Response:
        """Answer with a file."""
        remote, file = request.path_params["remote"], request.path_params["file"]
        if file == "remoteEntry.json" and remote in REMOTES:
            return JSONResponse(describe_browser(remote))
        body = read_files("peer", remote).get(file) if remote in REMOTES else None
        if body is None:
            return Response(status_code=404)
        build, broken = self.published[remote]
        # A new build of a remote has a new entry; the peer looks at nothing else.
        body = body.replace(FIRST_BUILD.encode(), build.encode()) + f"\n// {build}\n".encode()
        if broken and file.startswith("__federation_expose_"):
            body = BROKEN + body
        return Response(body, media_type="application/javascript")


async def serve() -> None:
    """Serve until standard input ends."""
    inner, outer = listen(), listen()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="hanse-bench-")))
        containers, streams = Containers(), Streams(folder)
        front = Front(inner.getsockname()[1])
        mounts = [Mount(f"/{remote}/_hanse", streams.app_of(remote)) for remote in REMOTES]
        app = Starlette(routes=[*mounts, Route("/{remote}/{file:path}", containers.answer)])
        config = uvicorn.Config(
            app, access_log=False, log_level="critical", ws="none", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[inner]))
        stack.push_async_callback(stop, server, running)
        outside = await asyncio.start_server(front.accept, sock=outer, limit=1 << 20)
        stack.callback(outside.close)
        say({"ready": True, "port": outer.getsockname()[1]})
        await obey(front, containers, streams)


async def stop(server: uvicorn.Server, running: asyncio.Task[None]) -> None:
    """Stop the server behind the front."""
    server.should_exit = True
    await running


async def obey(front: Front, containers: Containers, streams: Streams) -> None:
    """Do what standard input says until it ends."""

    async def publish(
        *, remote: str, build: str, broken: bool = False, forged: bool = False, serial: int | None = None
    ) -> object:
        containers.publish(remote, build, broken=broken)
        await streams.publish(remote, build, broken=broken, forged=forged, serial=serial)
        return {}

    async def change(*, delay: float, faults: dict[str, str]) -> object:
        front.delay, front.faults = delay, faults
        front.close_lines()
        return {}

    async def account() -> object:
        front.account, past = Account(), front.account
        return asdict(past)

    commands: dict[str, Callable[..., Awaitable[object]]] = {
        "publish": publish,
        "set": change,
        "account": account,
    }
    while line := await asyncio.to_thread(sys.stdin.readline):
        command: dict[str, Any] = json.loads(line)
        say(await commands[command.pop("op")](**command))


def listen() -> socket:
    """Listen on any free port of the loopback interface."""
    listener = socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    return listener


def say(value: object) -> None:
    """Answer with a line."""
    print(json.dumps(value), flush=True)


def main() -> None:
    """Serve what standard input says, until it ends."""
    sys.stdin.readline()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve())


if __name__ == "__main__":
    main()
