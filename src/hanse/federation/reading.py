"""Reading documents from where they lie: through the guarded client, or from a folder."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from hanse.errors import BlockedError, FetchError, FormatError, HanseError, TooLargeError
from hanse.federation.places import Place
from hanse.files import open_at_once
from hanse.formats.decoding import shorten
from hanse.formats.manifest import SOME_PAGE
from hanse.formats.remote_entry import RemoteEntry, decode_remote_entry
from hanse.limits import Limits
from hanse.net import Access, Client, verify_integrity
from hanse.urls import is_web, join, normalise, origin

__all__ = ["AT_ONCE", "CONTAINERS_MARK", "Received", "at_home", "decode_entry", "read"]

T = TypeVar("T")

# A larger document is decoded in a thread: below this it takes a few milliseconds at most.
AT_ONCE: Final = 256 << 10
# What a Module Federation manifest has, and no remote entry.
CONTAINERS_MARK: Final = b'"metaData"'


@dataclass(frozen=True, slots=True)
class Received:
    """A document's bytes; `trouble` is why they are an old copy, `age` how old, in seconds.

    `confirmed` says that the origin did not send them, but confirmed the copy at hand.
    """

    body: bytes
    trouble: HanseError | None = None
    age: float = 0.0
    confirmed: bool = False


async def read(
    place: Place,
    client: Client,
    *,
    cap: int,
    integrity: str | None = None,
    deadline: float | None = None,
    revalidate: bool = True,
    access: Access | None = None,
) -> Received:
    """Read a document.

    Args:
        place: Where it lies.
        client: Asks the web.
        cap: Bytes at most.
        integrity: The digest it should have.
        deadline: Seconds in all.
        revalidate: Ask its origin also while the copy at hand is fresh by what the origin said of it.
        access: The origins that may be asked; the client's own if not given.

    Raises:
        HanseError: It could not be had; the subject is its URL or path.
    """
    if place.file is not None:
        body = await asyncio.to_thread(read_file, place.file, folder=place.folder, cap=cap)
        if integrity is not None:
            verify_integrity(body, integrity, subject=str(place.file))
        return Received(body)
    found = await client.fetch(
        place.url, cap=cap, integrity=integrity, deadline=deadline, revalidate=revalidate, access=access
    )
    age = found.age if found.stale else 0.0
    return Received(found.body, found.stale_reason, age, confirmed=found.status == "revalidated")


def read_file(file: Path, *, folder: Path | None, cap: int) -> bytes:
    """Read a regular file of at most `cap` bytes.

    Args:
        file: Its path.
        folder: The folder it has to be in, symbolic links followed; None for anywhere.
        cap: Bytes at most.

    Raises:
        BlockedError: It is outside the folder, or no regular file.
        TooLargeError: It is larger.
        FetchError: It cannot be read.
    """
    try:
        real = file.resolve(strict=True)
        if folder is not None and not real.is_relative_to(folder.resolve(strict=True)):
            raise BlockedError(
                f"it lies outside the manifest's folder {folder}",
                subject=str(file),
                hint="a local manifest names files beside and below itself",
            )
        # A pipe without a writer would block the open itself.
        with open(real, "rb", opener=open_at_once) as source:
            if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
                raise BlockedError("it is no regular file", subject=str(file))
            body = source.read(cap + 1)
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FetchError(
            f"it cannot be read: {reason}", subject=str(file), hint="see whether it is there"
        ) from error
    if len(body) > cap:
        raise TooLargeError(f"it has more than {cap} bytes", subject=str(file))
    return body


async def decode_entry(
    body: bytes, *, subject: str, limits: Limits, origins: Collection[str] = ()
) -> RemoteEntry:
    """Decode a remote entry, a large one in a thread.

    Args:
        body: The document.
        subject: Where it was read: a URL, or the path of a file.
        limits: The caps.
        origins: Those an entry's own `url` may have, beside the one it was read from.

    Raises:
        FormatError: It is not a proper one, or its own `url` leads to an origin that is not allowed.
    """
    try:
        if len(body) <= AT_ONCE:
            entry = decode_remote_entry(body, subject=subject, limits=limits)
        else:
            entry = await asyncio.to_thread(decode_remote_entry, body, subject=subject, limits=limits)
    except FormatError as error:
        if CONTAINERS_MARK not in body:
            raise
        raise FormatError(
            "this is no remote entry of native federation",
            subject=subject,
            found="a Module Federation manifest",
            expected="a remote entry",
            hint='give the remote `"type": "mf"`',
        ) from error
    return at_home(entry, subject, origins) if entry.url else entry


def at_home(entry: RemoteEntry, subject: str, origins: Collection[str]) -> RemoteEntry:
    """Return an entry with its own `url` made absolute.

    That URL becomes the base of every module's, so a document from the web must not choose it freely. One
    that the operator has as a file may name any web address; relative to a page it stays as it is.

    Raises:
        FormatError: It is no web address, or of an origin that is not allowed.
    """
    own = entry.url or ""
    if not is_web(subject) and normalise(own) is None and join(SOME_PAGE, own) is not None:
        return entry
    found = join(subject, own) or normalise(own)
    home = None if found is None else origin(found)
    allowed = not is_web(subject) or home in {origin(subject), *origins}
    if found is None or home is None or not is_web(found) or not allowed:
        raise FormatError(
            "the entry's own url leads elsewhere",
            subject=subject,
            path="$.url",
            found=repr(shorten(own)),
            expected="an address of the origin it was read from, or of one that is allowed",
            hint="list the origin among the allowed origins if its files really lie there",
        )
    return msgspec.structs.replace(entry, url=found)
