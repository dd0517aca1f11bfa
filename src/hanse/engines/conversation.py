"""One call under way in a process: what the guest has said about it so far, and what is still to be said."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from hanse.engines.frames import Frame, FrameError, Kind
from hanse.errors import EngineError

__all__ = ["Conversation", "failure_of"]

LAST: Final = frozenset({Kind.ANSWER, Kind.FAILURE, Kind.CANCELLED})
OF_STREAMS: Final = frozenset({Kind.SHELL, Kind.PIECE})


class Conversation:
    """What the guest says about one call, in order, for one that listens.

    Args:
        number: The call's number.
        subject: What it is about, for errors.
        streaming: Whether it may have pieces.
        most: The bytes of all its pieces.

    Attributes:
        ended: Whether the guest has said its last word.
        abandoned: Whether nobody listens any more.
        shown: Whether a first piece has come: then it cannot be begun anew elsewhere.
    """

    def __init__(self, number: int, *, subject: str, streaming: bool, most: int) -> None:
        self.number = number
        self.subject = subject
        self.ended = False
        self.abandoned = False
        self.shown = False
        self._streaming = streaming
        self._left = most
        self._frames: deque[Frame] = deque()
        self._error: EngineError | None = None
        self._waiting: asyncio.Future[None] | None = None

    def take(self, frame: Frame) -> None:
        """Note what the guest says.

        Raises:
            FrameError: It may not say that here.
        """
        if frame.kind in OF_STREAMS and not self._streaming:
            raise FrameError("a piece of a stream where there is none")
        if frame.kind not in LAST and frame.kind not in OF_STREAMS:
            raise FrameError(f"{frame.kind.name} in the middle of a call")
        self._left -= len(frame.body)
        if self._left < 0:
            raise FrameError("more output than is allowed")
        self.ended = frame.kind in LAST
        self.shown = self.shown or frame.kind in OF_STREAMS
        if not self.abandoned:
            self._frames.append(frame)
            self._wake()

    def fail(self, error: EngineError) -> None:
        """End it from this side."""
        self.ended = True
        if self._error is None:
            self._error = error
        self._wake()

    def expire(self, error: EngineError) -> None:
        """Wait no longer for what is said next; the guest has still to say its last word."""
        self._error = error
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def next(self) -> Frame:
        """Wait for what is said next; never a failure.

        Raises:
            EngineError: The guest says that it failed, or ended.
        """
        while not self._frames:
            if self._error is not None:
                raise self._error
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        frame = self._frames.popleft()
        if frame.kind is Kind.FAILURE:
            raise failure_of(frame, self.subject)
        return frame


def failure_of(frame: Frame, subject: str) -> EngineError:
    """Return the error that a guest tells of."""
    head = frame.head
    return EngineError(
        head.message or "it failed without a word",
        reason=head.reason or "threw",
        subject=head.subject or subject,
        hint=head.hint,
        stack=head.stack,
    )
