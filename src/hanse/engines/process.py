"""One supervised process: it has pipes and nothing else, and ends when it is told to, or with its parent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, cast

from hanse.errors import EngineError

__all__ = ["Process", "limit_data", "spawn"]

# How many bytes of its last words are kept of a process.
LAST_WORDS: Final = 8 << 10
STDIN, STDOUT, STDERR = 0, 1, 2
OUTPUTS: Final = (STDOUT, STDERR)
# How long the kernel may take to end a process that was killed.
KILLED_WITHIN: Final = 5.0


@cache
def guard_command() -> tuple[str, ...]:
    """Return what runs a program so that it dies with its parent and never gains privileges; on Linux alone.

    A process whose standard input ends leaves by itself, unless it is busy: then the kernel has to end it.
    """
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return () if setpriv is None else (setpriv, "--pdeathsig=KILL", "--no-new-privs", "--")


class Process(asyncio.SubprocessProtocol):
    """A running process, as `spawn` makes it: what it says is handed on where it arrives, by no task."""

    def __init__(self) -> None:
        self._running: asyncio.SubprocessTransport
        self._stdin: asyncio.WriteTransport
        self._heard: Callable[[bytes], None] = self._keep
        self._early: list[bytes] = []
        self._said = b""
        self._open = {*OUTPUTS}
        self._room = asyncio.Event()
        self._room.set()
        self._silent = asyncio.Event()
        self._exited = asyncio.Event()
        self._gone = asyncio.Event()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._running.get_pid()

    @property
    def returncode(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._running.get_returncode()

    @property
    def last_words(self) -> str:
        """What it wrote to its standard error last."""
        return self._said.decode("utf-8", "replace")

    @property
    def unread(self) -> int:
        """How many bytes wait to be written to it."""
        return self._stdin.get_write_buffer_size()

    def listen(self, heard: Callable[[bytes], None]) -> None:
        """Hand on what it writes to its standard output, from the first byte; `heard` must not raise."""
        self._heard = heard
        early, self._early = self._early, []
        for data in early:
            heard(data)

    def write(self, data: bytes) -> None:
        """Write to its standard input; what it does not take is lost with it."""
        if not self._stdin.is_closing():
            self._stdin.write(data)

    async def drain(self) -> None:
        """Wait until it has read most of what was written, or reads no more."""
        await self._room.wait()

    async def wait_silent(self) -> None:
        """Wait until its standard output has ended."""
        await self._silent.wait()

    def kill(self) -> None:
        """End it at once, whatever it does."""
        # Not by the transport: it would look for the exit status before, which belongs to asyncio's watcher.
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    async def end(self) -> None:
        """End it, and wait until nothing of it is left: no zombie, no pipe."""
        self.kill()
        self._stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(KILLED_WITHIN):
                await self._exited.wait()
                await self._gone.wait()
        # The transport closes its pipes itself once the process is gone and they are read to their end.
        self._running.close()
        # Whoever listened knows this process: neither is to wait for the collector.
        self._heard = ignore

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note what it is reached by; called by the event loop, as all that follows."""
        # Other loops have transports of their own, which do the same and are no instances of asyncio's.
        self._running = cast("asyncio.SubprocessTransport", transport)
        self._stdin = cast("asyncio.WriteTransport", self._running.get_pipe_transport(STDIN))

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Take what it wrote."""
        if fd == STDOUT:
            self._heard(data)
        else:
            self._said = (self._said + data)[-LAST_WORDS:]

    def pipe_connection_lost(self, fd: int, _: Exception | None) -> None:
        """Note that a pipe has ended."""
        if fd == STDIN:
            self._room.set()
        if fd == STDOUT:
            self._silent.set()
        self._open.discard(fd)
        if not self._open:
            self._gone.set()

    def process_exited(self) -> None:
        """Note that it has ended."""
        self._exited.set()
        self._room.set()

    def pause_writing(self) -> None:
        """Note that much waits to be read by it."""
        self._room.clear()

    def resume_writing(self) -> None:
        """Note that it has read most of that."""
        self._room.set()

    def _keep(self, data: bytes) -> None:
        self._early.append(data)


def ignore(_: bytes) -> None:
    """Take no notice of what is written by a process that has ended."""


async def spawn(command: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> Process:
    """Start a program with pipes for its input and output, and no other descriptor.

    Raises:
        EngineError: It could not be started.
    """
    pipe = asyncio.subprocess.PIPE
    loop = asyncio.get_running_loop()
    if not isinstance(loop, asyncio.BaseEventLoop):
        keep_descriptors()
    try:
        _, process = await loop.subprocess_exec(
            Process,
            *guard_command(),
            *command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=dict(env),
            cwd=cwd,
        )
    except OSError as error:
        raise EngineError(
            f"{command[0]} cannot be started: {error}", reason="start", subject=command[0]
        ) from error
    return process


def keep_descriptors() -> None:
    """Pass on no descriptor that this process has, but for the first three.

    Loops of asyncio's own close what a child must not have. Others, such as uvloop's, pass on all that this
    process was given to inherit: the sockets of a web server among them.
    """
    for number in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
        # The one by which they were listed is closed by now.
        with contextlib.suppress(OSError):
            if number > STDERR and os.get_inheritable(number):
                os.set_inheritable(number, False)


def limit_data(pid: int, more: int) -> None:
    """Let a process have so many bytes more than it has now, where the system can tell it that (Linux)."""
    if sys.platform != "linux":
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        most = data_of(pid) + more
        resource.prlimit(pid, resource.RLIMIT_DATA, (most, most))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


def data_of(pid: int) -> int:
    """Return the bytes of memory a process has asked for and may write to."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmData"))
    return int(kilobytes) << 10
