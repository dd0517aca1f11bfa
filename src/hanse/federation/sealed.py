"""Files that are written and checked as a whole: a line that names the kind, a digest, and the rest."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from hanse.errors import FormatError
from hanse.files import sweep, write_file

__all__ = ["replace_file", "seal", "unseal"]

DIGEST_BYTES: Final = 96


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
    write_file(file, content)
    sweep(file)
