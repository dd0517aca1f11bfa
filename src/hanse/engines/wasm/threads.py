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
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(set_outcome: Callable[[], None]) -> None:
        if not future.done():
            set_outcome()

    def run() -> None:
        try:
            outcome = partial(future.set_result, work())
        except BaseException as raised:  # noqa: BLE001 -- it is raised again where it is awaited
            outcome = partial(future.set_exception, raised)
        # Nobody waits any more where the loop is closed.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, outcome)

    with _starting:
        before = threading.stack_size(STACK)
        try:
            threading.Thread(target=run, name=name, daemon=True).start()
        finally:
            threading.stack_size(before)
    return future
