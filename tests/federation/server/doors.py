"""A door before a publisher: it passes requests on, or plays what remotes do when they fail."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache

from tests.net.upstream import Asked, Handler, hang, head, raw, reply, reset

__all__ = ["FLOOD", "Door", "Flood", "bomb", "drop", "hang", "miss", "open_door", "script", "truncate"]

# What a remote sends that does not stop by itself.
FLOOD = 200_000_000
BLOCK = 1 << 16
# Whoever runs what is no answer writes this into the page.
SCRIPT = b"export const render = () => 'FOREIGN'; globalThis.render = render;"
PAGE = b"<!doctype html><title>Not found</title><h1>FOREIGN</h1>"

script = reply(SCRIPT, status=500, headers={"content-type": "text/javascript"})
miss = reply(PAGE, status=404, headers={"content-type": "text/html"})
drop = reset()
truncate = raw(head(200, {"content-length": str(2 * len(SCRIPT))}) + SCRIPT)


@dataclass
class Flood:
    """Sends two hundred megabytes to whoever reads them.

    Attributes:
        announced: Whether it says so before.
        most: Bytes that one who asked has taken, at most.
    """

    announced: bool
    most: int = 0

    async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        writer.write(head(200, {"content-length": str(FLOOD)} if self.announced else {"connection": "close"}))
        sent = 0
        while sent < FLOOD:
            writer.write(b" " * BLOCK)
            await writer.drain()
            sent += BLOCK
            self.most = max(self.most, sent)
        return False


@cache
def pack_bomb() -> bytes:
    """Pack two hundred megabytes of blanks into two hundred kilobytes."""
    packer = zlib.compressobj(1, wbits=31)
    block = b" " * (1 << 20)
    return b"".join([*(packer.compress(block) for _ in range(FLOOD >> 20)), packer.flush()])


async def bomb(asked: Asked, writer: asyncio.StreamWriter) -> bool:
    """Answer with what is two hundred megabytes when it is unpacked."""
    body = pack_bomb()
    writer.write(head(200, {"content-length": str(len(body)), "content-encoding": "gzip"}) + body)
    await writer.drain()
    return False


@dataclass(eq=False)
class Door:
    """The way to a server.

    Attributes:
        behind: The port of the server behind it.
        port: Its own.
        fault: What is played to whoever asks; None where requests are passed on.
        only: The end of the paths that it is played for.
        played: How often it was.
    """

    behind: int
    port: int = 0
    fault: Handler | None = None
    only: str = ""
    played: int = 0
    _lines: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def play(self, fault: Handler | None, *, only: str = "") -> None:
        """Let it go wrong from now on, also for those who are waiting for an answer, or be well again."""
        self.fault, self.only, self.played = fault, only, 0
        if fault is not None and not only:
            self.hang_up()

    def hang_up(self) -> None:
        """Close all connections."""
        for line in tuple(self._lines):
            line.close()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        self._lines.add(writer)
        tasks: list[asyncio.Task[None]] = []
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._forward(reader, writer, tasks)
        finally:
            self._lines.discard(writer)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            writer.close()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tasks: list[asyncio.Task[None]]
    ) -> None:
        inner: asyncio.StreamWriter | None = None
        while True:
            asked = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(length_of(asked))
            path = asked.split(b" ", 2)[1].decode()
            if self.fault is not None and path.endswith(self.only):
                self.played += 1
                await self.fault(Asked(path, {}, reader), writer)
                return
            if inner is None:
                answers, inner = await asyncio.open_connection("127.0.0.1", self.behind)
                task = asyncio.create_task(pass_on(answers, writer, inner))
                task.add_done_callback(closing(inner))
                tasks.append(task)
            inner.write(asked + body)
            await inner.drain()


async def pass_on(
    answers: asyncio.StreamReader, writer: asyncio.StreamWriter, inner: asyncio.StreamWriter
) -> None:
    """Give back what a server answers, until either side hangs up."""
    try:
        with suppress(OSError):
            while piece := await answers.read(BLOCK):
                writer.write(piece)
                await writer.drain()
    finally:
        inner.close()
        writer.close()


def closing(writer: asyncio.StreamWriter) -> Callable[[object], None]:
    """Return what closes a connection when its task has ended."""
    return lambda _: writer.close()


def length_of(asked: bytes) -> int:
    """Return the length of the body that a request announces."""
    for line in asked.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


@asynccontextmanager
async def open_door(behind: int) -> AsyncIterator[Door]:
    """Open a door before a server on this machine."""
    door = Door(behind)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(door.accept(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        # One that is cancelled before it has begun closes nothing itself.
        task.add_done_callback(closing(writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    door.port = server.sockets[0].getsockname()[1]
    try:
        yield door
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
