"""Events for pages under development: which remote was built anew, which fails, and which is well again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from hanse.federation import Federation, News, Subscription
from hanse.limits import Limits
from hanse.web.overrides import read_cookie
from hanse.web.replies import ALWAYS, NO_CONTENT_POLICY
from hanse.web.stopping import ending_at_signals

__all__ = ["give_events", "write_event"]

# The fields of a stream that is not to be kept, changed or held back by anybody on the way.
HEADERS: Final = {
    **ALWAYS,
    "cache-control": "no-store, no-transform",
    "content-security-policy": NO_CONTENT_POLICY,
    "cross-origin-resource-policy": "same-origin",
    "x-accel-buffering": "no",
}
HEARTBEAT: Final = b": still here\n\n"


async def give_events(federation: Federation, limits: Limits, request: Request) -> Response:
    """Answer with a stream of events, which ends when the federation or the server does.

    Raises:
        HTTPException: The federation is not being developed (404).
        UsageError: As many pages listen as may, or the server is about to end (503).
    """
    if not federation.development:
        raise HTTPException(404)
    if request.method == "HEAD":
        return Response(headers=HEADERS, media_type="text/event-stream")
    # Which events a page hears is no secret; what it has in it was decided when it was opened.
    overrides = read_cookie(request.cookies)
    return EventResponse(federation, overrides, limits.event_heartbeat)


class EventResponse(StreamingResponse):
    """A stream that gives its subscription back, however it ends, also before it has begun.

    Args:
        federation: Who is listened to.
        overrides: Those of the page that listens.
        heartbeat: Seconds without an event after which a comment is sent.

    Raises:
        UsageError: As many pages listen as may, or the server is about to end.
    """

    def __init__(self, federation: Federation, overrides: Mapping[str, str], heartbeat: float) -> None:
        self._federation = federation
        self._subscription = federation.subscribe(overrides)
        stream = stream_events(self._subscription, heartbeat)
        super().__init__(stream, headers=HEADERS, media_type="text/event-stream")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is until the caller hangs up."""
        try:
            with ending_at_signals(self._federation.hang_up):
                await super().__call__(scope, receive, send)
        finally:
            self._subscription.close()


async def stream_events(subscription: Subscription, heartbeat: float) -> AsyncGenerator[bytes]:
    """Yield events as they come, and a comment where none has come for so many seconds.

    The first comment comes at once: some servers send no headers before there is something to follow them.
    """
    yield HEARTBEAT
    while True:
        try:
            async with asyncio.timeout(heartbeat):
                news = await anext(subscription)
        except TimeoutError:
            yield HEARTBEAT
        except StopAsyncIteration:
            return
        else:
            yield write_event(news)


def write_event(news: News) -> bytes:
    """Write one event; its data is JSON, and so has no line ends."""
    data = {"remote": news.remote}
    if news.kind == "reload":
        data["snapshot"] = news.snapshot
    if news.kind == "failing":
        data["reason"] = news.reason
    return b"event: %b\ndata: %b\n\n" % (news.kind.encode(), msgspec.json.encode(data))
