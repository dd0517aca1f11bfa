"""An app that streams events."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

__all__ = ["Ticker"]


class Ticker:
    """Sends a tick after another until it is told to end; as Starlette streams events."""

    def __init__(self, *, pause: float = 0.01) -> None:
        self.pause = pause
        self.sent = 0
        self.ended = threading.Event()

    async def ticks(self) -> AsyncIterator[bytes]:
        while True:
            self.sent += 1
            yield f"event: tick\ndata: {self.sent}\n\n".encode()
            await asyncio.sleep(self.pause)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await StreamingResponse(self.ticks(), media_type="text/event-stream")(scope, receive, send)
        finally:
            # Not in the generator: one that is cancelled between two parts ends when it is collected.
            self.ended.set()
