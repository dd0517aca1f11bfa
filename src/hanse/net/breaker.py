"""A breaker for each origin: one that keeps failing is left alone for a while, then tried once.

closed -> (failures in a row) -> open -> (time) -> half-open, one probe -> closed or open again, longer.
The shape and the default numbers follow Envoy's outlier detection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hanse.errors import BreakerError
from hanse.limits import Limits

__all__ = ["Breaker", "BreakerState", "Permit"]

Phase = Literal["closed", "open", "half-open"]


@dataclass(frozen=True, slots=True)
class BreakerState:
    """A breaker as health and metrics show it; `retry_in` is in seconds, 0 unless it is open."""

    phase: Phase
    failures: int
    ejections: int
    retry_in: float


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to send one request; its outcome counts only while the breaker's `epoch` is the same."""

    epoch: int


class Breaker:
    """Decides whether an origin is asked, from how its last answers went.

    Args:
        limits: `breaker_failures`, `breaker_open` and `breaker_open_most` are used.
        clock: Seconds, monotonic.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._failures = 0
        self._ejections = 0
        self._open_until: float | None = None
        self._probing = False
        self._epoch = 0

    def check(self, url: str) -> None:
        """Raise if a request would be refused now.

        Raises:
            BreakerError: The breaker is open, or its one probe is under way.
        """
        state = self.state()
        if state.phase == "open" or self._probing:
            when = f"in {state.retry_in:.0f} s" if state.retry_in > 0 else "as soon as its probe has answered"
            raise BreakerError(
                f"its origin has failed {self._limits.breaker_failures} times in a row and is left alone",
                subject=url,
                hint=f"it is tried again {when}; see whether that origin is up",
            )

    def admit(self, url: str) -> Permit:
        """Give leave to send a request; give the permit back to `succeed`, `fail` or `release`.

        Raises:
            BreakerError: As `check` does.
        """
        self.check(url)
        if self._open_until is not None:
            self._probing = True
        return Permit(self._epoch)

    def succeed(self, permit: Permit) -> None:
        """Note that the origin answered."""
        if permit.epoch != self._epoch:
            return
        if self._open_until is not None:
            self._close()
        else:
            # An origin that flaps stays suspect: each success in peace takes back one ejection.
            self._ejections = max(0, self._ejections - 1)
        self._failures = 0

    def fail(self, permit: Permit) -> None:
        """Note that the origin did not answer, or answered that it cannot."""
        if permit.epoch != self._epoch:
            return
        self._failures += 1
        if self._open_until is not None or self._failures >= self._limits.breaker_failures:
            self._open()

    def release(self, permit: Permit) -> None:
        """Note that nothing was learned: the request was given up by those who asked."""
        if permit.epoch == self._epoch:
            self._probing = False

    def state(self) -> BreakerState:
        """Return the state as of now."""
        if self._open_until is None:
            return BreakerState("closed", self._failures, self._ejections, 0.0)
        remaining = max(0.0, self._open_until - self._clock())
        phase: Phase = "open" if remaining > 0 else "half-open"
        return BreakerState(phase, self._failures, self._ejections, remaining)

    def _open(self) -> None:
        longest = self._limits.breaker_open_most
        # The exponent is bounded, or a week of outage would overflow a float.
        wait = min(longest, self._limits.breaker_open * 2.0 ** min(self._ejections, 16))
        self._open_until = self._clock() + wait
        self._ejections += 1
        self._turn()

    def _close(self) -> None:
        self._open_until = None
        self._turn()

    def _turn(self) -> None:
        self._probing = False
        self._epoch += 1
