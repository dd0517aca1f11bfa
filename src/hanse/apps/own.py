"""The app's own Python, which is asked for what is no page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["answer_first"]

START = "http.response.start"


async def answer_first(own: ASGIApp, scope: Scope, receive: Receive, send: Send) -> bool:
    """Let it answer; False where it has nothing, and somebody who reads pages is asking.

    Others, programs for instance, get its own answer of 404.
    """
    reads_pages = "text/html" in Request(scope).headers.get("accept", "")
    missing = False

    async def pass_on(message: Message) -> None:
        nonlocal missing
        if message["type"] == START:
            missing = reads_pages and message["status"] == 404
        if not missing:
            await send(message)

    await own(scope, receive, pass_on)
    return not missing
