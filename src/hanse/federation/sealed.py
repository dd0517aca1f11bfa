"""Files that are written and checked as a whole: a line that names the kind, a digest, and the rest."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from hanse.errors import FormatError

__all__ = ["replace_file", "seal", "unseal"]

DIGEST_BYTES: Final = 96
# A file that was being written by a process that died is in nobody's way for this long, in seconds.
LEFT_BEHIND: Final = 3600.0


def seal(kind: bytes, payload: bytes) -> bytes:
    """Return a file's content: its kind (a line), the digest of all that follows (a line), the payload."""
    return kind + hashlib.sha384(payload).hexdigest().encode("ascii") + b"\n" + payload


def unseal(kind: bytes, content: bytes, subject: str) -> bytes:
    """Return the payload of a file's content.

    Raises:
        FormatError: It is damaged, or of another kind.
    """
    start = len(kind) + DIGEST_BYTES + 1
    payload = content[start:]
    named = content[len(kind) : start - 1]
    if not content.startswith(kind) or hashlib.sha384(payload).hexdigest().encode("ascii") != named:
        raise FormatError("it is damaged, or was written by another version", subject=subject)
    return payload


def replace_file(file: Path, content: bytes, *, cap: int) -> None:
    """Write a file anew, in one step for whoever reads it, and remove what dead processes have left.

    Raises:
        FormatError: It is larger than would be read back.
        OSError: The folder cannot be written to.
    """
    if len(content) > cap:
        found, most = f"{len(content)} bytes", f"at most {cap} bytes"
        raise FormatError("they are too large", subject=str(file), found=found, expected=most)
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f"{file.stem}-", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)
    sweep(file)


def sweep(file: Path) -> None:
    """Remove what processes that died have left behind."""
    for part in file.parent.glob(f"{file.stem}-*.part"):
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
