"""A web server for tests that does exactly what it is told, down to the bytes: also what no server should."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from hanse.limits import LIMITS, Limits
from hanse.net import Access, Client

REASONS = {200: "OK", 301: "Moved Permanently", 302: "Found", 304: "Not Modified", 404: "Not Found"}


@dataclass(frozen=True)
class Asked:
    """A request as it came; header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    reader: asyncio.StreamReader = field(repr=False)

    async def pause(self, seconds: float | None) -> bool:
        """Wait, for ever if no time is given; True as soon as the client has hung up."""
        try:
            async with asyncio.timeout(seconds):
                await self.reader.read()
        except TimeoutError:
            return False
        return True


# Answers a request; True keeps the connection open for the next one.
Handler = Callable[[Asked, asyncio.StreamWriter], Awaitable[bool]]


@dataclass
class Upstream:
    """A running server; routes may be changed at any time, `*` answers what no other route does."""

    port: int
    routes: dict[str, Handler]
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, path: str = "/") -> str:
        return f"{self.origin}{path}"

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]


@asynccontextmanager
async def serve(routes: dict[str, Handler]) -> AsyncIterator[Upstream]:
    """Run a server on a free port of 127.0.0.1."""
    upstream = Upstream(0, routes)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(converse(upstream, reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def serve_client(
    routes: dict[str, Handler],
    *,
    limits: Limits = LIMITS,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[tuple[Upstream, Client]]:
    """Run a server, and a client that may ask it as an origin of the operator's own."""
    async with serve(routes) as upstream:
        access = Access.for_urls([upstream.origin], local=True)
        async with Client(access, limits=limits, clock=clock) as client:
            yield upstream, client


async def converse(upstream: Upstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    upstream.connections += 1
    upstream.open_now += 1
    try:
        with suppress(OSError, asyncio.IncompleteReadError):
            while (asked := await read_request(reader)) is not None:
                upstream.asked.append(asked)
                handler = upstream.routes.get(asked.path) or upstream.routes.get("*") or reply(status=404)
                if not await handler(asked, writer):
                    break
    finally:
        upstream.open_now -= 1
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def read_request(reader: asyncio.StreamReader) -> Asked | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    return Asked(first.split(" ")[1], {name.lower(): value for name, _, value in pairs}, reader)


def head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def reply(
    body: bytes = b"", *, status: int = 200, headers: Mapping[str, str] | None = None, delay: float = 0
) -> Handler:
    """Answer properly, and keep the connection."""

    async def handle(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(delay)
        length = {} if status == 304 else {"content-length": str(len(body))}
        writer.write(head(status, {**length, **(headers or {})}) + body)
        await writer.drain()
        return True

    return handle


def redirect(location: str, *, status: int = 302, headers: Mapping[str, str] | None = None) -> Handler:
    """Send the client elsewhere."""
    return reply(status=status, headers={"location": location, **(headers or {})})


def raw(*parts: bytes, pause: float = 0) -> Handler:
    """Write these bytes as they are, with a pause after each part; then hang up."""

    async def handle(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        for part in parts:
            writer.write(part)
            await writer.drain()
            if pause and await asked.pause(pause):
                break
        return False

    return handle


def drip(*, start: bytes = b"", byte: bytes = b" ", every: float = 0.02) -> Handler:
    """Write a beginning, and then a byte now and then, for ever."""

    async def handle(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        writer.write(start)
        while not await asked.pause(every):
            writer.write(byte)
            await writer.drain()
        return False

    return handle


async def hang(asked: Asked, writer: asyncio.StreamWriter) -> bool:
    """Answer nothing, for ever."""
    await asked.pause(None)
    return False


def reset(start: bytes = b"") -> Handler:
    """Write a beginning, then reset the connection instead of closing it."""

    async def handle(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        writer.write(start)
        await writer.drain()
        # A socket that does not linger says RST when it is closed.
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return handle


def alternate(*handlers: Handler) -> Handler:
    """Take the handlers in turn."""
    calls = iter(range(1_000_000))

    async def handle(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        return await handlers[next(calls) % len(handlers)](asked, writer)

    return handle


def tagged(body: bytes, etag: str, *, headers: Mapping[str, str] | None = None) -> Handler:
    """Answer with an entity tag, and confirm it where the client has it already."""
    whole = reply(body, headers={"etag": etag, **(headers or {})})
    same = reply(status=304, headers={"etag": etag, **(headers or {})})

    async def handle(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        return await (same if asked.headers.get("if-none-match") == etag else whole)(asked, writer)

    return handle
