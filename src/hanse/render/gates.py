"""The gate before each remote: a breaker, and room for so many calls at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hanse.errors import BreakerError, EngineError
from hanse.limits import Limits
from hanse.net import BreakerState
from hanse.net.breaker import Breaker, Permit
from hanse.render.faults import TELLING, Fault, RenderError, fault_of

__all__ = ["Gate", "Gates", "Passage"]


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

    def enter(self, seconds: float) -> Passage:
        """Let a call through, as a context, and learn from how it ends.

        Args:
            seconds: How long it may wait for its turn.

        Raises:
            RenderError: On entering: the breaker is open, or too many wait already, or its turn did not come
                in time.
        """
        return Passage(self, seconds)

    def admit(self) -> Permit:
        """Ask the breaker.

        Raises:
            RenderError: It is open.
        """
        try:
            return self._breaker.admit(self._remote)
        except BreakerError as error:
            failures = self._limits.breaker_failures
            message = f"it gave no answer {failures} times in a row and is left alone; {error.hint}"
            raise RenderError(Fault("breaker", message)) from None

    def judge(self, permit: Permit, error: BaseException | None) -> None:
        """Tell the breaker what came of a call."""
        if error is None:
            self._breaker.succeed(permit)
        elif isinstance(error, Exception) and is_telling(error):
            self._breaker.fail(permit)
        else:
            self._breaker.release(permit)

    def leave(self) -> None:
        """Give the room of a call back."""
        self._room.release()

    async def take_room(self, seconds: float) -> None:
        """Wait until there is room.

        Raises:
            RenderError: Too many wait already, or there was none in time.
        """
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


class Passage:
    """A call on its way through a gate: no generator, which would take longer, for every fragment has one.

    Args:
        gate: The gate.
        seconds: How long it may wait for its turn.
    """

    __slots__ = ("_gate", "_permit", "_seconds")

    def __init__(self, gate: Gate, seconds: float) -> None:
        self._gate = gate
        self._seconds = seconds

    async def __aenter__(self) -> None:
        self._permit = self._gate.admit()
        try:
            await self._gate.take_room(self._seconds)
        except BaseException as error:
            self._gate.judge(self._permit, error)
            raise

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        self._gate.leave()
        self._gate.judge(self._permit, error)


def is_telling(error: Exception) -> bool:
    """Tell whether an error says something of its remote's health.

    What threw has answered, if not well: its properties may be at fault, and it was quick.
    """
    if isinstance(error, EngineError) and error.blameless:
        return False
    return fault_of(error).reason in TELLING


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
