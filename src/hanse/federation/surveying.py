"""Reading every file that an import map reaches, and finding out what each imports."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from hanse.errors import DeadlineError, FetchError, FormatError, HanseError, TooLargeError
from hanse.federation.files import NOBODY, Files, Owner, Owners, Unprovided, Unread
from hanse.federation.places import Folder, locate
from hanse.federation.reading import read
from hanse.federation.shelf import Key, Shelf
from hanse.formats.import_map import ParsedImportMap
from hanse.graph import SOME_PAGE, Lexed, ModuleFile, follow, lex, write_for_page
from hanse.limits import Limits
from hanse.net import Access, Client, Document, digest, verify_integrity
from hanse.urls import normalise, origin

__all__ = ["Surveyor", "allow_owners", "is_ending", "roots_of"]

LOG: Final = logging.getLogger("hanse.federation")

PAGES_ORIGIN: Final = origin(SOME_PAGE)


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A file to be read: its absolute URL, who imports it (empty for the map), and whose it is."""

    url: str
    importer: str
    owner: Owner
    integrity: str | None

    @property
    def written(self) -> str:
        """The URL as the import map writes it."""
        return write_for_page(self.url)

    @property
    def key(self) -> Key:
        """What the file is known by."""
        return self.written, self.integrity or self.owner.digest


class Outcome(NamedTuple):
    """What became of one file."""

    item: Item
    file: ModuleFile | None
    error: HanseError | None


@dataclass(frozen=True, slots=True)
class Trip:
    """One survey: what it goes by, and what it has seen."""

    parsed: ParsedImportMap
    owners: Owners
    seen: set[str]
    ends: float


class Surveyor:
    """Reads the files behind import maps, so many at a time, and each once.

    Args:
        client: Asks the web.
        shelf: What has been read before; added to.
        limits: `modules_at_once`, `modules_deadline` and the sizes are used.
        watch: Told of each document from the web, with the URL that was asked for.
    """

    def __init__(
        self,
        client: Client,
        shelf: Shelf,
        limits: Limits,
        *,
        watch: Callable[[str, Document], None] | None = None,
    ) -> None:
        self._watch = watch
        self.client = client
        self.shelf = shelf
        self._limits = limits
        self._gate = asyncio.Semaphore(limits.modules_at_once)
        # One at a time: several threads would only take the interpreter from each other, and from the loop.
        self._bench = asyncio.Semaphore(1)

    async def survey(
        self, parsed: ParsedImportMap, roots: Iterable[str], owners: Owners, *, fetch: bool = True
    ) -> Files:
        """Read the files that a map reaches, level by level.

        Args:
            parsed: The map, as some page reads it.
            roots: Absolute URLs to begin with.
            owners: Whose files lie where.
            fetch: Ask for what is not known; else only what has been read before is gone through.
        """
        trip = Trip(parsed, owners, set(), asyncio.get_running_loop().time() + self._limits.modules_deadline)
        graph: dict[str, ModuleFile] = {}
        unread: list[Unread] = []
        unprovided: list[Unprovided] = []
        level = [self._enter(trip, url, "", None) for url in dict.fromkeys(roots) if url not in trip.seen]
        keys: list[Key] = []
        while level:
            outcomes = await self._have(level, trip, fetch=fetch)
            for item, file, error in outcomes:
                if file is not None:
                    graph[file.url] = file
                    keys.append(item.key)
                elif error is not None:
                    unread.append(Unread(item.owner.name, item.written, item.importer, error))
            level, lost = await asyncio.to_thread(self._expand, outcomes, trip)
            unprovided += lost
            if len(trip.seen) > self._limits.modules_per_federation:
                unread += [flooding(item, self._limits) for item in level]
                break
        return Files(
            graph=MappingProxyType(graph),
            parsed=parsed,
            unread=tuple(unread),
            unprovided=tuple(unprovided),
            complete=not unread,
            owners=owners,
            keys=tuple(keys),
        )

    def _enter(self, trip: Trip, url: str, importer: str, from_owner: Owner | None) -> Item:
        """Note that a file is to be read."""
        trip.seen.add(url)
        owner = trip.owners.find(url) or from_owner or NOBODY
        return Item(url, importer, owner, expected(url, owner, trip.parsed))

    async def _have(self, level: Sequence[Item], trip: Trip, *, fetch: bool) -> list[Outcome]:
        """Return what is known of a level's files, and read those of which nothing is."""
        outcomes = [self._known(item) for item in level]
        asked = [item for item, file, error in outcomes if file is None and error is None]
        if fetch:
            read = dict(
                zip(asked, await asyncio.gather(*(self._ask(one, trip) for one in asked)), strict=True)
            )
        else:
            read = {item: Outcome(item, None, not_asked(item)) for item in asked}
        return [read.get(one.item, one) for one in outcomes]

    def _known(self, item: Item) -> Outcome:
        """Return what is known of a file."""
        try:
            return Outcome(item, self.shelf.find(item.key), None)
        except FormatError as error:
            return Outcome(item, None, error)

    async def _ask(self, item: Item, trip: Trip) -> Outcome:
        """Read one file; what goes wrong is its outcome."""
        try:
            async with asyncio.timeout_at(trip.ends), self._gate:
                return Outcome(item, await self._read(item), None)
        except TimeoutError:
            seconds = self._limits.modules_deadline
            late = DeadlineError(
                f"the reading ended after {seconds:g} s before it was here", subject=item.url
            )
            return Outcome(item, None, late)
        except HanseError as error:
            return Outcome(item, None, error)
        except Exception as error:
            # As with entries: what one file brings to light must not cost the others.
            if not is_ending(error):
                LOG.exception("the module %r brought something unexpected to light", item.url)
            return Outcome(
                item, None, HanseError(f"an unexpected {type(error).__name__}: {error}", subject=item.url)
            )

    async def _read(self, item: Item) -> ModuleFile:
        """Read one file, check it, and find out what it imports.

        Raises:
            HanseError: It cannot be had, is another than it should be, or is no module that can be read.
        """
        body, location = await self._receive(item)
        found = await asyncio.to_thread(check, body, item)
        text: Lexed | FormatError | None = self.shelf.text(found)
        if text is None:
            async with self._bench:
                text = await asyncio.to_thread(read_imports, body, item.url, self._limits)
            self.shelf.put_text(found, text)
        self.shelf.put(item.key, digest=found, size=len(body), location=location)
        if isinstance(text, FormatError):
            raise text
        file = self.shelf.find(item.key)
        if file is None:
            raise TooLargeError("more modules than are kept are being read", subject=item.url)
        return file

    async def _receive(self, item: Item) -> tuple[bytes, str]:
        """Return a file's bytes, and where they were if that is elsewhere.

        Raises:
            HanseError: They cannot be had.
        """
        url, cap = item.url.partition("#")[0], self._limits.module_bytes
        if url.startswith("data:"):
            return read_data(url, cap), ""
        if url in item.owner.texts:
            return item.owner.texts[url], ""
        if url.startswith("file:") or origin(url) == PAGES_ORIGIN:
            if item.owner.folder is None:
                raise FetchError(
                    "it is relative to the page, and its remote is not on disk", subject=item.written
                )
            place = locate(item.written, Folder(item.owner.folder), subject=item.owner.name)
            return (await read(place, self.client, cap=cap)).body, ""
        # What is not known is asked for even where it was refused a moment ago: it may just have been built.
        found = await self.client.fetch(
            url,
            cap=cap,
            integrity=item.integrity,
            accept="*/*",
            deadline=item.owner.deadline,
            revalidate=True,
        )
        if self._watch is not None:
            self._watch(url, found)
        return found.body, "" if found.final_url == url else found.final_url

    def _expand(self, outcomes: Sequence[Outcome], trip: Trip) -> tuple[list[Item], list[Unprovided]]:
        """Return the files that a level imports and that are new, and what leads nowhere."""
        level: list[Item] = []
        lost: list[Unprovided] = []
        for item, file, _ in outcomes:
            if file is None:
                continue
            targets = follow(file, trip.parsed)
            for specifier in targets.missing:
                late = specifier not in file.imports
                lost.append(Unprovided(item.owner.name, file.url, specifier, late))
            for specifier, url in targets.found:
                if origin(normalise(specifier) or "") == PAGES_ORIGIN:
                    # Nobody's page is there: written out, it would name a file of the local manifest's.
                    lost.append(
                        Unprovided(item.owner.name, file.url, specifier, specifier not in file.imports)
                    )
                elif url not in trip.seen:
                    level.append(self._enter(trip, url, file.url, item.owner))
        return level, lost


def roots_of(parsed: ParsedImportMap) -> list[str]:
    """Return the absolute URLs that a map gives to specifiers, each once."""
    tables = (parsed.imports, *parsed.scopes.values())
    urls = (url for table in tables for url in table.values())
    return [*dict.fromkeys(url for url in urls if url is not None and not url.endswith("/"))]


def allow_owners(access: Access, owners: Owners) -> Access:
    """Allow, beside the origins that remote entries may be asked at, those that entries on disk name."""
    local = [owner.scope for owner in owners.by_scope.values() if owner.folder is not None]
    return access.with_urls([scope for scope in local if origin(scope) != PAGES_ORIGIN], local=True)


def expected(url: str, owner: Owner, parsed: ParsedImportMap) -> str | None:
    """Return the digest that a file should have: as the map says, or else its remote's entry."""
    return parsed.integrity.get(url) or owner.integrity.get(url)


def check(body: bytes, item: Item) -> str:
    """Return a file's digest; runs in a thread.

    Raises:
        IntegrityError: It has another one than it should have.
    """
    if item.integrity is not None:
        verify_integrity(body, item.integrity, subject=item.url)
    return digest(body)


def read_imports(body: bytes, url: str, limits: Limits) -> Lexed | FormatError:
    """Return what a file imports, or why that cannot be found out; runs in a thread."""
    ends = time.thread_time() + limits.lex_seconds
    try:
        return lex(body, subject=url, stop=lambda: time.thread_time() > ends, limits=limits)
    except FormatError as error:
        return error


def flooding(item: Item, limits: Limits) -> Unread:
    """Say that a file is one too many."""
    text = f"the import map reaches more than {limits.modules_per_federation} modules"
    return Unread(item.owner.name, item.written, item.importer, TooLargeError(text, subject=item.url))


def is_ending(error: Exception) -> bool:
    """Tell whether something failed because the process is ending: threads are not to be had any more."""
    shut_down = isinstance(error, RuntimeError) and "shutdown" in str(error)
    return shut_down or not threading.main_thread().is_alive()


def not_asked(item: Item) -> FetchError:
    """Say that a file has not been read yet."""
    return FetchError("it has not been read since this process began", subject=item.url)


def read_data(url: str, cap: int) -> bytes:
    """Return what a `data:` URL holds.

    Raises:
        FetchError: It cannot be read.
        TooLargeError: It is larger.
    """
    head, comma, payload = url.partition(",")
    body = unquote_to_bytes(payload)
    try:
        data = base64.b64decode(body, validate=False) if head.endswith(";base64") else body
    except (binascii.Error, ValueError):
        data, comma = b"", ""
    if not comma:
        raise FetchError("this data: URL cannot be read", subject=url[:80])
    if len(data) > cap:
        raise TooLargeError(f"it has more than {cap} bytes", subject=url[:80])
    return data
