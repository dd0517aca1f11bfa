"""Begin to keep a federation current where nothing tells that a process has started: WSGI, Django."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Failure:
    """That there was nothing to serve: why, when (on the monotonic clock), and in which process."""

    error: HanseError
    time: float
    process: int


class Starter:
    """Starts a federation when it is first needed; in a forked process anew.

    Only the very first attempt is waited for. As long as there is no snapshot after it, those who need one
    are told why at once, and their coming is the occasion for the next attempt in the background.
    """

    def __init__(self, federation: Federation, limits: Limits = LIMITS) -> None:
        self._federation = federation
        self._deadline = limits.answer_deadline
        self._failure: Failure | None = None

    @property
    def running(self) -> bool:
        """Whether there is nothing to start: it is kept current here, or was closed."""
        federation = self._federation
        return federation.closed or (federation.keeper is not None and federation.has_snapshot)

    def ensure(self) -> None:
        """See to it that there is a snapshot.

        Raises:
            HanseError: There is none, for none could be had.
        """
        if self._must_wait():
            run_in(home_of(self._federation), self._start())

    async def ensure_async(self) -> None:
        """See to it that there is a snapshot, from whichever event loop this is.

        Raises:
            HanseError: There is none, for none could be had.
        """
        if self._must_wait():
            starting = asyncio.run_coroutine_threadsafe(self._start(), home_of(self._federation))
            await asyncio.wrap_future(starting)

    async def attempt(self) -> None:
        """See to it that there is a snapshot if one can be had."""
        with suppress(HanseError):
            await self.ensure_async()

    def begin(self) -> None:
        """Start the federation, if need be, and wait for nothing."""
        if not self.running:
            submit(home_of(self._federation), self._start())

    def _must_wait(self) -> bool:
        """Start what need not be waited for, and tell whether that was all.

        Raises:
            HanseError: The last attempt failed.
        """
        if self.running:
            return False
        failure = self._failure
        failed_here = failure is not None and failure.process == os.getpid()
        if self._federation.has_snapshot or failed_here:
            self.begin()
        if failure is not None and failed_here and not self._federation.has_snapshot:
            raise failure.error.with_traceback(None)
        return not self._federation.has_snapshot

    async def _start(self) -> None:
        """Start the federation, on its own loop.

        Raises:
            HanseError: It has nothing to serve, or had not a moment ago.
        """
        failure = self._failure
        if self.running or (failure is not None and time.monotonic() - failure.time < RETRY):
            return
        try:
            async with asyncio.timeout(self._deadline):
                await self._federation.start()
        except TimeoutError:
            late = DeadlineError("there was no snapshot in time", subject=self._federation.source)
            self._failure = Failure(late, time.monotonic(), os.getpid())
            raise late from None
        except HanseError as error:
            self._failure = Failure(error, time.monotonic(), os.getpid())
            raise
        self._failure = None
