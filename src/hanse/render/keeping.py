"""HTML that is kept for a while, where a caller asked for it: bounded, and each made by one call only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from hanse.engines.base import JSON, Rendered
from hanse.limits import Limits
from hanse.net.flights import Flights
from hanse.render.payload import Payload
from hanse.render.stage import Part

__all__ = ["Kept", "Key", "key_of"]

Key: TypeAlias = tuple[str, ...]
"""What decides the HTML: build, generation, module, export, properties, prefix, and the caller's context."""


def key_of(
    part: Part, payload: Payload, *, export: str, prefix: str, context: dict[str, JSON], sanitised: bool
) -> Key:
    """Return the key of a rendering.

    Args:
        part: What is rendered; another build of it has another key.
        payload: The properties.
        export: The component.
        prefix: Its identifier prefix, which stands in the HTML.
        context: What the caller adds to the context.
        sanitised: Whether the HTML is written anew.
    """
    said = msgspec.json.encode(context, order="sorted").decode() if context else ""
    place = part.build, part.generation, part.specifier, export
    return (*place, payload.digest, prefix, said, "s" if sanitised else "")


@dataclass(frozen=True, slots=True)
class Entry:
    """A rendering, and until when it may be used."""

    rendered: Rendered
    until: float
    weight: int


class Kept:
    """What is kept, on one event loop; the least recently used goes first.

    Args:
        limits: `fragments_kept` and `fragments_characters` are used.
        clock: Seconds, monotonic.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._weight = 0
        self._flights: Flights[Rendered] = Flights()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def characters(self) -> int:
        """How many characters are kept."""
        return self._weight

    async def get(
        self, key: Key, seconds: float, make: Callable[[], Awaitable[Rendered]]
    ) -> tuple[Rendered, bool]:
        """Return a rendering, and whether it was kept; those who come while it is made wait for that one.

        Args:
            key: What decides it.
            seconds: How long it may be kept from now on, where it is made.
            make: Makes it; what it raises is everybody's who waits, and is not kept.
        """
        entry = self._entries.get(key)
        if entry is not None and entry.until > self._clock():
            self._entries.move_to_end(key)
            return entry.rendered, True

        async def fly() -> Rendered:
            rendered = await make()
            self._put(key, rendered, seconds)
            return rendered

        return await self._flights.join(key, fly), False

    async def aclose(self) -> None:
        """End what is being made."""
        await self._flights.cancel()

    def _put(self, key: Key, rendered: Rendered, seconds: float) -> None:
        """Keep a rendering, and drop what is too much then."""
        weight = len(rendered.html) + len(rendered.head) + sum(map(len, key))
        if weight > self._limits.fragments_characters:
            return
        self._drop(key)
        self._entries[key] = Entry(rendered, self._clock() + seconds, weight)
        self._weight += weight
        while len(self._entries) > self._limits.fragments_kept or (
            self._weight > self._limits.fragments_characters
        ):
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Key) -> None:
        """Drop what is kept under a key, if anything is."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._weight -= entry.weight
