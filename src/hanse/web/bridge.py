"""A federation's app inside a framework that is not ASGI's: Flask, Django.

The app runs on the federation's own event loop, wherever its callers run, and is made anew in each process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from starlette.types import ASGIApp

from hanse.federation import Federation
from hanse.federation.background import run_in
from hanse.limits import LIMITS, Limits
from hanse.web.conversation import Conversation, Part, Start
from hanse.web.problems import Problem, problem
from hanse.web.questions import Answer, Question
from hanse.web.server import create_app
from hanse.web.starting import Starter, home_of
from hanse.web.streams import Flow

__all__ = ["Bridge"]

# Says only that the process lives, which it does before anything is there.
ALIVE: Final = "/healthz"
BODILESS: Final = frozenset({204, 304})
FAULT: Final = "the server has a fault; its log says more"


@dataclass(eq=False, slots=True)
class Home:
    """The app of one event loop, of which locks inside it are part, and its streams under way."""

    loop: asyncio.AbstractEventLoop
    app: ASGIApp
    streams: set[Conversation] = field(default_factory=set)


class Bridge:
    """Asks a federation's app from outside of its event loop.

    Args:
        federation: What is served; it is started when it is first needed in a process.
        make_app: Makes the app; `hanse.web.create_app` if not given.
        streams: How many streams there may be at a time.
        limits: The caps on bodies and times.
    """

    def __init__(
        self,
        federation: Federation,
        *,
        make_app: Callable[[Federation], ASGIApp] = create_app,
        streams: int | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        self.limits = limits
        self.starter = Starter(federation, limits)
        self._federation = federation
        self._make_app = make_app
        self._streams = limits.streams_at_once if streams is None else streams
        self._home: Home | None = None

    def ask(self, question: Question) -> Answer:
        """Ask the app, and wait for its answer, or for the beginning of one that streams.

        An app that fails, or is too slow, answers with a problem document, 500 or 504.

        Raises:
            UsageError: This is the thread of the app's own event loop.
        """
        return run_in(home_of(self._federation), self._converse(question))

    async def ask_async(self, question: Question) -> Answer:
        """Ask the app from whichever event loop this is; else as `ask`."""
        loop = home_of(self._federation)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._converse(question), loop))

    async def _converse(self, question: Question) -> Answer:
        """Ask the app, on its loop."""
        home = self._settle()
        try:
            async with asyncio.timeout(self.limits.answer_deadline):
                await self._start(question)
                conversation = Conversation(home.app, question.scope(), question.body)
                try:
                    return await self._listen(home, conversation, bodiless=question.method == "HEAD")
                except BaseException:
                    conversation.leave()
                    raise
        except TimeoutError:
            return refuse(504, "the app did not answer in time")

    async def _start(self, question: Question) -> None:
        """Start the federation where need be; the app itself says that there is no snapshot yet."""
        if question.path == ALIVE:
            self.starter.begin()
            return
        await self.starter.attempt()

    async def _listen(self, home: Home, conversation: Conversation, *, bodiless: bool) -> Answer:
        """Take the beginning of an answer, and all of it where it comes in one part."""
        start = await conversation.next()
        if not isinstance(start, Start):
            conversation.leave()
            return refuse(500, FAULT)
        first = await conversation.next()
        if bodiless or start.status in BODILESS:
            conversation.leave()
            return Answer(start.status, start.headers)
        if not isinstance(first, Part):
            return refuse(500, FAULT)
        if not first.more:
            return Answer(start.status, start.headers, first.body)
        if len(home.streams) >= self._streams:
            conversation.leave()
            return refuse(503, "there are no more streams to be had here")
        home.streams.add(conversation)
        return Answer(
            start.status,
            start.headers,
            stream=Flow(home.loop, conversation, first.body, self.limits.stream_silence, home.streams),
        )

    def _settle(self) -> Home:
        """Return the app of the present event loop."""
        loop = asyncio.get_running_loop()
        if self._home is None or self._home.loop is not loop:
            self._home = Home(loop, self._make_app(self._federation))
        return self._home


def refuse(status: int, detail: str) -> Answer:
    """Answer instead of the app."""
    phrase = HTTPStatus(status).phrase
    headers = {"retry-after": "1"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    response = problem(Problem(title=phrase, status=status, detail=detail, code=f"HTTP-{status}"), headers)
    return Answer(response.status_code, tuple(response.headers.items()), bytes(response.body))
