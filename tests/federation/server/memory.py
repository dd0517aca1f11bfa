"""What this process holds in memory at the most, while something goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Peak", "peak_since", "resident"]

SELF = Path("/proc/self")


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
