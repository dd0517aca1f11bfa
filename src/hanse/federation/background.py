"""One event loop for code that does not await: one in each process, in a thread that is made when needed."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Coroutine
from typing import Final, TypeVar

from hanse.errors import UsageError

__all__ = ["background_loop", "run_in", "submit"]

T = TypeVar("T")

# How long the end of the process waits for the loop's tasks to end, in seconds.
PARTING: Final = 2.0
# A task that ends can have begun another one, such as an attempt to connect, that must end, too.
ROUNDS: Final = 3


class Thread:
    """A thread with a running event loop."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hanse-federation", daemon=True)
        self._thread.start()
        self._ready.wait()

    def _run(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._ready.set()
        try:
            self.loop.run_forever()
        finally:
            # Not by an `asyncio.Runner`: it begins a thread to end those of the executor, which some
            # versions of Python forbid at the end of the process. They have ended themselves by then.
            self.loop.run_until_complete(end_tasks())
            self.loop.close()

    def stop(self) -> None:
        """End the loop."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PARTING)


async def end_tasks() -> None:
    """Cancel all tasks of this loop but the present one, and let them clean up."""
    for _ in range(ROUNDS):
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


class Process:
    """What there is one of in a process: the thread, and the lock that its making is under."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.thread: Thread | None = None


# What a forked process has from its parent is kept and left alone: the parent's thread is not in it, and
# closing the parent's loop would take the parent's sockets off the poll set both have.
INHERITED: Final[list[Process]] = []
HERE: Final = [Process()]


def background_loop() -> asyncio.AbstractEventLoop:
    """Return this process's loop, which is started when it is first asked for."""
    here = HERE[0]
    with here.lock:
        if here.thread is None:
            here.thread = Thread()
        return here.thread.loop


def submit(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[None, None, object]) -> None:
    """Run a coroutine on a loop without waiting for it; its error is nobody's."""
    future = asyncio.run_coroutine_threadsafe(coroutine, loop)
    future.add_done_callback(lambda done: done.cancelled() or done.exception())


def run_in(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[None, None, T]) -> T:
    """Run a coroutine on a loop of another thread, and wait for it.

    Raises:
        UsageError: The loop is that of the calling thread, which would wait for itself.
        Exception: What the coroutine raised.
    """
    if is_running_here(loop):
        coroutine.close()
        raise UsageError(
            "this would block the event loop it waits for",
            subject="SyncFederation",
            hint="await the federation's own methods here, or call this in another thread",
        )
    future = asyncio.run_coroutine_threadsafe(coroutine, loop)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def is_running_here(loop: asyncio.AbstractEventLoop) -> bool:
    """Tell whether a loop is the one the calling thread is running."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def forget_parent() -> None:
    """Begin anew in a forked process."""
    INHERITED.append(HERE[0])
    HERE[0] = Process()


def stop_thread() -> None:
    """End this process's loop."""
    thread = HERE[0].thread
    if thread is not None:
        thread.stop()


os.register_at_fork(after_in_child=forget_parent)
atexit.register(stop_thread)
