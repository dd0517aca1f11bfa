"""What other apps built for browsers, given out at this app's own origin, and kept for when they are down.

A browser talks to the app it visits alone. The entry of another app is passed on as it is, asked for anew
each time; of its files only those it lists are given, each with exactly the digest that is listed, also after
the other app was deployed anew, for pages that were made before.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from hanse.apps.build.task import ENTRY
from hanse.errors import FormatError, HanseError
from hanse.files import private_folder, read_file, write_file
from hanse.formats.entry_structs import RemoteEntry
from hanse.formats.remote_entry import decode_remote_entry
from hanse.limits import LIMITS, Limits
from hanse.net import Access, Client
from hanse.stream import digest_of
from hanse.stream.contents import Contents
from hanse.urls import is_asset_name, join

__all__ = ["FRESH", "MIRROR", "Mirror", "Mirrored"]

LOG: Final = logging.getLogger("hanse.apps")
MIRROR: Final = "_hanse/apps"
# How many files are asked of one app at a time, before anybody wants them.
AT_ONCE: Final = 4
# Seconds for which an entry is given again: whoever asks often asks this app, and not the other one.
FRESH: Final = 0.2
# Read by whoever looks for a mistake, and by nobody else.
SELDOM: Final = (".map", ".txt")


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A file of another app; `lasting` where nothing else will ever have its name."""

    body: bytes
    lasting: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """What an entry lists: files and their digests; `hashed` where names change with what is in them."""

    files: Mapping[str, str]
    hashed: bool


@dataclass(slots=True)
class Shelf:
    """What is known of one app: the digests of its entries, the latest first, with what they list."""

    builds: dict[str, Listing] = field(default_factory=dict)
    warming: asyncio.Task[None] | None = None
    latest: tuple[float, bytes] | None = None

    def find(self, name: str) -> tuple[str, bool] | None:
        """Return the digest that a file has in the latest build that lists it, and whether it keeps it."""
        builds = (one for one in self.builds.values() if name in one.files)
        found = next(builds, None)
        return None if found is None else (found.files[name], found.hashed)


class Mirror:
    """The browser builds of other apps, and the earlier ones of this app.

    Args:
        own: This app.
        urls: Where the entries of the others are, by app.
        folder: Where files are kept.
        limits: Sizes, deadlines, and how many builds are kept.

    Raises:
        UsageError: Others may write to the folder.
        OSError: It cannot be made.
    """

    def __init__(self, own: str, urls: Mapping[str, str], folder: Path, *, limits: Limits = LIMITS) -> None:
        self._own = own
        self._urls = dict(urls)
        self._limits = limits
        self._folder = private_folder(folder)
        self._contents = Contents(folder / "files", limits=limits)
        self._shelves = {app: self._restore(app) for app in (*urls, own)}
        self._client: Client | None = None

    def adopt(self, entry: bytes, files: Mapping[str, bytes]) -> None:
        """Keep this app's own build, for the pages that are open when the next one is deployed.

        Raises:
            HanseError: The entry is none.
            OSError: It cannot be written.
        """
        for body in files.values():
            self._contents.put(body)
        decoded = decode_remote_entry(entry, subject=self._own, limits=self._limits)
        self._note(self._own, digest_of(entry), entry, listing_of(decoded))

    def keeps(self, name: str) -> bool:
        """Tell whether an earlier build of this app has a file."""
        return self._shelves[self._own].find(name) is not None

    async def own_file(self, name: str) -> Mirrored | None:
        """Return a file of an earlier build of this app; None where it is not there any more."""
        listed = self._shelves[self._own].find(name)
        body = None if listed is None else await asyncio.to_thread(self._contents.get, listed[0])
        return None if body is None else Mirrored(body, lasting=True)

    def split(self, path: str) -> tuple[str, str] | None:
        """Return the app and the file that a path below the mirror names; None where it names none."""
        apps = [app for app in self._urls if path.startswith(f"{app}/")]
        app = max(apps, key=len, default=None)
        return None if app is None else (app, path.removeprefix(f"{app}/"))

    async def entry(self, app: str) -> bytes:
        """Ask an app for its entry; what it lists will be had.

        Raises:
            HanseError: It cannot be had, or is none.
        """
        shelf, now = self._shelves[app], time.monotonic()
        if shelf.latest is not None and now - shelf.latest[0] < FRESH:
            return shelf.latest[1]
        found = await self._open().fetch(
            self._urls[app], cap=self._limits.remote_entry_bytes, revalidate=True
        )
        if found.stale_reason is not None:
            raise found.stale_reason
        await self._learn(app, found.body)
        shelf.latest = (now, found.body)
        return found.body

    def digest(self, app: str, name: str) -> str | None:
        """Return the digest that a file has in an app's latest build that lists it; None where none does."""
        listed = self._shelves[app].find(name)
        return None if listed is None else listed[0]

    async def file(self, app: str, name: str) -> Mirrored | None:
        """Return a file that one of an app's latest builds lists; None where none does.

        Raises:
            HanseError: It is not at hand, and cannot be had.
        """
        listed = self._shelves[app].find(name)
        if listed is None:
            return None
        digest, hashed = listed
        body = await asyncio.to_thread(self._contents.get, digest)
        if body is None:
            body = await self._fetch(app, name, digest)
        return Mirrored(body, hashed)

    async def aclose(self) -> None:
        """End what is under way."""
        tasks = [shelf.warming for shelf in self._shelves.values() if shelf.warming is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _open(self) -> Client:
        if self._client is None:
            self._client = Client(Access.for_urls(self._urls.values(), local=True), limits=self._limits)
        return self._client

    async def _learn(self, app: str, body: bytes) -> None:
        """Take in an entry, if it is another than before."""
        shelf, digest = self._shelves[app], digest_of(body)
        if digest == next(iter(shelf.builds), None):
            return
        entry = decode_remote_entry(body, subject=self._urls[app], limits=self._limits)
        await asyncio.to_thread(self._note, app, digest, body, listing_of(entry))
        if shelf.warming is not None:
            shelf.warming.cancel()
        shelf.warming = asyncio.create_task(self._warm(app, shelf.builds[digest].files))

    def _note(self, app: str, digest: str, body: bytes, listing: Listing) -> None:
        """Write down which build is the latest now."""
        shelf = self._shelves[app]
        self._contents.put(body)
        builds = {digest: listing, **{one: old for one, old in shelf.builds.items() if one != digest}}
        shelf.builds = dict(islice(builds.items(), self._limits.builds_kept))
        write_file(self._list_of(app), msgspec.json.encode(list(shelf.builds)))

    async def _warm(self, app: str, files: Mapping[str, str]) -> None:
        """Have all that browsers may ask for, before the app may be down."""
        wanted = iter([(name, digest) for name, digest in files.items() if not name.endswith(SELDOM)])

        async def work() -> None:
            for name, digest in wanted:
                if await asyncio.to_thread(self._contents.get, digest) is None:
                    await self._fetch(app, name, digest)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(work())
            await asyncio.to_thread(self._trim)
        except* HanseError as errors:
            LOG.warning("%s: not all files of its build could be had: %s", app, errors.exceptions[0])

    async def _fetch(self, app: str, name: str, digest: str) -> bytes:
        """Get a file from its app.

        Raises:
            HanseError: It cannot be had, or is another one.
        """
        url = join(self._urls[app], name)
        if url is None:
            raise FormatError("this is no file's name", subject=self._urls[app], found=repr(name[:80]))
        found = await self._open().fetch(
            url, cap=self._limits.module_bytes, integrity=digest, accept="*/*", revalidate=True
        )
        await asyncio.to_thread(self._contents.put, found.body)
        return found.body

    def _trim(self) -> None:
        """Let go of what no build that is kept lists."""
        builds = [build for shelf in self._shelves.values() for build in shelf.builds.items()]
        kept = {one for digest, build in builds for one in (digest, *build.files.values())}
        self._contents.trim(self._limits.stream_cache_bytes, keep=kept)

    def _list_of(self, app: str) -> Path:
        return self._folder / f"{hashlib.sha256(app.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.json"

    def _restore(self, app: str) -> Shelf:
        """Take in what an earlier process has kept; what is damaged is left."""
        shelf = Shelf()
        with contextlib.suppress(OSError, HanseError, msgspec.DecodeError):
            content = read_file(self._list_of(app), cap=self._limits.remote_entry_bytes)
            for digest in msgspec.json.decode(content, type=list[str]):
                body = self._contents.get(digest)
                if body is not None:
                    entry = decode_remote_entry(body, subject=app, limits=self._limits)
                    shelf.builds[digest] = listing_of(entry)
        return shelf


def listing_of(entry: RemoteEntry) -> Listing:
    """Return what an entry lists with sha384 digests, but for the entry itself."""
    listed = ((entry.integrity or {}) | (entry.assets or {})).items()
    files = {
        name: digest
        for name, digest in listed
        if digest.startswith("sha384-") and is_asset_name(name) and name != ENTRY
    }
    return Listing(files, hashed=entry.assets is not None)
