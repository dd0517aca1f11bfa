"""A remote that publishes, for real, on loopback: its build, its keys, its server, and a consumer of it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from hanse.formats.server_entry import build_digest
from hanse.limits import LIMITS, Limits
from hanse.net import Access, Client
from hanse.stream import Publisher, StreamCache, Supplier, digest_of, key_ring, public_key, trust
from hanse.stream.arrival import Receive, Scope, Send

__all__ = [
    "FILES",
    "KEY",
    "PRIVATE",
    "RING",
    "Consumer",
    "Recorder",
    "consumer",
    "document",
    "publisher",
    "serve",
    "site",
    "supplier",
    "write_build",
]

KEY: Final = b"k" * 32
PRIVATE: Final = bytes(range(32))
RING: Final = key_ring([KEY])

# Two modules in a circle, a copy of a shared package, and one module that nothing imports.
FILES: Final[Mapping[str, bytes]] = {
    "card.js": b"import './price.js'; import 'react'; export default 'card'",
    "price.js": b"import './card.js'; export const price = 7",
    "other.js": b"export default 'other'",
    "react.js": b"export default 'react'",
}
IMPORTS: Final = {"card.js": ["price.js"], "price.js": ["card.js"]}


def document(
    files: Mapping[str, bytes] = FILES, *, version: str = "1.4.0", serial: int = 0, **said: Any
) -> bytes:
    """Write the server entry of a build."""
    modules = {
        name: {
            "digest": digest_of(content),
            "size": len(content),
            "imports": [one for one in IMPORTS.get(name, []) if one in files],
            "externals": ["react"] if name == "card.js" else [],
        }
        for name, content in files.items()
    }
    entry: dict[str, Any] = {
        "schema": 1,
        "name": "shop",
        "version": version,
        "build": "",
        "serial": serial,
        "exposes": {
            f"./{name.removesuffix('.js')}": name for name in files if name in ("card.js", "other.js")
        },
        "modules": modules,
        "shared": [{"packageName": "react", "entries": {"react": "react.js"}}] if "react.js" in files else [],
        **said,
    }
    entry["build"] = build_digest(json.dumps(entry).encode(), subject="build")
    return json.dumps(entry).encode()


def write_build(folder: Path, files: Mapping[str, bytes] = FILES, **said: Any) -> Path:
    """Write a build into a folder, its entry last."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    part = folder / "server-entry.json.part"
    part.write_bytes(document(files, **said))
    part.replace(folder / "server-entry.json")
    return folder


def publisher(folder: Path, **said: Any) -> Publisher:
    """Publish a folder with the keys of these tests, if nothing else is said."""
    return Publisher.from_folder(folder, **{"key": RING, "private_key": PRIVATE, **said})


def site(app: Publisher) -> Starlette:
    """Mount a publisher as a remote does."""
    return Starlette(routes=[Mount("/_hanse", app)])


@asynccontextmanager
async def serve(app: Any) -> AsyncIterator[str]:
    """Serve an app with uvicorn on a free port; gives its base URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        config = uvicorn.Config(
            app, log_config=None, lifespan="off", proxy_headers=False, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            # The listener is there: whoever connects before the server has started waits in its queue.
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            await task


def supplier(url: str, **said: Any) -> Supplier:
    """Describe the remote as a consumer with the right keys knows it."""
    facts: dict[str, Any] = {
        "remote": "shop",
        "server": url,
        "ring": RING,
        "publishers": trust({"shop": [public_key(PRIVATE)]}),
        **said,
    }
    return Supplier(**facts)


@dataclass(frozen=True)
class Consumer:
    """A client that may ask the remote, what is known of it, and a cache on disk."""

    client: Client
    supplier: Supplier
    cache: StreamCache


@asynccontextmanager
async def consumer(
    url: str, folder: Path, *, limits: Limits = LIMITS, **said: Any
) -> AsyncIterator[Consumer]:
    """Run a consumer of the remote at a URL."""
    async with Client(Access.for_urls([url], local=True), limits=limits) as client:
        yield Consumer(client, supplier(url, **said), StreamCache(folder, limits=limits))


class Recorder:
    """An app that keeps what went through it: how often each path was asked for, and each answer's bytes."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.paths: list[str] = []
        self.sizes: list[int] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        self.sizes.append(0)
        place = len(self.sizes) - 1

        async def count(message: Any) -> None:
            self.sizes[place] += len(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, count)
