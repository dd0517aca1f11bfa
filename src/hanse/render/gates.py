"""The gate before each remote: a breaker, and room for so many calls at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from hanse.errors import BreakerError, EngineError
from hanse.limits import Limits
from hanse.net import BreakerState
from hanse.net.breaker import Breaker
from hanse.render.faults import TELLING, Fault, RenderError, fault_of

__all__ = ["Gate", "Gates"]


class Gate:
    """The gate before one build of a remote.

    Args:
        remote: The remote.
        build: The digest of its build: another one is judged anew.
        limits: `remote_calls`, `remote_queue` and those of the breaker are used.
        clock: Seconds, monotonic.
    """

    def __init__(self, remote: str, build: str, limits: Limits, clock: Callable[[], float]) -> None:
        self.build = build
        self._remote = remote
        self._limits = limits
        self._breaker = Breaker(limits, clock)
        self._room = asyncio.Semaphore(limits.remote_calls)
        self._waiting = 0

    @property
    def state(self) -> BreakerState:
        """How its breaker stands."""
        return self._breaker.state()

    @asynccontextmanager
    async def enter(self, seconds: float) -> AsyncIterator[None]:
        """Let a call through, and learn from how it ends.

        Args:
            seconds: How long it may wait for its turn.

        Raises:
            RenderError: The breaker is open, or too many wait already, or its turn did not come in time.
        """
        with self._judge():
            await self._take_room(seconds)
            try:
                yield
            finally:
                self._room.release()

    @contextmanager
    def _judge(self) -> Iterator[None]:
        """Ask the breaker, and tell it what came of it."""
        try:
            permit = self._breaker.admit(self._remote)
        except BreakerError as error:
            failures = self._limits.breaker_failures
            message = f"it gave no answer {failures} times in a row and is left alone; {error.hint}"
            raise RenderError(Fault("breaker", message)) from None
        try:
            yield
        except Exception as error:
            # What threw has answered, if not well: its properties may be at fault, and it was quick.
            blameless = isinstance(error, EngineError) and error.blameless
            telling = fault_of(error).reason in TELLING and not blameless
            (self._breaker.fail if telling else self._breaker.release)(permit)
            raise
        except BaseException:
            self._breaker.release(permit)
            raise
        self._breaker.succeed(permit)

    async def _take_room(self, seconds: float) -> None:
        """Wait until there is room."""
        if not self._room.locked():
            await self._room.acquire()
            return
        if self._waiting >= self._limits.remote_queue:
            raise RenderError(Fault("busy", f"{self._waiting} calls of it are waiting already"))
        self._waiting += 1
        try:
            async with asyncio.timeout(seconds):
                await self._room.acquire()
        except TimeoutError:
            message = f"it has {self._limits.remote_calls} calls under way, and none ended in time"
            raise RenderError(Fault("busy", message)) from None
        finally:
            self._waiting -= 1


class Gates:
    """The gates of all remotes, on one event loop.

    Args:
        limits: The caps.
        clock: Seconds, monotonic.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._gates: dict[str, Gate] = {}

    def find(self, remote: str, build: str) -> Gate:
        """Return the gate of a remote's build; that of another build is forgotten."""
        gate = self._gates.get(remote)
        if gate is None or gate.build != build:
            gate = self._gates[remote] = Gate(remote, build, self._limits, self._clock)
        return gate

    def states(self) -> dict[str, BreakerState]:
        """Return how the breakers stand, by remote."""
        return {remote: gate.state for remote, gate in tuple(self._gates.items())}
