"""Child processes that are told what to do by JSON, one line each, and the memory and time they take."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from queue import Empty, Queue
from time import monotonic, sleep
from types import TracebackType
from typing import Any

__all__ = ["ROOT", "Child", "ChildError", "group_of", "memory_of", "peak_memory", "processor_time"]

ROOT = Path(__file__).resolve().parents[2]
START_DEADLINE = 60.0
END_DEADLINE = 10.0
TICKS = os.sysconf("SC_CLK_TCK")
MEGABYTE = 1_000_000
WORDS = 2000


class ChildError(RuntimeError):
    """A child did not start, ended, or did not answer in time."""


class Child(AbstractContextManager["Child"]):
    """A child process: it gets a task, says that it is ready, and answers each command by a line.

    The end of its standard input ends it; a child that does not end is killed, and so is what it has started.
    """

    def __init__(
        self,
        command: Sequence[str],
        task: Mapping[str, object],
        *,
        name: str,
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        self.name = name
        self._log = log
        self._lines: Queue[str] = Queue()
        errors = log.open("ab") if log else None
        try:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        finally:
            if errors:
                errors.close()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.about = self.ask(task, deadline=START_DEADLINE)
        except ChildError:
            self.end()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def ask(self, command: Mapping[str, object], *, deadline: float) -> dict[str, Any]:
        """Send a command and return the answer.

        Raises:
            ChildError: There was none in time.
        """
        self.send(command)
        return self.answer(deadline=deadline)

    def send(self, command: Mapping[str, object]) -> None:
        """Send a command; its answer has to be fetched.

        Raises:
            ChildError: The child has ended.
        """
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
        except OSError as error:
            raise ChildError(f"{self.name} has ended") from error

    def answer(self, *, deadline: float) -> dict[str, Any]:
        """Wait for an answer.

        Raises:
            ChildError: There was none in time.
        """
        try:
            line = self._lines.get(timeout=deadline)
        except Empty:
            raise ChildError(f"{self.name} did not answer within {deadline:g} s") from None
        if not line:
            raise ChildError(f"{self.name} has ended{self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        """End the child and whatever it has started."""
        group = group_of(self.process.pid)
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()
        try:
            self.process.wait(END_DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        kill_orphans(group, session=self.process.pid)
        self._reader.join(END_DEADLINE)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _last_words(self) -> str:
        """Return the end of what it wrote to its log."""
        if self._log is None or not (words := self._log.read_text(errors="replace")[-WORDS:].strip()):
            return ""
        return f"; its last words:\n{words}"

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")


def kill_orphans(pids: Sequence[int], *, session: int) -> None:
    """Kill what is left of a child's own session; whoever has got one of its numbers since is in another."""
    until = monotonic() + 2
    while (left := [pid for pid in pids if session_of(pid) == session]) and monotonic() < until:
        sleep(0.02)
    for pid in left:
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            continue


def session_of(pid: int) -> int | None:
    """Return the session a living process is in."""
    fields = stat_of(pid)
    return int(fields[3]) if fields and fields[0] != "Z" else None


def stat_of(pid: int) -> list[str] | None:
    """Return the fields of a process's `stat` after its name: state, parent, group, session, and on."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def group_of(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := stat_of(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    return [*descend(pid, parents)]


def descend(pid: int, parents: Mapping[int, Sequence[int]]) -> Iterator[int]:
    """Yield a process and its descendants."""
    yield pid
    for child in parents.get(pid, ()):
        yield from descend(child, parents)


def memory_of(pid: int) -> float:
    """Return the proportional set size of a process and its descendants, in megabytes (10⁶ bytes)."""
    return sum(map(read_memory, group_of(pid))) / MEGABYTE


def read_memory(pid: int) -> int:
    """Return one process's proportional set size in bytes, 0 where it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), 0)


def processor_time(pid: int) -> float:
    """Return the processor time of a process and its descendants in seconds, those that ended included."""
    stats = filter(None, map(stat_of, group_of(pid)))
    return sum(sum(map(int, fields[11:15])) for fields in stats) / TICKS


def peak_memory(pid: int) -> float:
    """Return the most that a process and its descendants have held in memory since they began, in megabytes.

    These are resident sizes, each at its own peak: pages that several share are counted for each.
    """
    return sum(map(read_peak, group_of(pid))) / MEGABYTE


def read_peak(pid: int) -> int:
    """Return one process's highest resident size in bytes, 0 where it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmHWM:")), 0)
