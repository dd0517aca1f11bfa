"""What has been fetched, in memory, bounded in number and bytes; the least recently used goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from hanse.errors import HanseError, StatusError
from hanse.limits import Limits
from hanse.net.freshness import Freshness

__all__ = ["Cache", "Entry", "Key"]

# The normalised URL and the `Accept` header: all that the requests of this package differ in.
Key = tuple[str, str]

# Less than an entry's own size never counts, or empty bodies would be free.
ENTRY_BYTES = 512


@dataclass(frozen=True, slots=True)
class Entry:
    """A good copy of a document; `received` is on the client's clock, `freshness` from the headers.

    `headers` are those of the answer that say what browsers may do with it.

    `validators` are the request headers that ask whether the copy is still the current one.
    """

    body: bytes
    final_url: str
    content_type: str
    etag: str | None
    last_modified: str | None
    freshness: Freshness
    received: float
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def validators(self) -> Mapping[str, str]:
        """Request headers that ask for the document only if it is another one by now."""
        asked = {"if-none-match": self.etag, "if-modified-since": self.last_modified}
        return {name: value for name, value in asked.items() if value is not None}

    def age(self, now: float) -> float:
        """Return the seconds since the origin made or confirmed the copy."""
        return self.freshness.age + max(0.0, now - self.received)

    def fresh_for(self, now: float) -> float:
        """Return the seconds for which the copy needs no question; negative once it is stale."""
        return self.freshness.lifetime - self.age(now)

    def serves_while_revalidating(self, now: float) -> bool:
        """Tell whether the stale copy may be handed out while the origin is asked."""
        return self.fresh_for(now) + self.freshness.while_revalidate > 0

    def serves_on_error(self, now: float, limits: Limits) -> bool:
        """Tell whether the stale copy may be handed out where the origin fails."""
        said = self.freshness.if_error
        window = limits.stale_if_error if said is None else said
        return self.fresh_for(now) + window > 0


class Cache:
    """Entries by key, and the last failure of those that have failed since.

    Args:
        limits: `cache_entries`, `cache_bytes` and `negative_cache` are used.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._bytes = 0
        self._troubles: OrderedDict[Key, tuple[HanseError, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """The bytes all entries have together."""
        return self._bytes

    def get(self, key: Key) -> Entry | None:
        """Return the good copy, if there is one."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: Key, entry: Entry) -> None:
        """Keep a copy, and drop the least recently used ones beyond the bounds.

        A copy that may not be stored, or is larger than the cache, still ends the one before it: that
        one is known not to be current any more.
        """
        self._troubles.pop(key, None)
        self._drop(key)
        if not entry.freshness.store or weigh(entry) > self._limits.cache_bytes:
            return
        self._entries[key] = entry
        self._bytes += weigh(entry)
        while len(self._entries) > self._limits.cache_entries or self._bytes > self._limits.cache_bytes:
            self._drop(next(iter(self._entries)))

    def note(self, key: Key, error: HanseError, now: float) -> None:
        """Remember why a document could not be had; a good copy stays."""
        self._troubles[key] = (error, now)
        self._troubles.move_to_end(key)
        if len(self._troubles) > self._limits.cache_entries:
            self._troubles.popitem(last=False)

    def trouble(self, key: Key) -> HanseError | None:
        """Return why the document could not be had the last time, if it has not been had since."""
        return self._troubles[key][0] if key in self._troubles else None

    def refusal(self, key: Key, now: float) -> HanseError | None:
        """Return the origin's own refusal (404 and the like) for as long as it is believed.

        Failures of the network and of the server are the breaker's business, and faults of the content
        are in the eye of one caller.
        """
        error, when = self._troubles.get(key, (None, now))
        refused = isinstance(error, StatusError) and error.status < 500
        return error if refused and now < when + self._limits.negative_cache else None

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= weigh(entry)


def weigh(entry: Entry) -> int:
    """Return the bytes an entry counts for."""
    return len(entry.body) + len(entry.final_url) + ENTRY_BYTES
