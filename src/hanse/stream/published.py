"""What a publisher has published: the build in its folder, its serial, and the builds before it.

Beside the folder of the build lies one with what the publisher itself writes down: a record of the serial and
of the last builds, and these builds themselves, module by module under their digests. It is not in the folder
of the build, since whoever deploys may replace that as a whole.

A build is read whole, each of its digests verified, before anything of it counts. One that is broken changes
nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from hanse.errors import FormatError, HanseError, IntegrityError, UsageError
from hanse.files import lock_folder, private_folder, read_file, write_file
from hanse.formats.decoding import decode_json, shorten
from hanse.formats.server_entry import ServerEntry, build_digest, decode_server_entry
from hanse.limits import LIMITS, Limits
from hanse.stream.container import PackedModule, pack_module
from hanse.stream.contents import Contents
from hanse.stream.table import digest_of

__all__ = [
    "ENTRY_FILE",
    "RECORD_FILE",
    "Edition",
    "Record",
    "Rolled",
    "edition_of",
    "publish",
    "record_folder",
    "roll_back",
]

ENTRY_FILE: Final = "server-entry.json"
RECORD_FILE: Final = "published.json"


@dataclass(frozen=True, slots=True)
class Edition:
    """A build as it is given out.

    Attributes:
        entry: What it exposes, with the serial it is published under.
        document: `server-entry.json` with that serial.
        etag: Changes with build and serial; with its quotes.
        packed: File -> module, deflated.
    """

    entry: ServerEntry
    document: bytes = field(repr=False)
    etag: str
    packed: Mapping[str, PackedModule] = field(repr=False)


class KeptBuild(msgspec.Struct, frozen=True):
    """A build that can be published again: its digest, its version, and the digest of its document."""

    build: str
    version: str
    document: str


class Record(msgspec.Struct, frozen=True):
    """What was published last.

    Attributes:
        name: The remote.
        serial: The last serial that was given away.
        build: The build that is published.
        instead: The build in the folder that it stands in for after a rollback; None if it is that build.
        builds: The last builds, in the order in which they were first published.
    """

    name: str
    serial: int
    build: str
    instead: str | None = None
    builds: tuple[KeptBuild, ...] = ()


@dataclass(frozen=True, slots=True)
class Rolled:
    """What a rollback came to: whose build, which one and under which serial, and what it replaced."""

    name: str
    version: str
    build: str
    serial: int
    replaced: str


@dataclass(frozen=True, slots=True)
class Found:
    """A build as it was read from a folder, every digest verified."""

    entry: ServerEntry
    document: bytes
    contents: Mapping[str, bytes]


RECORDS: Final = msgspec.json.Decoder(Record)
DOCUMENTS: Final = msgspec.json.Decoder(dict[str, object])


def record_folder(folder: Path) -> Path:
    """Return where a publisher writes down what it has published, if nothing else is said."""
    return folder.resolve().with_name(f"{folder.resolve().name}.published")


def edition_of(found: Found, serial: int) -> Edition:
    """Make what is given out of a build: its modules deflated, its document with the serial.

    Raises:
        FormatError: The document is none.
    """
    fields = decode_json(DOCUMENTS, found.document, subject=found.entry.name, cap=len(found.document))
    document = msgspec.json.encode({**fields, "serial": serial})
    modules = found.entry.modules
    packed = {
        name: pack_module(name, content, imports=modules[name].imports)
        for name, content in found.contents.items()
    }
    entry = msgspec.structs.replace(found.entry, serial=serial)
    raw = base64.b64decode(entry.build.partition("-")[2])
    tag = f'"{serial}-{base64.urlsafe_b64encode(raw[:18]).decode("ascii")}"'
    return Edition(entry, document, tag, packed)


def read_build(folder: Path, limits: Limits) -> Found:
    """Read the build of a folder, whole.

    Raises:
        FormatError: Its document is none, names another build than it describes, or a file outside.
        IntegrityError: A module is not what the document says.
        OSError: A file is not there, or cannot be read.
    """
    document = read_file(folder / ENTRY_FILE, cap=limits.server_entry_bytes, inside=folder)
    entry = read_entry_of(document, str(folder / ENTRY_FILE), limits)
    contents: dict[str, bytes] = {}
    total = 0
    for name in entry.modules:
        contents[name] = read_file(folder / name, cap=limits.module_bytes, inside=folder)
        total += len(contents[name])
        if total > limits.stream_inflated_bytes:
            raise FormatError("the modules are too large together", subject=str(folder))
    check_contents(entry, contents, str(folder))
    return Found(entry, document, contents)


def read_entry_of(document: bytes, subject: str, limits: Limits) -> ServerEntry:
    """Read a build's document, and see that it names itself.

    Raises:
        FormatError: It is no server entry, or its `build` is not its digest.
    """
    entry = decode_server_entry(document, subject=subject, limits=limits)
    said = build_digest(document, subject=subject, limits=limits)
    if entry.build != said:
        raise FormatError(
            "the document was changed after its build was named",
            subject=subject,
            path="$.build",
            found=entry.build,
            expected=said,
            hint="write `build` last, as `hanse.formats.server_entry.build_digest` gives it",
        )
    return entry


def check_contents(entry: ServerEntry, contents: Mapping[str, bytes], subject: str) -> None:
    """Raise unless a build's modules are what its document says.

    Raises:
        IntegrityError: One is not.
    """
    for name, content in contents.items():
        if digest_of(content) != entry.modules[name].digest or len(content) != entry.modules[name].size:
            raise IntegrityError(
                f"`{shorten(name)}` has not the digest and size that {ENTRY_FILE} says", subject=subject
            )


def publish(folder: Path, record: Path, *, now: float, limits: Limits = LIMITS) -> Edition:
    """Publish what is in a folder, if it is another build than before, and return what is given out.

    Args:
        folder: The build's.
        record: Where it is written down; `record_folder` is the usual place.
        now: Seconds of Unix time: a build without a serial begins with it.
        limits: The caps on sizes and counts; `builds_kept` is how many builds can be published again.

    Raises:
        HanseError: The build is broken; what was published before stays.
        OSError: A file cannot be read or written.
    """
    found = read_build(folder, limits)
    private_folder(record)
    with lock_folder(record):
        before = read_record(record, limits)
        if before is not None and stands_in(before, found):
            return edition_of(read_kept(record, before, before.build, limits), before.serial)
        after = succeed(before, found, now)
        if after != before:
            keep_build(record, found, limits)
            write_record(record, keep_few(after, limits), limits)
    return edition_of(found, after.serial)


def publish_kept(record: Path, *, limits: Limits = LIMITS) -> Edition | None:
    """Return the last build that was published, whatever is in its folder; None where there is none.

    Raises:
        HanseError: What was written down is damaged, or others may write to it.
        OSError: A file cannot be read.
    """
    if not (record / RECORD_FILE).exists():
        return None
    private_folder(record)
    before = read_record(record, limits)
    if before is None:
        return None
    return edition_of(read_kept(record, before, before.build, limits), before.serial)


def stands_in(before: Record, found: Found) -> bool:
    """Tell whether a rollback holds: until another build is there, or the same with a higher serial."""
    return before.instead == found.entry.build and found.entry.serial <= before.serial


def succeed(before: Record | None, found: Found, now: float) -> Record:
    """Return the record after a build was found; the same one where nothing is new.

    Serials that builds bring along count where they are higher, so that several publishers of the same build
    give it the same serial.

    Raises:
        UsageError: It is another remote's build.
    """
    entry = found.entry
    kept = KeptBuild(entry.build, entry.version, digest_of(found.document))
    if before is None:
        return Record(entry.name, entry.serial or max(1, int(now)), entry.build, None, (kept,))
    if before.name != entry.name:
        raise UsageError(
            f"the folder has the build of `{entry.name}`, and `{before.name}` was published from it",
            hint="give each remote a folder of its own",
        )
    if before.build == entry.build:
        return msgspec.structs.replace(before, serial=max(before.serial, entry.serial), instead=None)
    others = tuple(one for one in before.builds if one.build != entry.build)
    serial = max(before.serial + 1, entry.serial)
    return Record(entry.name, serial, entry.build, None, (*others, kept))


def keep_few(record: Record, limits: Limits) -> Record:
    """Leave out the oldest builds beyond the count that is kept, but never the one that is published."""
    late = record.builds[-limits.builds_kept :]
    current = tuple(one for one in record.builds if one.build == record.build and one not in late)
    return msgspec.structs.replace(record, builds=(*current, *late))


def roll_back(folder: Path, record: Path, *, to: str | None = None, limits: Limits = LIMITS) -> Rolled:
    """Publish an older build again, under a new serial, in place of the one in the folder.

    Args:
        folder: The build's; its next other build is published as usual.
        record: Where it is written down what was published.
        to: The version, or the beginning of the digest, of the build to go back to; the one before the
            current one if not given.
        limits: The caps.

    Raises:
        UsageError: Nothing was published, there is no such build, or none before.
        HanseError: What was kept of it is damaged.
        OSError: A file cannot be read or written.
    """
    if not (record / RECORD_FILE).exists():
        raise UsageError("nothing was published from this folder yet", subject=str(folder))
    with lock_folder(record):
        before = read_record(record, limits)
        if before is None:
            raise UsageError("nothing was published from this folder yet", subject=str(folder))
        chosen = choose(before, to)
        read_kept(record, before, chosen.build, limits)
        there = build_in(folder, limits) or before.build
        instead = None if there == chosen.build else there
        serial = before.serial + 1
        after = msgspec.structs.replace(before, serial=serial, build=chosen.build, instead=instead)
        write_record(record, after, limits)
    return Rolled(before.name, chosen.version, chosen.build, serial, before.build)


def build_in(folder: Path, limits: Limits) -> str | None:
    """Return the build that a folder has, broken or not; None where it has none that can be read."""
    try:
        document = read_file(folder / ENTRY_FILE, cap=limits.server_entry_bytes, inside=folder)
        return build_digest(document, subject=str(folder), limits=limits)
    except (OSError, HanseError):
        return None


def choose(record: Record, to: str | None) -> KeptBuild:
    """Return the build to go back to.

    Raises:
        UsageError: There is none.
    """
    builds = record.builds
    if to is not None:
        matching = [one for one in builds if one.version == to or one.build.startswith(to)]
        if matching:
            return matching[-1]
        known = ", ".join(f"{one.version} ({one.build[:15]})" for one in builds)
        raise UsageError(f"no build that is kept is {to}", subject=record.name, hint=f"there are {known}")
    place = next((at for at, one in enumerate(builds) if one.build == record.build), 0)
    if not place:
        raise UsageError("no older build is kept", subject=record.name, hint="build it again")
    return builds[place - 1]


def contents_of(record: Path, limits: Limits) -> Contents:
    """Return where the modules and documents of the kept builds are."""
    return Contents(record / "contents", limits=limits)


def keep_build(record: Path, found: Found, limits: Limits) -> None:
    """Keep a build, so that it can be published again."""
    contents = contents_of(record, limits)
    contents.put(found.document)
    for content in found.contents.values():
        contents.put(content)


def read_kept(record: Path, known: Record, build: str, limits: Limits) -> Found:
    """Read a build that was kept.

    Raises:
        IntegrityError: Something of it is damaged or gone.
        FormatError: Its document is none.
    """
    subject = str(record)
    kept = next((one for one in known.builds if one.build == build), None)
    contents = contents_of(record, limits)
    document = None if kept is None else contents.get(kept.document)
    if document is None:
        raise IntegrityError("the document of the kept build is damaged or gone", subject=subject)
    entry = read_entry_of(document, subject, limits)
    found = contents.get_all(module.digest for module in entry.modules.values())
    if missing := next((name for name, one in entry.modules.items() if one.digest not in found), None):
        raise IntegrityError(f"`{missing}` of the kept build is damaged or gone", subject=subject)
    return Found(entry, document, {name: found[one.digest] for name, one in entry.modules.items()})


def read_record(record: Path, limits: Limits) -> Record | None:
    """Return what was published last; None where nothing was.

    Raises:
        FormatError: The file is damaged: to begin anew would give serials away a second time.
        OSError: It cannot be read.
    """
    file = record / RECORD_FILE
    try:
        data = read_file(file, cap=limits.config_bytes)
    except FileNotFoundError:
        return None
    return decode_json(RECORDS, data, subject=str(file), cap=limits.config_bytes)


def write_record(record: Path, known: Record, limits: Limits) -> None:
    """Write down what is published, and remove what no kept build needs any more."""
    write_file(record / RECORD_FILE, msgspec.json.format(msgspec.json.encode(known)))
    contents = contents_of(record, limits)
    needed: set[str] = set()
    for kept in known.builds:
        needed.add(kept.document)
        document = contents.get(kept.document)
        if document is not None:
            entry = decode_server_entry(document, subject=str(record), limits=limits)
            needed |= {module.digest for module in entry.modules.values()}
    contents.trim(0, keep=needed)
