"""The web workers of this machine that render: they share its cores, so each starts a part of the processes.

A worker holds a lock on a file of its own for as long as it lives; the system gives the lock back however it
ends. Whoever starts processes counts the files that are locked.
"""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from hanse.errors import HanseError
from hanse.files import lock_folder, private_folder

__all__ = ["Worker", "part_of", "workers_folder"]

LOG: Final = logging.getLogger("hanse.federation")
SUFFIX: Final = ".worker"
FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC


def workers_folder() -> Path:
    """Return the folder in which this user's workers on this machine count each other."""
    return Path(tempfile.gettempdir()) / f"hanse-workers-{os.geteuid()}"


def part_of(processes: int, workers: int) -> int:
    """Return how many of a machine's processes one of its workers starts: each at least one."""
    return max(1, processes // max(1, workers))


class Worker:
    """One process among the workers, however many federations it has; if it cannot be counted, it is alone.

    Args:
        folder: Where workers count each other; made where it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: int | None = None
        try:
            private_folder(folder)
            with lock_folder(folder):
                handle, name = tempfile.mkstemp(dir=folder, prefix=f"{os.getpid()}-", suffix=SUFFIX)
                fcntl.flock(handle, fcntl.LOCK_EX)
            self._held, self._file = handle, Path(name)
        except (HanseError, OSError) as error:
            LOG.warning(
                "the workers of this machine are not counted, for %s cannot be used: %s", folder, error
            )

    def count(self) -> int:
        """Return how many workers there are; what dead ones have left behind is removed."""
        if self._held is None:
            return 1
        try:
            with lock_folder(self._folder):
                # A lock that this very process holds looks to it like anybody else's.
                alive = {
                    file.name.split("-")[0] for file in self._folder.glob(f"*{SUFFIX}") if is_alive(file)
                }
                return len(alive | {str(os.getpid())})
        except OSError:
            return 1

    def close(self) -> None:
        """Be counted no more."""
        if self._held is not None:
            held, self._held = self._held, None
            with suppress(OSError):
                self._file.unlink()
            os.close(held)


def is_alive(file: Path) -> bool:
    """Tell whether somebody holds a file; one that nobody holds is removed."""
    try:
        handle = os.open(file, FLAGS & ~os.O_CREAT)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        file.unlink(missing_ok=True)
        return False
    finally:
        os.close(handle)
