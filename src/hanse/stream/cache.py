"""What a consumer keeps of streams on disk: modules by their digests, and of each remote what it runs.

The serial that was accepted last is among it, so that nothing older is accepted after a restart either. The
folder is private; what is in it is verified when it is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import msgspec

from hanse.errors import HanseError, StreamError
from hanse.files import lock_folder, private_folder, read_file, write_file
from hanse.formats.decoding import decode_json
from hanse.formats.server_entry import build_digest, decode_server_entry
from hanse.limits import LIMITS, Limits
from hanse.stream.builds import Build
from hanse.stream.container import InUse
from hanse.stream.contents import Contents

__all__ = ["StreamCache"]


class Running(msgspec.Struct, frozen=True):
    """What was accepted last of a remote.

    Attributes:
        remote: Its name.
        serial: The serial, and nothing lower is accepted any more.
        build: The build.
        document: The digest of its server entry.
        files: The files that were asked for.
    """

    remote: str
    serial: int
    build: str
    document: str
    files: tuple[str, ...]


DECODER: Final = msgspec.json.Decoder(Running)


class StreamCache:
    """A folder for all remotes of a consumer, which several processes may share. Its methods block.

    Args:
        folder: Made where it is not there, for this user alone.
        limits: `stream_cache_bytes` is how much is kept in all.

    Raises:
        UsageError: Others may write to the folder.
        OSError: It cannot be made.
    """

    def __init__(self, folder: str | Path, *, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._folder = private_folder(Path(folder))
        self._remotes = private_folder(self._folder / "remotes")
        self._contents = Contents(self._folder / "modules", limits=limits)

    def in_use(self, remote: str) -> InUse | None:
        """Return serial and build that were accepted last; None where none was.

        Raises:
            FormatError: The file that says so is damaged; to go on without would accept any serial.
            OSError: It cannot be read.
        """
        running = self._read(remote)
        return None if running is None else InUse(running.serial, running.build)

    def recall(self, remote: str) -> Build | None:
        """Return the build that was accepted last, for a start with its publisher down.

        None where there is none, or where anything of it is damaged or was dropped.

        Raises:
            HanseError: What is written down of it is damaged.
            OSError: It cannot be read.
        """
        running = self._read(remote)
        document = None if running is None else self._contents.get(running.document)
        if running is None or document is None:
            return None
        try:
            if build_digest(document, subject=remote, limits=self._limits) != running.build:
                return None
            entry = decode_server_entry(document, subject=remote, limits=self._limits)
            rows = {file: entry.modules[file] for file in running.files}
        except (HanseError, KeyError):
            return None
        found = self._contents.get_all(row.digest for row in rows.values())
        if any(row.digest not in found for row in rows.values()):
            return None
        entry = msgspec.structs.replace(entry, serial=running.serial)
        return Build(entry, {file: found[row.digest] for file, row in rows.items()})

    def have(self, digests: Collection[str]) -> dict[str, bytes]:
        """Return digest -> content of those modules that are there, each verified."""
        return self._contents.get_all(digests)

    def known(self, remote: str) -> frozenset[str]:
        """Return the digests of the modules of the build that was accepted last.

        Raises:
            HanseError: What is written down of it is damaged.
            OSError: It cannot be read.
        """
        running = self._read(remote)
        return frozenset() if running is None else frozenset(self._digests(running))

    def keep(self, build: Build, document: bytes) -> None:
        """Keep a build as the one that is accepted, unless one with a higher serial has been since.

        Raises:
            StreamError: `serial`: another one came first.
            FormatError: What is written down of the remote is damaged.
            OSError: It cannot be written.
        """
        entry = build.entry
        running = Running(
            entry.name, entry.serial, entry.build, self._contents.put(document), tuple(build.contents)
        )
        for content in build.contents.values():
            self._contents.put(content)
        with lock_folder(self._remotes):
            before = self._read(entry.name)
            if before is not None and is_older(running, before):
                raise StreamError(
                    f"serial {before.serial} was accepted while serial {entry.serial} was under way",
                    reason="serial",
                    subject=entry.name,
                )
            if running != before:
                write_file(self._file_of(entry.name), msgspec.json.encode(running))
        self._contents.trim(self._limits.stream_cache_bytes, keep=frozenset(self._needed()))

    def _file_of(self, remote: str) -> Path:
        name = hashlib.sha256(remote.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self._remotes / f"{name}.json"

    def _read(self, remote: str) -> Running | None:
        return self._decode(self._file_of(remote))

    def _decode(self, file: Path) -> Running | None:
        cap = self._limits.server_entry_bytes
        try:
            data = read_file(file, cap=cap)
        except FileNotFoundError:
            return None
        return decode_json(DECODER, data, subject=str(file), cap=cap)

    def _needed(self) -> Iterator[str]:
        """Yield the digests of what is accepted of all remotes."""
        for file in self._remotes.glob("*.json"):
            running = self._decode(file)
            if running is not None:
                yield running.document
                yield from self._digests(running)

    def _digests(self, running: Running) -> Iterator[str]:
        """Yield the digests of a build's modules, as far as its document is there."""
        document = self._contents.get(running.document)
        if document is None:
            return
        entry = decode_server_entry(document, subject=running.remote, limits=self._limits)
        yield from (module.digest for module in entry.modules.values())


def is_older(running: Running, before: Running) -> bool:
    """Tell whether a build must not take the place of another."""
    if running.serial == before.serial:
        return running.build != before.build
    return running.serial < before.serial
