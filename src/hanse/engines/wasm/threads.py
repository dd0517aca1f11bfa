"""Threads that machines run on: a new one for each call, with room for a machine's stack."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

__all__ = ["start_thread"]

Result = TypeVar("Result")
# A machine's stack is 2 MiB at most, and functions of Python's are called on top of it.
STACK: Final = 16 << 20
_starting: Final = threading.Lock()


def start_thread(work: Callable[[], Result], *, name: str) -> asyncio.Future[Result]:
    """Run a function on a thread of its own; the future has what it returns or raises.

    The thread is not waited for when the process ends. A future that is cancelled does not end it.
    """
    future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
    with _starting:
        before = threading.stack_size(STACK)
        try:
            threading.Thread(target=run, args=(work, future), name=name, daemon=True).start()
        finally:
            threading.stack_size(before)
    return future


def run(work: Callable[[], Result], future: asyncio.Future[Result]) -> None:
    """Do the work, and have its outcome set where the future belongs."""
    loop = future.get_loop()
    try:
        outcome = partial(future.set_result, work())
    except BaseException as raised:  # noqa: BLE001 -- it is raised again where it is awaited
        outcome = partial(future.set_exception, raised)
    # Nobody waits any more where the loop is closed.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(settle, future, outcome)
    # An error knows this frame: what it knew of the error, and all behind it, would be left to the collector.
    del future, outcome


def settle(future: asyncio.Future[Result], set_outcome: Callable[[], None]) -> None:
    """Set an outcome, if anybody still waits for it."""
    if not future.done():
        set_outcome()
