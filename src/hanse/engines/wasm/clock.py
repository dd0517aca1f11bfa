"""The one thread that lets machines notice that time passes: it counts wasmtime's epochs up.

It runs only while a machine does, and ends with its engine.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from wasmtime import Engine

__all__ = ["TICK", "Clock"]

TICK: Final = 0.01
"""Seconds between two epochs: how exactly a machine's deadline is kept."""


class Clock:
    """Counts an engine's epochs up while something runs in it.

    Args:
        engine: Whose epochs.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changed = threading.Condition()
        self._running = 0
        self._thread: threading.Thread | None = None
        self._ended = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Tick for as long as this context is open."""
        with self._changed:
            self._running += 1
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(target=self._tick, name="hanse-epochs", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _tick(self) -> None:
        due = time.monotonic()
        while self._wait_until_needed():
            time.sleep(TICK)
            # As many as time has passed: a thread that slept too long must not make deadlines longer.
            now = time.monotonic()
            due = max(due, now - 1.0)
            while due < now:
                self._engine.increment_epoch()
                due += TICK

    def _wait_until_needed(self) -> bool:
        with self._changed:
            # Machines that still run when the engine ends must be ended by their deadlines.
            while self._running == 0 and not self._ended:
                self._changed.wait()
            return self._running > 0 or not self._ended
