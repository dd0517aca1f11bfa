"""One supervised process: it has pipes and nothing else, and ends when it is told to, or with its parent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from hanse.errors import EngineError

__all__ = ["Process", "limit_data", "spawn"]

# How much is read ahead of a pipe, in bytes.
AHEAD: Final = 1 << 20
# Lines and bytes of the last words that are kept of a process.
LAST_LINES: Final = 40
LAST_WORDS: Final = 8 << 10
# Input, output and errors have the numbers up to this one.
STANDARD: Final = 2
# How long the kernel may take to end a process that was killed.
KILLED_WITHIN: Final = 5.0


@cache
def guard_command() -> tuple[str, ...]:
    """Return what runs a program so that it dies with its parent and never gains privileges; on Linux alone.

    A process whose standard input ends leaves by itself, unless it is busy: then the kernel has to end it.
    """
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return () if setpriv is None else (setpriv, "--pdeathsig=KILL", "--no-new-privs", "--")


class Process:
    """A running process and the last it said.

    Attributes:
        pid: Its number.
    """

    def __init__(self, running: asyncio.subprocess.Process) -> None:
        pipes = running.stdin, running.stdout, running.stderr
        if pipes[0] is None or pipes[1] is None or pipes[2] is None:
            raise EngineError("it was started without pipes", reason="start")
        self.pid = running.pid
        self.stdin, self.stdout = pipes[0], pipes[1]
        self._running = running
        self._said: deque[bytes] = deque(maxlen=LAST_LINES)
        self._listening = asyncio.create_task(self._listen(pipes[2]))

    async def _listen(self, stderr: asyncio.StreamReader) -> None:
        while said := await stderr.read(LAST_WORDS):
            self._said.append(said)

    @property
    def last_words(self) -> str:
        """What it wrote to its standard error last."""
        return b"".join(self._said).decode("utf-8", "replace")[-LAST_WORDS:]

    @property
    def returncode(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._running.returncode

    def kill(self) -> None:
        """End it at once, whatever it does."""
        # Not by the transport: it would look for the exit status before, which belongs to asyncio's watcher.
        if self._running.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    async def end(self) -> None:
        """End it, and wait until nothing of it is left: no zombie, no pipe."""
        self.kill()
        self.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(KILLED_WITHIN):
                await self._running.wait()
                await self._listening
        self._listening.cancel()
        # The transport closes its pipes itself once the process is gone and they are read to their end.
        transport: asyncio.SubprocessTransport = self._running._transport  # type: ignore[attr-defined]
        transport.close()


async def spawn(command: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> Process:
    """Start a program with pipes for its input and output, and no other descriptor.

    Raises:
        EngineError: It could not be started.
    """
    pipe = asyncio.subprocess.PIPE
    if not isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop):
        keep_descriptors()
    try:
        running = await asyncio.create_subprocess_exec(
            *guard_command(),
            *command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=dict(env),
            cwd=cwd,
            limit=AHEAD,
        )
    except OSError as error:
        raise EngineError(
            f"{command[0]} cannot be started: {error}", reason="start", subject=command[0]
        ) from error
    return Process(running)


def keep_descriptors() -> None:
    """Pass on no descriptor that this process has, but for the first three.

    Loops of asyncio's own close what a child must not have. Others, such as uvloop's, pass on all that this
    process was given to inherit: the sockets of a web server among them.
    """
    for number in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
        # The one by which they were listed is closed by now.
        with contextlib.suppress(OSError):
            if number > STANDARD and os.get_inheritable(number):
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
