"""Files of Hanse's own: read no further than their cap, replaced in one step, and private."""

from __future__ import annotations

import fcntl
import glob
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from hanse.errors import FormatError, UsageError

__all__ = [
    "LEFT_BEHIND",
    "lock_folder",
    "open_at_once",
    "private_folder",
    "read_file",
    "sweep",
    "write_file",
]

PRIVATE_FOLDER: Final = 0o700
PRIVATE_FILE: Final = 0o600
# What a process that died while it was writing has left is in nobody's way for this long, in seconds.
LEFT_BEHIND: Final = 3600.0


def private_folder(folder: Path) -> Path:
    """Make a folder that nobody else on this machine may look into; one that is there has to be ours.

    Raises:
        UsageError: Others may write to it, or it is somebody else's.
        OSError: It cannot be made.
    """
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UsageError(
            "others on this machine may write to this folder",
            subject=str(folder),
            hint="give it to the user that this process runs as, with `chmod 700`",
        )
    return folder


def read_file(file: Path, *, cap: int, inside: Path | None = None) -> bytes:
    """Read a regular file.

    Args:
        file: Its path.
        cap: Bytes at most.
        inside: The folder it has to be in, symbolic links followed; None for anywhere.

    Raises:
        FormatError: It is larger, outside the folder, or no regular file.
        OSError: It cannot be read.
    """
    real = file.resolve(strict=True)
    if inside is not None and not real.is_relative_to(inside.resolve(strict=True)):
        raise FormatError("it lies outside the build's folder", subject=str(file))
    # A pipe without a writer would block the open itself.
    with open(real, "rb", opener=open_at_once) as source:
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise FormatError("it is no regular file", subject=str(file))
        content = source.read(cap + 1)
    if len(content) > cap:
        raise FormatError(
            "the file is too large",
            subject=str(file),
            found=f"more than {cap} bytes",
            expected=f"at most {cap} bytes",
        )
    return content


def open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting for another process to open it too."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def write_file(file: Path, content: bytes, *, lasting: bool = True) -> None:
    """Write a file anew, in one step for whoever reads it, readable by this user alone.

    Args:
        file: Its path.
        content: All of it.
        lasting: Have it on the disk before this returns. What is verified when it is read, and can be had
            again, need not be.

    Raises:
        OSError: The folder cannot be written to.
    """
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=part_prefix(file), suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            os.fchmod(stream.fileno(), PRIVATE_FILE)
            stream.write(content)
            stream.flush()
            if lasting:
                os.fsync(stream.fileno())
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    if lasting:
        sync_folder(file.parent)


def part_prefix(file: Path) -> str:
    """Return what the name of a file begins with that is about to take another one's place."""
    return f"{file.stem}-"


def sweep(file: Path) -> None:
    """Remove what processes that died while they wrote a file have left behind."""
    for part in file.parent.glob(f"{glob.escape(part_prefix(file))}*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > LEFT_BEHIND:
                part.unlink()


def sync_folder(folder: Path) -> None:
    """Make a renaming last; file systems that cannot do this do without."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Hold a folder for this thread alone, among all processes of this machine.

    Raises:
        OSError: The folder cannot be written to.
    """
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
