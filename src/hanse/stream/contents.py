"""Modules on disk, each under the digest of its content; what is damaged counts as not there."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from hanse.errors import FormatError
from hanse.files import LEFT_BEHIND, private_folder, read_file, write_file
from hanse.limits import LIMITS, Limits
from hanse.stream.table import digest_of

__all__ = ["Contents"]


class Contents:
    """Content by its digest (`sha384-…`), in a private folder that several processes may share.

    Args:
        folder: Made where it is not there.
        limits: `module_bytes` caps what is read back.

    Raises:
        UsageError: Others may write to the folder.
        OSError: It cannot be made.
    """

    def __init__(self, folder: Path, *, limits: Limits = LIMITS) -> None:
        self._folder = private_folder(folder)
        self._cap = max(limits.module_bytes, limits.server_entry_bytes)

    def place_of(self, digest: str) -> Path:
        """Return the file of a digest.

        Raises:
            FormatError: It is no sha384 digest.
        """
        name, _, text = digest.partition("-")
        try:
            raw = base64.b64decode(text, validate=True)
        except ValueError:
            raw = b""
        if name != "sha384" or len(raw) != 48:
            raise FormatError("this is no sha384 digest", subject=digest[:80])
        return self._folder / raw.hex()

    def put(self, content: bytes) -> str:
        """Keep content, and return its digest.

        Raises:
            OSError: It cannot be written.
        """
        digest = digest_of(content)
        file = self.place_of(digest)
        # A file that is there was written whole; whether it still is, is found out when it is read.
        if not self._touch(file, len(content)):
            write_file(file, content, lasting=False)
        return digest

    def get(self, digest: str) -> bytes | None:
        """Return content, and note that it was used; None where it is not there, or is damaged."""
        file = self.place_of(digest)
        try:
            content = read_file(file, cap=self._cap)
        except (OSError, FormatError):
            return None
        if digest_of(content) != digest:
            with suppress(OSError):
                file.unlink()
            return None
        self._touch(file, len(content))
        return content

    def get_all(self, digests: Iterable[str]) -> dict[str, bytes]:
        """Return digest -> content of those that are there."""
        found = ((digest, self.get(digest)) for digest in dict.fromkeys(digests))
        return {digest: content for digest, content in found if content is not None}

    def trim(self, most: int, *, keep: Collection[str] = ()) -> None:
        """Remove what was not used for the longest, until no more than so many bytes are left.

        Args:
            most: Bytes in all.
            keep: Digests of what stays whatever it has.
        """
        kept = {self.place_of(digest).name for digest in keep}
        files = sorted(self._files(), key=lambda one: one[1])
        total = sum(size for _, _, size in files)
        for name, used, size in files:
            unfinished = name.endswith(".part")
            dead = unfinished and time.time() - used > LEFT_BEHIND
            if dead or (total > most and name not in kept and not unfinished):
                with suppress(OSError):
                    (self._folder / name).unlink()
                    total -= size

    def _files(self) -> Iterable[tuple[str, float, int]]:
        """Yield each file's name, the time it was last used at, and its bytes."""
        with os.scandir(self._folder) as found:
            for item in found:
                with suppress(OSError):
                    known = item.stat(follow_symlinks=False)
                    yield item.name, known.st_mtime, known.st_size

    def _touch(self, file: Path, size: int) -> bool:
        """Note that a file was used; False where it is not there, or has another size."""
        try:
            if file.stat().st_size != size:
                return False
            os.utime(file)
        except OSError:
            return False
        return True
