"""A cache with two bounds: a number of things, and what they weigh together."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Bounded"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """Keeps what was used last; from any thread.

    Args:
        most: How many things are kept.
        heaviest: What they may weigh together; one that alone is heavier is not kept.
    """

    def __init__(self, most: int, *, heaviest: int | None = None) -> None:
        self._most = most
        self._heaviest = heaviest
        self._weight = 0
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: K) -> V | None:
        """Return what is kept under a key, and count that as a use."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: K, value: V, *, weight: int = 0) -> V:
        """Keep a thing, or the one that somebody else has kept meanwhile; return which."""
        with self._lock:
            if (found := self._kept.get(key)) is not None:
                return found[0]
            if self._heaviest is None or weight <= self._heaviest:
                self._kept[key] = value, weight
                self._weight += weight
                self._drop()
            return value

    def values(self) -> list[V]:
        """Return everything that is kept, the least recently used first."""
        with self._lock:
            return [value for value, _ in self._kept.values()]

    def _drop(self) -> None:
        """Drop what was used longest ago until both bounds hold."""
        while len(self._kept) > self._most or (self._heaviest is not None and self._weight > self._heaviest):
            _, (_, weight) = self._kept.popitem(last=False)
            self._weight -= weight
