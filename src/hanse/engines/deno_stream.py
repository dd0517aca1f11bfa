"""A rendering in pieces from a Deno process: the guest makes no more of them than there is room for here."""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import AsyncIterator, Callable
from typing import Final

from hanse.engines.base import Shell
from hanse.engines.conversation import Conversation
from hanse.engines.frames import Frame, Kind
from hanse.errors import EngineError

__all__ = ["WINDOW", "DenoStream"]

# What may be under way unread, in bytes: what a connection takes in a few round trips.
WINDOW: Final = 256 << 10


class DenoStream:
    """A rendering under way.

    Args:
        conversation: What the guest says about it.
        seconds: How long it may be waited for, in all; the time its reader takes for itself does not count.
        credit: Lets the guest make so many bytes more.
        abandon: Gives it up.
        late: Gives it up because it is late, and returns what is to be said of that.
    """

    def __init__(
        self,
        conversation: Conversation,
        *,
        seconds: float,
        credit: Callable[[Conversation, int], None],
        abandon: Callable[[], None],
        late: Callable[[], EngineError],
    ) -> None:
        self._conversation = conversation
        self._left = seconds
        self._credit = credit
        self._abandon = abandon
        self._late = late
        self._shell: Shell | None = None
        self._modules: tuple[str, ...] = ()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules used so far; when the stream has ended, all of this call."""
        return self._modules

    async def shell(self) -> Shell:
        """Wait until the first piece is there.

        Raises:
            EngineError: The rendering failed before that; nothing has been given out.
        """
        if self._shell is None:
            head = (await self._next()).head
            self._modules = head.modules
            self._shell = Shell(status=head.status, head=head.head, modules=head.modules)
        return self._shell

    async def __aiter__(self) -> AsyncIterator[str]:
        """Iterate over the pieces of HTML.

        Raises:
            EngineError: It failed on the way.
        """
        await self.shell()
        while (frame := await self._next()).kind is Kind.PIECE:
            text = self._decoder.decode(frame.body)
            if text:
                yield text
            self._credit(self._conversation, len(frame.body))
        self._modules = frame.head.modules
        if rest := self._decoder.decode(b"", final=True):
            yield rest

    async def aclose(self) -> None:
        """End it; where it is still under way it is cancelled."""
        self._abandon()

    async def _next(self) -> Frame:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(max(self._left, 0)):
                return await self._conversation.next()
        except TimeoutError:
            raise self._late() from None
        finally:
            self._left -= loop.time() - began
