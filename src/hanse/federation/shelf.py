"""What has been read before: kept, so that a redeploy costs the files that changed, and a restart none.

A file is known by its URL and by what vouches for its content: its integrity, or else the digest of the
remote entry it was deployed with. What a text imports is known by the text's digest alone.
"""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from hanse.errors import FormatError, HanseError
from hanse.federation.reading import read_file
from hanse.federation.sealed import replace_file, seal, unseal
from hanse.federation.settings import Settings
from hanse.graph import Lexed, ModuleFile

__all__ = ["Key", "Shelf", "ShelfStore"]

LOG: Final = logging.getLogger("hanse.federation")

KIND: Final = b"hanse modules 1\n"

Key = tuple[str, str]
"""A file's URL, as the import map writes it, and its integrity or its remote entry's digest."""

V = TypeVar("V")


class Place(msgspec.Struct, frozen=True, array_like=True):
    """What was found under a URL: the text's digest, its bytes, and where it was after redirects."""

    digest: str
    size: int
    location: str


class Shelf:
    """Files and texts that have been read, each bounded; what was not used for longest goes first.

    Args:
        most: How many of each are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._places: OrderedDict[Key, Place] = OrderedDict()
        self._texts: OrderedDict[str, Lexed] = OrderedDict()
        self._faults: OrderedDict[str, FormatError] = OrderedDict()

    def __len__(self) -> int:
        return len(self._places)

    def find(self, key: Key) -> ModuleFile | None:
        """Return a file that was read before.

        Raises:
            FormatError: It was, and what it imports cannot be found out.
        """
        place = self._places.get(key)
        text = None if place is None else self.text(place.digest)
        if place is None or text is None:
            return None
        self._places.move_to_end(key)
        return make_file(key[0], place, text)

    def text(self, digest: str) -> Lexed | None:
        """Return what a text imports, if that is known.

        Raises:
            FormatError: It is known that it cannot be found out.
        """
        fault = self._faults.get(digest)
        if fault is not None:
            raise fault.with_traceback(None)
        found = self._texts.get(digest)
        if found is not None:
            self._texts.move_to_end(digest)
        return found

    def put_text(self, digest: str, found: Lexed | FormatError) -> None:
        """Keep what a text imports, or why that cannot be found out."""
        if isinstance(found, FormatError):
            self._keep(self._faults, digest, found)
            self._keep(self._texts, digest, Lexed())
        else:
            self._keep(self._texts, digest, found)

    def put(self, key: Key, *, digest: str, size: int, location: str) -> None:
        """Keep what was found under a URL."""
        self._keep(self._places, key, Place(digest, size, location))

    def take(self, voucher: str) -> dict[Key, Place]:
        """Take away the files of one build, those that have no integrity."""
        return {key: self._places.pop(key) for key in [key for key in self._places if key[1] == voucher]}

    def put_back(self, taken: Mapping[Key, Place]) -> None:
        """Put back what was taken away."""
        for key, place in taken.items():
            self._keep(self._places, key, place)

    def pack(self, source: str, keys: Iterable[Key]) -> Stored:
        """Put together what is to be stored of these files."""
        places = [(*key, self._places[key]) for key in keys if key in self._places]
        digests = dict.fromkeys(place.digest for _, _, place in places)
        texts = {
            digest: self._texts[digest]
            for digest in digests
            if digest in self._texts and digest not in self._faults
        }
        return Stored(source, places, texts)

    def unpack(self, stored: Stored) -> None:
        """Take in what was stored; what is known already stays."""
        for digest, text in stored.texts.items():
            if digest not in self._texts:
                self._keep(self._texts, digest, text)
        for url, voucher, place in stored.places:
            if (url, voucher) not in self._places:
                self._keep(self._places, (url, voucher), place)

    def _keep(self, table: OrderedDict[str, V] | OrderedDict[Key, V], key: str | Key, value: V) -> None:
        table[key] = value  # type: ignore[index]
        while len(table) > self._most:
            table.popitem(last=False)


class Stored(msgspec.Struct, frozen=True):
    """The files of one federation on disk: (URL, integrity or build, place) and digest -> imports."""

    source: str
    places: list[tuple[str, str, Place]]
    texts: dict[str, Lexed]


class ShelfStore:
    """The file in which a federation's shelf is kept, beside its last good documents.

    Args:
        settings: Whose.
        folder: Where.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        name = hashlib.sha256(settings.identity.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self.file = folder / f"modules-{name}.hanse"
        self._written: tuple[object, ...] = ()

    def write(self, shelf: Shelf, keys: Iterable[Key]) -> None:
        """Store these files, if they differ from what was stored last; a failure is logged."""
        stored = shelf.pack(self._settings.identity, keys)
        if (stored.places, len(stored.texts)) == self._written:
            return
        try:
            content = seal(KIND, msgspec.msgpack.encode(stored))
            replace_file(self.file, content, cap=self._settings.limits.stored_bytes)
            self._written = (stored.places, len(stored.texts))
        except (OSError, HanseError) as error:
            LOG.warning("what is known of modules cannot be stored in %s: %s", self.file.parent, error)

    def read(self, shelf: Shelf) -> None:
        """Read back what was stored; what is damaged, or belongs to somebody else, is logged and left."""
        if not self.file.exists():
            return
        subject = str(self.file)
        try:
            content = read_file(self.file, folder=None, cap=self._settings.limits.stored_bytes)
            stored = decode(unseal(KIND, content, subject), subject)
            if stored.source != self._settings.identity:
                raise FormatError("it belongs to another manifest", subject=subject, found=stored.source)
        except HanseError as error:
            LOG.warning("what was stored of modules is not used: %s", error)
            return
        shelf.unpack(stored)


def decode(payload: bytes, subject: str) -> Stored:
    """Decode what was stored.

    Raises:
        FormatError: It is not what is stored here.
    """
    try:
        return msgspec.msgpack.decode(payload, type=Stored)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"it cannot be read: {error}", subject=subject) from error


def make_file(url: str, place: Place, text: Lexed) -> ModuleFile:
    """Put together what is known of a file."""
    return ModuleFile(
        url=url,
        digest=place.digest,
        size=place.size,
        imports=text.imports,
        dynamic=text.dynamic,
        opaque=text.opaque,
        others=text.others,
        location=place.location,
    )
