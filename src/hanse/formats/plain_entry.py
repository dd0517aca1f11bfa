"""The quick way to read an ordinary remote entry; everything odd is left to the exact one.

The items of a federation repeat: a thousand remotes bring a handful of versions of each package, and a remote
that is deployed again brings most of what it brought before. So an item is decoded and checked when its text
is first seen, and known by its text from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, TypeVar

import msgspec
from msgspec.structs import force_setattr

from hanse.formats.decoding import BOM
from hanse.formats.entry_checks import plain_exposes, plain_frame, plain_shared
from hanse.formats.entry_structs import Entries, Expose, RemoteEntry, Shared
from hanse.limits import LIMITS, Limits

__all__ = ["read_plain"]

T = TypeVar("T", Expose, Shared)

SMALLEST_FILE: Final = len('"",')
"""What a file takes at least in a document."""


NONE: Final = msgspec.Raw()


class Frame(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A remote entry whose items are not decoded yet."""

    name: str
    exposes: list[msgspec.Raw] | None = None
    shared: list[msgspec.Raw] | None = None
    chunks: dict[str, list[str]] | None = None
    integrity: dict[str, str] | None = None
    build_notifications_endpoint: str | None = None
    url: str | None = None
    version: str | None = msgspec.field(name="$version", default=None)
    absence: msgspec.Raw = NONE
    assets: msgspec.Raw = NONE


FRAME: Final = msgspec.json.Decoder(Frame)


class Items(Generic[T]):
    """Items of one kind by their texts, so many as their texts have `LIMITS.items_bytes` together."""

    def __init__(
        self, kind: type[T], plain: Callable[[Sequence[T]], bool], freeze: Callable[[Sequence[T]], None]
    ) -> None:
        self.decoder = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
        self.plain: Callable[[Sequence[T]], bool] = plain
        self.freeze: Callable[[Sequence[T]], None] = freeze
        self.known: dict[bytes, T] = {}
        self.size = 0

    def read(self, texts: Iterable[msgspec.Raw]) -> list[T] | None:
        """Return the items of these texts; None where there is something odd about one.

        Raises:
            ValueError: One of them is of another shape.
        """
        keys = list(map(bytes, texts))
        found = list(map(self.known.get, keys))
        if not all(found) and not self.learn(keys, found):
            return None
        return found  # type: ignore[return-value]

    def learn(self, keys: list[bytes], found: list[T | None]) -> bool:
        """Decode and check all that was not found, together; put it in place and remember it."""
        places = [place for place, item in enumerate(found) if item is None]
        texts = [keys[place] for place in places]
        fresh: list[T] = self.decoder.decode(b"[%b]" % b",".join(texts))
        if len(fresh) != len(places) or not self.plain(fresh):
            return False
        self.freeze(fresh)
        for place, item in zip(places, fresh, strict=True):
            found[place] = item
        self.remember(texts, fresh)
        return True

    def remember(self, texts: Sequence[bytes], items: Sequence[T]) -> None:
        """Remember items by their texts; all are forgotten where they would become too many."""
        size = sum(map(len, texts))
        if self.size + size > LIMITS.items_bytes:
            self.known = {}
            self.size = 0
        self.size += size
        # What `dev` holds may change: it is only remembered where it is absent.
        self.known.update([pair for pair in zip(texts, items, strict=True) if pair[1].dev is None])


def freeze_shared(items: Iterable[Shared]) -> None:
    """Make decoded packages immutable, but for what `dev` holds."""
    for item in items:
        entries = item.entries
        if entries is not None:
            force_setattr(item, "entries", Entries(entries))


def freeze_exposes(_items: Iterable[Expose]) -> None:
    """Leave exposed modules as they are: they are immutable, but for what `dev` holds."""


EXPOSES: Final[Items[Expose]] = Items(Expose, plain_exposes, freeze_exposes)
SHARED: Final[Items[Shared]] = Items(Shared, plain_shared, freeze_shared)


def read_plain(data: bytes | str, limits: Limits) -> RemoteEntry | None:
    """Decode an entry with nothing odd about it; None where that takes a closer look.

    Without a backslash no text has a control character or half a character in it. A document of so few bytes
    has no more files than it may.
    """
    try:
        raw = data.encode() if isinstance(data, str) else data
        if b"\\" in raw or len(raw) > min(limits.remote_entry_bytes, SMALLEST_FILE * limits.files_per_entry):
            return None
        frame = FRAME.decode(raw.removeprefix(BOM))
        exposes = None if frame.exposes is None else EXPOSES.read(frame.exposes)
        shared = None if frame.shared is None else SHARED.read(frame.shared)
    except (ValueError, RecursionError):
        return None
    odd = (exposes is None and frame.exposes is not None) or (shared is None and frame.shared is not None)
    many = len(exposes or ()) > limits.exposes_per_entry or len(shared or ()) > limits.shared_per_entry
    extended = bool(bytes(frame.absence) or bytes(frame.assets))
    if odd or many or extended or not plain_frame(frame.name, frame.chunks):
        return None
    return RemoteEntry(
        frame.name,
        exposes,
        shared,
        frame.chunks,
        frame.integrity,
        frame.build_notifications_endpoint,
        frame.url,
        frame.version,
    )
