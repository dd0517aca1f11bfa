"""Hanse as a server of pages: a live federation behind uvicorn, and the engines of its remotes' modules.

It answers as the peer does (`peer/cluster.cjs`), to the same commands: the task on the first line, then
`{"op": "reload"}`, when a remote was deployed. Several workers are processes of their own on one port.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from pathlib import Path
from socket import SO_REUSEADDR, SO_REUSEPORT, SOL_SOCKET, socket
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

import hanse
from benchmarks.ssr.children import Child
from benchmarks.ssr.streams import PUBLIC, SHARED
from hanse.limits import LIMITS, Limits
from hanse.stream import write_key

__all__ = ["main"]

Page = Callable[[], Awaitable[str]]
PROPS: Mapping[str, str] = {"visitor": "Tuva"}
KEYS = {"home": "./Notice"}
HEAD = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Market</title></head><body>'
FOOT = "</body></html>"
# How long a deploy is waited for, and how often it is looked for.
NOTICE = 30.0
LOOK = 0.005
# A consumer asks for builds every few seconds; where one is deployed every few hundredths of one, more often.
OFTEN = replace(LIMITS, build_interval=0.01)
# There are as many workers as cores, and each has a process that renders.
PROCESSES = 1
DEADLINE = 60.0


def make_federation(folder: Path, origin: str, remotes: list[str], limits: Limits) -> hanse.Federation:
    """Make a federation of a `hanse.toml` that is written into the folder, as an operator writes it."""
    key, public = write_key(SHARED, "key"), write_key(PUBLIC, "public")
    lines = ["[federation]", 'manifest = "manifest.json"', 'modules = "skip"', "refresh = 0"]
    lines += [f'cache_folder = "{folder / "cache"}"', "[rendering]", f"processes = {PROCESSES}"]
    for remote in remotes:
        lines += [f"[remotes.{remote}]", f'server = "{origin}/{remote}/"']
        lines += [f'key = "{key}"', f'public_key = "{public}"']
    file = folder / "hanse.toml"
    file.write_text("\n".join(lines))
    return hanse.Federation.from_toml(file, limits=limits)


class Site:
    """What the pages are made of."""

    def __init__(self, task: Mapping[str, Any]) -> None:
        self._folder = Path(task["folder"])
        self._origin: str = task["origin"]
        self._remote: str = task["remote"]
        # A remote that is visited cold is not in the manifest before its first visitor comes.
        self._listed = ["home", "shop"] if self._remote == "shop" else ["home"]
        self._write()
        limits = OFTEN if task["often"] else LIMITS
        self.federation = make_federation(self._folder, self._origin, ["home", self._remote], limits)
        self._serials: dict[str, int] = {}

    def _write(self) -> None:
        manifest = {remote: f"{self._origin}/{remote}/remoteEntry.json" for remote in self._listed}
        (self._folder / "manifest.json").write_text(json.dumps(manifest))

    async def show(self, remote: str) -> str:
        """Render a page with one fragment."""
        return f"{HEAD}{await self._render(remote)}{FOOT}"

    async def show_all(self, *remotes: str) -> str:
        """Render a page with several fragments, all at once."""
        return f"{HEAD}{''.join(await asyncio.gather(*map(self._render, remotes)))}{FOOT}"

    async def _render(self, remote: str) -> str:
        if remote not in self._listed:
            await self._add(remote)
        return (await self.federation.render(remote, KEYS.get(remote, "./Page"), PROPS)).markup

    async def _add(self, remote: str) -> None:
        self._listed.append(remote)
        self._write()
        await self.federation.refresh()
        await self.federation.server_settled()

    async def reload(self, *, seconds: float) -> bool:
        """Wait until another build runs than the last time; tell whether it was in time."""
        until = time.monotonic() + seconds
        while (  # noqa: ASYNC110 - nothing tells of a build that runs
            serials := self._read_serials()
        ) == self._serials and time.monotonic() < until:
            await asyncio.sleep(LOOK)
        changed, self._serials = serials != self._serials, serials
        return changed

    def _read_serials(self) -> dict[str, int]:
        return {one.remote: one.serial for one in self.federation.server_health()}


def make_app(site: Site, remote: str) -> ASGIApp:
    """Return the app with the pages that the peer has, too."""
    pages: dict[str, Page] = {
        "/home": lambda: site.show("home"),
        "/both": lambda: site.show_all("shop", "home"),
        f"/{remote}": lambda: site.show(remote),
    }

    async def answer(scope: Scope, _: Receive, send: Send) -> None:
        page = pages.get(scope["path"])
        status, body = (404, "no such page") if page is None else (200, await page())
        content = body.encode()
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", str(len(content)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return answer


async def serve(task: Mapping[str, Any], listener: socket) -> None:
    """Serve until standard input ends."""
    site = Site(task)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(site.federation)
        await site.reload(seconds=0)
        config = uvicorn.Config(
            make_app(site, task["remote"]),
            access_log=False,
            lifespan="off",
            log_level="warning",
            timeout_graceful_shutdown=1,
            timeout_keep_alive=60,
            ws="none",
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - nothing tells of a server that has started
            await asyncio.sleep(LOOK)
        say({"ready": True})
        await obey(site)
        server.should_exit = True
        await running


async def obey(site: Site) -> None:
    """Do what standard input says until it ends."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        changed = await site.reload(seconds=command.get("seconds", NOTICE))
        say({"answers": [{"changed": changed}], "ended": []})


def supervise(task: Mapping[str, Any]) -> None:
    """Run several workers, and pass on what standard input says."""
    with ExitStack() as stack:
        workers = [stack.enter_context(start_worker(task, number)) for number in range(task["workers"])]
        say({"ready": True})
        while line := sys.stdin.readline():
            for worker in workers:
                worker.send(json.loads(line))
            answers = [one for worker in workers for one in worker.answer(deadline=DEADLINE)["answers"]]
            say({"answers": answers, "ended": []})


def start_worker(task: Mapping[str, Any], number: int) -> Child:
    """Start one of several workers."""
    folder = Path(task["folder"]) / f"worker-{number}"
    folder.mkdir()
    own = {**task, "workers": 1, "folder": str(folder)}
    return Child([sys.executable, "-m", "benchmarks.ssr.hanse_side"], own, name=f"worker {number}")


def listen(port: int) -> socket:
    """Listen on a port that workers share: the kernel deals out connections, as Node's cluster does."""
    listener = socket()
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    listener.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(256)
    return listener


def say(value: object) -> None:
    """Answer with a line."""
    print(json.dumps(value), flush=True)


def main() -> None:
    """Serve what standard input says, until it ends."""
    task = json.loads(sys.stdin.readline())
    if task["workers"] > 1:
        supervise(task)
        return
    with listen(task["port"]) as listener:
        asyncio.Runner(loop_factory=uvloop.new_event_loop).run(serve(task, listener))


if __name__ == "__main__":
    main()
