"""Begin to keep a federation current where nothing tells that a process has started: WSGI, Django."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Final

from hanse.errors import DeadlineError, HanseError
from hanse.federation import Federation
from hanse.federation.background import background_loop, run_in, submit
from hanse.limits import LIMITS, Limits

__all__ = ["Starter", "home_of"]

# A manifest that could not be had is not asked for again at each request, but this many seconds later.
RETRY: Final = 5.0


def home_of(federation: Federation) -> asyncio.AbstractEventLoop:
    """Return the event loop that a federation lives on in this process, or would."""
    keeper = federation.keeper
    return background_loop() if keeper is None else keeper.loop


class Starter:
    """Starts a federation when it is first needed; in a forked process anew.

    Only the very first snapshot is waited for. Where it cannot be had, those who come within the next
    seconds are told at once.
    """

    def __init__(self, federation: Federation, limits: Limits = LIMITS) -> None:
        self._federation = federation
        self._deadline = limits.answer_deadline
        self._failure: tuple[float, HanseError] | None = None

    @property
    def running(self) -> bool:
        """Whether there is nothing to start: it is kept current here, or was closed."""
        federation = self._federation
        return federation.closed or (federation.keeper is not None and federation.has_snapshot)

    def ensure(self) -> None:
        """See to it that there is a snapshot.

        Raises:
            HanseError: There is none, and none can be had.
        """
        if self.running:
            return
        if self._federation.has_snapshot:
            self.begin()
        else:
            run_in(home_of(self._federation), self._start())

    async def ensure_async(self) -> None:
        """See to it that there is a snapshot, from whichever event loop this is.

        Raises:
            HanseError: There is none, and none can be had.
        """
        if self.running:
            return
        if self._federation.has_snapshot:
            self.begin()
            return
        starting = asyncio.run_coroutine_threadsafe(self._start(), home_of(self._federation))
        await asyncio.wrap_future(starting)

    def begin(self) -> None:
        """Start the federation, if need be, and wait for nothing."""
        if not self.running:
            submit(home_of(self._federation), self._start())

    async def attempt(self) -> None:
        """See to it that there is a snapshot if one can be had, on the federation's own loop."""
        with suppress(HanseError):
            await self.ensure_async()

    async def _start(self) -> None:
        """Start the federation, on its own loop.

        Raises:
            HanseError: It has nothing to serve, or had not a moment ago.
        """
        if self.running:
            return
        if self._failure is not None and time.monotonic() - self._failure[0] < RETRY:
            raise self._failure[1].with_traceback(None)
        try:
            async with asyncio.timeout(self._deadline):
                await self._federation.start()
        except HanseError as error:
            self._failure = (time.monotonic(), error)
            raise
        except TimeoutError:
            late = DeadlineError("there was no snapshot in time", subject=self._federation.source)
            self._failure = (time.monotonic(), late)
            raise late from None
        self._failure = None
