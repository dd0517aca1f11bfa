"""What stands before the servers of builds: latency, faults, and an account of what was asked for.

It speaks HTTP/1.1 as far as it must: one request at a time on a connection, bodies with a length.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

__all__ = ["FAULTS", "Account", "Front"]

# Two hundred megabytes, which nobody's builds weigh.
FLOOD = 200_000_000
BLOCK = 1_000_000
HANG = 120.0
PIECE = 1 << 18
SCRIPT = (
    b"const page = { __esModule: true, default: () => 'not asked for' };\n"
    b"module.exports = { shop: { init() {}, get: async () => () => page } };\n"
)
Fault = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Account:
    """What was asked for since the last look.

    `trips` is how many requests one after another were needed: a request comes one later than every one whose
    answer had begun to arrive when it was sent.
    """

    requests: int = 0
    connections: int = 0
    trips: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Front:
    """Forwards to the server at `port`, later by `delay` seconds in each direction.

    `faults` says which fault is played to whoever asks for the files of a remote.
    """

    port: int
    delay: float = 0.0
    faults: dict[str, str] = field(default_factory=dict)
    account: Account = field(default_factory=Account)
    lines: set[Line] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a new connection, in a task that may be cancelled at the end."""
        task = asyncio.create_task(self.answer(reader, writer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        line = Line(self, reader, writer, opened=asyncio.get_running_loop().time())
        self.account.connections += 1
        self.lines.add(line)
        try:
            await line.forward()
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever asked is gone, which is no fault here
        finally:
            self.lines.discard(line)
            await line.close()

    def close_lines(self) -> None:
        """Close every connection, so that the next request needs a new one."""
        for line in self.lines:
            line.writer.close()


@dataclass(slots=True, eq=False)
class Line:
    """One connection through the front, and the one behind it."""

    front: Front
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    opened: float
    trip: int = 0
    behind: asyncio.StreamWriter | None = None
    back: list[asyncio.Task[None]] = field(default_factory=list)

    async def forward(self) -> None:
        """Pass requests on, or play the fault that is set."""
        delay = self.front.delay
        while True:
            head = await self.reader.readuntil(b"\r\n\r\n")
            body = await self.reader.readexactly(read_length(head))
            now = asyncio.get_running_loop().time()
            self.front.account.requests += 1
            self.trip = self.front.account.trips + 1
            # The handshake of a connection takes a round trip, which on the loopback interface it does not.
            await sleep_until(max(now, self.opened + 2 * delay) + delay)
            fault = self.front.faults.get(head.split(b" ", 2)[1].decode().split("/", 2)[1])
            if fault is not None:
                await FAULTS[fault](self.writer)
                return
            behind = self.behind or await self.connect()
            behind.write(head + body)
            await behind.drain()

    async def connect(self) -> asyncio.StreamWriter:
        """Connect to the server, and begin to pass on what it answers."""
        reader, self.behind = await asyncio.open_connection("127.0.0.1", self.front.port)
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self.back = [asyncio.create_task(self.read(reader, pieces)), asyncio.create_task(self.send(pieces))]
        return self.behind

    async def read(self, reader: asyncio.StreamReader, pieces: asyncio.Queue[tuple[float, bytes]]) -> None:
        """Take what the server answers, and note when it is due."""
        piece = b"-"
        while piece:
            piece = await reader.read(PIECE)
            pieces.put_nowait((asyncio.get_running_loop().time() + self.front.delay, piece))

    async def send(self, pieces: asyncio.Queue[tuple[float, bytes]]) -> None:
        """Send each piece when it is due."""
        while True:
            due, piece = await pieces.get()
            await sleep_until(due)
            if not piece:
                self.writer.close()
                return
            account = self.front.account
            account.trips = max(account.trips, self.trip)
            account.bytes += len(piece)
            self.writer.write(piece)
            await self.writer.drain()

    async def close(self) -> None:
        """Close both connections."""
        for task in self.back:
            task.cancel()
        for outcome in await asyncio.gather(*self.back, return_exceptions=True):
            if isinstance(outcome, Exception) and not isinstance(outcome, OSError):
                raise outcome
        for writer in (self.behind, self.writer):
            if writer is not None:
                writer.close()


async def sleep_until(due: float) -> None:
    """Sleep until a time of the loop's clock."""
    left = due - asyncio.get_running_loop().time()
    if left > 0:
        await asyncio.sleep(left)


def read_length(head: bytes) -> int:
    """Return the length of the body that a request announces."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def write_head(status: str, media: str, length: int, **more: str) -> bytes:
    """Write the head of a response; `content_encoding` stands for `content-encoding`."""
    fields = {
        "content-type": media,
        "content-length": str(length),
        "connection": "close",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode()


async def fail_with_script(writer: asyncio.StreamWriter) -> None:
    """Answer 500 with a body that is JavaScript, and a container at that."""
    await finish(
        writer, write_head("500 Internal Server Error", "application/javascript", len(SCRIPT)) + SCRIPT
    )


async def miss_with_page(writer: asyncio.StreamWriter) -> None:
    """Answer 404 with a page of HTML."""
    body = b"<!doctype html><title>Not found</title><h1>Not found</h1>"
    await finish(writer, write_head("404 Not Found", "text/html", len(body)) + body)


async def hang(_: asyncio.StreamWriter) -> None:
    """Answer nothing, for longer than anybody waits."""
    await asyncio.sleep(HANG)


async def drop(writer: asyncio.StreamWriter) -> None:
    """Close the connection without an answer."""
    writer.transport.abort()


async def truncate(writer: asyncio.StreamWriter) -> None:
    """Send half of what was announced, and close."""
    head = write_head("200 OK", "application/javascript", 2 * len(SCRIPT))
    await finish(writer, head + SCRIPT)


async def flood(writer: asyncio.StreamWriter) -> None:
    """Send two hundred megabytes, which are a comment if somebody runs them."""
    writer.write(write_head("200 OK", "application/javascript", FLOOD))
    block = b"/*" + b" " * (BLOCK - 5) + b"*/\n"
    for _ in range(FLOOD // BLOCK):
        writer.write(block)
        await writer.drain()
    await finish(writer, b"")


async def send_bomb(writer: asyncio.StreamWriter) -> None:
    """Send two hundred kilobytes that are two hundred megabytes when they are unpacked."""
    body = await asyncio.to_thread(pack_bomb)
    await finish(
        writer, write_head("200 OK", "application/javascript", len(body), content_encoding="gzip") + body
    )


def pack_bomb() -> bytes:
    """Pack two hundred megabytes of blanks."""
    packer = zlib.compressobj(wbits=31)
    pieces = [packer.compress(b" " * BLOCK) for _ in range(FLOOD // BLOCK)]
    return b"".join([*pieces, packer.flush()])


async def finish(writer: asyncio.StreamWriter, piece: bytes) -> None:
    """Send the last piece, and close."""
    writer.write(piece)
    with suppress(OSError):
        await writer.drain()
        writer.close()
        await writer.wait_closed()


FAULTS: Mapping[str, Fault] = {
    "500 with JavaScript": fail_with_script,
    "404 with HTML": miss_with_page,
    "hang": hang,
    "drop": drop,
    "truncation": truncate,
    "200 MB": flood,
    "gzip bomb": send_bomb,
}
