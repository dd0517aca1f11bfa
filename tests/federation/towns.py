"""Small federations behind a real server: entries, manifests, and a federation that reads them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from hanse import LIMITS, Federation, Limits
from tests.net.upstream import Handler, Upstream, reply, serve

__all__ = ["QUICK", "Towns", "entry", "serve_towns", "share", "towns_in_a_thread", "until"]

# For tests in which something is too slow; with it, a busy machine is soon too slow as well.
QUICK = Limits(fetch_deadline=1.5, connect_deadline=1.5, refresh_deadline=4.0, server_start=0.5)


def share(package: str = "react", version: str = "19.1.0", **more: object) -> dict[str, object]:
    """Describe a package that a remote shares; flat, strict, with the range `^version`."""
    file = package.replace("@", "").replace("/", "-")
    shared = {
        "packageName": package,
        "version": version,
        "requiredVersion": f"^{version.partition('.')[0]}.0.0",
        "singleton": True,
        "strictVersion": True,
        "outFileName": f"{file}-{version}.js",
    }
    return {key: value for key, value in {**shared, **more}.items() if value is not None}


def entry(name: str, *shared: Mapping[str, object], card: str = "Card.js", **more: object) -> bytes:
    """Write a remote entry that exposes `./Card`; it shares react 19.1.0 if nothing is given."""
    document = {
        "name": name,
        "exposes": [{"key": "./Card", "outFileName": card}],
        "shared": [*(shared or [share()])],
    }
    return json.dumps({**document, **more}).encode()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something has come about in the background."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError("it has not come about in ten seconds")


@dataclass(frozen=True)
class Towns:
    """A running server with a manifest and remotes on it."""

    upstream: Upstream

    def url(self, name: str) -> str:
        return self.upstream.url(f"/{name}/remoteEntry.json")

    @property
    def manifest_url(self) -> str:
        return self.upstream.url("/manifest.json")

    def put(self, name: str, handler: Handler | bytes) -> None:
        """Answer a remote's entry, or for `manifest` the manifest, from now on like this."""
        path = "/manifest.json" if name == "manifest" else f"/{name}/remoteEntry.json"
        self.upstream.routes[path] = reply(handler) if isinstance(handler, bytes) else handler

    def list(self, *names: str, **urls: object) -> None:
        """Let the manifest name these remotes."""
        listed = {**{name: self.url(name) for name in names}, **urls}
        self.put("manifest", json.dumps(listed).encode())

    def asked(self, name: str) -> int:
        """Count the requests for a remote's entry."""
        return self.upstream.paths().count(f"/{name}/remoteEntry.json")

    def federation(self, **arguments: object) -> Federation:
        """Make a federation of the manifest that is refreshed only when it is told to.

        The files that its entries name are not there, so it lets them be if it is not told otherwise.
        """
        given = {"refresh_interval": None, "modules": "skip", "limits": LIMITS, **arguments}
        return Federation(self.manifest_url, **given)  # type: ignore[arg-type]


@asynccontextmanager
async def serve_towns(**remotes: Handler | bytes) -> AsyncIterator[Towns]:
    """Serve remotes and a manifest that lists them."""
    async with serve({}) as upstream:
        towns = Towns(upstream)
        for name, handler in remotes.items():
            towns.put(name, handler)
        towns.list(*remotes)
        yield towns


@contextmanager
def towns_in_a_thread(**remotes: Handler | bytes) -> Iterator[Towns]:
    """Serve remotes from a loop of its own, as a test that blocks needs it."""
    ready, done = threading.Event(), asyncio.Event()
    served: list[tuple[Towns, asyncio.AbstractEventLoop]] = []

    async def run() -> None:
        async with serve_towns(**remotes) as towns:
            served.append((towns, asyncio.get_running_loop()))
            ready.set()
            await done.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    ready.wait()
    towns, loop = served[0]
    try:
        yield towns
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
