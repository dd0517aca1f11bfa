"""How long a page waits for its fragments together: only while one is under way, the time counts."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Budget"]


class Budget:
    """The time of one page; fragments that are rendered at once use it together, each as a context.

    Args:
        seconds: How much there is.
        clock: Seconds, monotonic.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._spent = 0.0
        self._since = 0.0
        self._running = 0

    @property
    def left(self) -> float:
        """Seconds that are left; none or fewer where it is used up."""
        under_way = self._clock() - self._since if self._running else 0.0
        return self._seconds - self._spent - under_way

    def __enter__(self) -> None:
        """Use it for as long as the block runs."""
        if not self._running:
            self._since = self._clock()
        self._running += 1

    def __exit__(self, *_: object) -> None:
        self._running -= 1
        if not self._running:
            self._spent += self._clock() - self._since
