"""One request to an ASGI app, made by hand: what a server does, without the sockets."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import anyio
from starlette.types import ASGIApp, Message, Scope

__all__ = ["Conversation", "Part", "Start"]

LOG: Final = logging.getLogger("hanse.web")

# Messages that an app may be ahead of its reader: enough not to wait for each other, too few to fill memory.
AHEAD: Final = 8
# How long an app may go on after it was told that its reader has gone, in seconds.
PARTING: Final = 2.0
# These belong to one connection, and not to the answer (RFC 9110 §7.6.1, PEP 3333).
CONNECTION_HEADERS: Final = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)


@dataclass(frozen=True, slots=True)
class Start:
    """The beginning of an answer: its status, and its headers without those of the connection."""

    status: int
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the body, and whether more may come."""

    body: bytes
    more: bool


class Conversation:
    """Runs an app for one request, in a task of the present event loop.

    Args:
        app: Any ASGI app.
        scope: The request's scope.
        body: The request's whole body.
    """

    def __init__(self, app: ASGIApp, scope: Scope, body: bytes) -> None:
        self._body: bytes | None = body
        self._gone = asyncio.Event()
        self._sink, self._source = anyio.create_memory_object_stream[Start | Part](AHEAD)
        self._task = asyncio.get_running_loop().create_task(self._run(app, scope))
        self.fault: Exception | None = None

    async def next(self) -> Start | Part | None:
        """Return what the app says next; None where it has ended."""
        try:
            item = await self._source.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            item = None
        if item is None or (isinstance(item, Part) and not item.more):
            self._source.close()
        return item

    def leave(self) -> None:
        """Tell the app that its reader has gone, and end it if it does not end itself; idempotent."""
        self._gone.set()
        self._source.close()
        if not self._task.done():
            asyncio.get_running_loop().call_later(PARTING, self._task.cancel)

    async def _run(self, app: ASGIApp, scope: Scope) -> None:
        with self._sink:
            try:
                await app(scope, self._receive, self._send)
            except Exception as error:
                self.fault = error
                if not self._gone.is_set():
                    LOG.exception("the app failed at %s %s", scope["method"], scope["path"])

    async def _receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        item = read_message(message)
        # To send to somebody who has gone is no error before version 2.4 of the specification.
        with suppress(anyio.BrokenResourceError):
            await self._sink.send(item)
        if isinstance(item, Part) and not item.more:
            self._gone.set()


def read_message(message: Message) -> Start | Part:
    """Read what an app sends."""
    if message["type"] == "http.response.start":
        named = ((name.decode("latin-1"), text.decode("latin-1")) for name, text in message["headers"])
        kept = tuple(pair for pair in named if pair[0].lower() not in CONNECTION_HEADERS)
        return Start(message["status"], kept)
    return Part(bytes(message.get("body", b"")), message.get("more_body", False))
