"""Who wants to be called when something has happened."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, Generic, ParamSpec

__all__ = ["Listeners"]

LOG: Final = logging.getLogger("hanse.federation")

P = ParamSpec("P")


class Listeners(Generic[P]):
    """Functions that are called with the same arguments, in the order they were added.

    They may be added and removed in any thread: each step is one of a dictionary, which is atomic. A lock
    could be held by a thread that a forked process does not have.
    """

    def __init__(self) -> None:
        self._listeners: dict[object, Callable[P, object]] = {}

    def add(self, listener: Callable[P, object]) -> Callable[[], None]:
        """Add a listener; return what removes it."""
        ticket = object()
        self._listeners[ticket] = listener

        def end() -> None:
            self._listeners.pop(ticket, None)

        return end

    def tell(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call all of them; what one raises is logged, and the others are called all the same."""
        for listener in tuple(self._listeners.values()):
            try:
                listener(*args, **kwargs)
            except Exception:
                LOG.exception("a listener of the federation failed; the snapshot is in use all the same")
