"""Hearing that a server is about to end, so that streams which never end by themselves do not hold it up.

ASGI has no word for it: servers wait for all responses first, and tell the application afterwards. What tells
it in time is the signal itself, which is passed on to the server's own handler.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

__all__ = ["ending_at_signals"]

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

Handler = Callable[[int, FrameType | None], object]


class Tap:
    """Listens to signals before whoever handled them so far, in the main thread, while anybody wants to."""

    def __init__(self) -> None:
        self._callers: dict[object, Callable[[], None]] = {}
        self._handlers: dict[int, tuple[Handler, Handler]] = {}

    def add(self, ticket: object, call: Callable[[], None]) -> None:
        """Call something at a signal, too."""
        self._callers[ticket] = call
        for number in SIGNALS:
            before = signal.getsignal(number)
            mine, _ = self._handlers.get(number, (None, None))
            # What the system does by itself ends the process at once: there is nothing to add.
            if callable(before) and before is not mine:
                self._put(number, before)

    def remove(self, ticket: object) -> None:
        """Call it no more; with the last one, the handlers from before are put back."""
        self._callers.pop(ticket, None)
        if self._callers:
            return
        for number, (mine, before) in self._handlers.items():
            if signal.getsignal(number) is mine:
                signal.signal(number, before)
        self._handlers.clear()

    def _put(self, number: int, before: Handler) -> None:
        def handle(caught: int, frame: FrameType | None) -> None:
            for call in [*self._callers.values()]:
                call()
            before(caught, frame)

        self._handlers[number] = (handle, before)
        signal.signal(number, handle)


TAP: Final = Tap()


@contextmanager
def ending_at_signals(end: Callable[[], None]) -> Iterator[None]:
    """Have something called on the running loop as soon as the process is told to end.

    Outside the main thread nothing is done: signals are not to be heard there, and whoever runs a loop in
    another thread ends it himself.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop, ticket = asyncio.get_running_loop(), object()

    def call() -> None:
        # A handler runs between any two steps of the program, so it only leaves a note for the loop.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(end)

    TAP.add(ticket, call)
    try:
        yield
    finally:
        TAP.remove(ticket)
