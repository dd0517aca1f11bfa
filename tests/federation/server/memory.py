"""What this process and those it has started hold in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Peak", "Sampling", "children", "peak_since", "resident"]

SELF = Path("/proc/self")
OWN = (SELF / "exe").readlink()


@dataclass
class Peak:
    """Megabytes above what there was at the beginning; known at the end."""

    megabytes: float = 0.0


@contextmanager
def peak_since() -> Iterator[Peak]:
    """Find the most that this process has held since the beginning of the block."""
    # Five resets the high-water mark of what is resident.
    (SELF / "clear_refs").write_text("5")
    before, peak = resident(), Peak()
    yield peak
    peak.megabytes = read("VmHWM") - before


def resident() -> float:
    """Return the megabytes that this process holds."""
    return read("VmRSS")


def read(name: str, folder: Path = SELF) -> float:
    lines = (folder / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


class Sampling:
    """Looks again and again at the processes that this one has started, in a thread.

    Attributes:
        most: The most megabytes that one of them held.
    """

    def __init__(self) -> None:
        self.most = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Sampling:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.02):
            for pid in children():
                # It may end at any time.
                with suppress(OSError, StopIteration):
                    proc = Path("/proc") / str(pid)
                    held = read("VmRSS", proc)
                    # Until it is another program, a child has what this process has.
                    if (proc / "exe").readlink() != OWN:
                        self.most = max(self.most, held)


def children() -> list[int]:
    """Return the processes that this one has started, those that nobody has waited for among them."""
    found: list[int] = []
    for task in (SELF / "task").iterdir():
        with suppress(OSError):
            found += map(int, (task / "children").read_text().split())
    return found
