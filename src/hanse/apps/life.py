"""The life of an app's federation, from its server's start to its end: it asks the server it lives in."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hanse.errors import HanseError
from hanse.federation import Federation

__all__ = ["Life"]

LOG: Final = logging.getLogger("hanse.apps")
LAST_WORDS: Final = ("lifespan.startup.failed", "lifespan.shutdown.complete", "lifespan.shutdown.failed")
# How long to wait before this app's own server is asked again: it may not listen yet.
WAITS: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
# What a visitor of an app that is starting waits.
PATIENCE: Final = 10.0


class Life:
    """Starts and ends a federation with the server it is served by.

    Args:
        name: The app, which is one of the federation's remotes.
        federation: The federation.
        own: The app's own Python, which is told of start and end, too.
        closing: Closes what else lives as long.
    """

    def __init__(
        self,
        name: str,
        federation: Federation,
        own: ASGIApp | None,
        *,
        closing: Callable[[], Awaitable[None]],
    ) -> None:
        self._name = name
        self._federation = federation
        self._own = own
        self._closing = closing
        self._ready = asyncio.Event()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve ASGI's lifespan."""
        beginning = asyncio.create_task(self._begin())

        async def end(message: Message) -> None:
            # With the last word the server ends its loop: all that lives on it has to be closed before.
            if message["type"] in LAST_WORDS:
                await self._end(beginning)
            await send(message)

        try:
            await (obey(receive, end) if self._own is None else self._own(scope, receive, end))
        finally:
            await self._end(beginning)

    async def is_ready(self) -> bool:
        """Wait until there is something to show, for as long as a visitor waits."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), PATIENCE)
        return self._federation.has_snapshot

    async def _begin(self) -> None:
        """Start the federation, and ask again until the app is a part of it."""
        federation = self._federation
        try:
            await federation.start()
            for wait in WAITS:
                if self._name in federation.snapshot.plan.remotes:
                    break
                await asyncio.sleep(wait)
                await federation.refresh()
            await federation.server_settled()
        except HanseError as error:
            LOG.error("%s: %s", self._name, error)
        self._ready.set()

    async def _end(self, beginning: asyncio.Task[None]) -> None:
        beginning.cancel()
        await asyncio.gather(beginning, return_exceptions=True)
        await self._federation.aclose()
        await self._closing()


async def obey(receive: Receive, send: Send) -> None:
    """Say that all is well, where nothing else has to start or end."""
    while True:
        message = await receive()
        kind = message["type"].removeprefix("lifespan.")
        await send({"type": f"lifespan.{kind}.complete"})
        if kind == "shutdown":
            return
