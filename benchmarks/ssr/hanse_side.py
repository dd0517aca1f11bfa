"""Hanse as a server of pages, a process of its own: uvicorn, and engines for its remotes' modules.

It answers as the peer does (`peer/cluster.cjs`), to the same commands: the task on the first line, then
`{"op": "reload"}`, when a remote was deployed, and `{"op": "memory"}`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.ssr.market import Market

__all__ = ["main"]

Page = Callable[[], Awaitable[str]]
PROPS: Mapping[str, str] = {"visitor": "Tuva"}
KEYS = {"home": "./Notice"}
HEAD = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Market</title></head><body>'
FOOT = "</body></html>"


def make_app(market: Market, remote: str) -> ASGIApp:
    """Return the app with the pages that the peer has, too."""

    async def show(*remotes: str) -> str:
        parts = await asyncio.gather(
            *(market.render(one, KEYS.get(one, "./Page"), PROPS) for one in remotes)
        )
        return f"{HEAD}{''.join(parts)}{FOOT}"

    pages: dict[str, Page] = {
        "/home": lambda: show("home"),
        "/both": lambda: show("shop", "home"),
        f"/{remote}": lambda: show(remote),
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


async def serve(task: Mapping[str, Any]) -> None:
    """Serve until standard input ends."""
    remotes = ["home", task["remote"]]
    market = Market(task["origin"], remotes, processes=task["processes"], folder=Path(task["folder"]))
    try:
        await market.open(["home"] if task["remote"] != "shop" else remotes)
        config = uvicorn.Config(
            make_app(market, task["remote"]),
            host="127.0.0.1",
            port=task["port"],
            access_log=False,
            lifespan="off",
            log_level="warning",
            timeout_graceful_shutdown=1,
            timeout_keep_alive=60,
            ws="none",
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        say({"ready": True})
        await obey(market)
        server.should_exit = True
        await running
    finally:
        await market.close()


async def obey(market: Market) -> None:
    """Do what standard input says until it ends."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        if command["op"] == "reload":
            changed = await market.reload()
            say({"answers": [{"changed": changed}], "ended": []})
        else:
            say({"answers": [{}], "ended": []})


def say(value: object) -> None:
    """Answer with a line."""
    print(json.dumps(value), flush=True)


def main() -> None:
    """Serve what standard input says, until it ends."""
    task = json.loads(sys.stdin.readline())
    asyncio.Runner(loop_factory=uvloop.new_event_loop).run(serve(task))


if __name__ == "__main__":
    main()
