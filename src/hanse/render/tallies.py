"""What became of the fragments of each remote since the process began, as numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hanse.render.fragment import Fragment

__all__ = ["OUTCOMES", "RenderTally", "Tallies", "outcome_of"]

OUTCOMES: Final = ("rendered", "cached", "browser", "fallback")
"""What visitors get: HTML that was rendered, or kept; what the browser mounts; what the page gave instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderTally:
    """What became of one remote's fragments.

    Attributes:
        outcomes: How many there were, by outcome.
        reasons: How many were not rendered, or broke off, by reason.
        seconds: What pages waited for them in all.
        engine_seconds: What they took in engines.
        last: Why the last one of those was not rendered; empty where all were.
    """

    outcomes: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    engine_seconds: float = 0.0
    last: str = ""

    @property
    def count(self) -> int:
        """How many fragments there were."""
        return sum(self.outcomes.values())


class Entry:
    """The numbers of one remote, as they grow."""

    __slots__ = ("engine_seconds", "last", "outcomes", "reasons", "seconds")

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.seconds = 0.0
        self.engine_seconds = 0.0
        self.last = ""


class Tallies:
    """The numbers of all remotes.

    Args:
        most: How many remotes are counted; names that come later are not, for templates may make them up.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: dict[str, Entry] = {}

    def note(self, fragment: Fragment) -> None:
        """Count a fragment."""
        entry = self._entries.get(fragment.remote)
        if entry is None:
            if len(self._entries) >= self._most:
                return
            entry = self._entries[fragment.remote] = Entry()
        entry.outcomes[outcome_of(fragment)] += 1
        entry.seconds += fragment.seconds
        entry.engine_seconds += fragment.engine_seconds
        if fragment.fallback is not None:
            entry.reasons[fragment.fallback] += 1
            entry.last = f"{fragment.fallback}: {fragment.message}"

    def read(self) -> dict[str, RenderTally]:
        """Return the numbers by remote; from any thread."""
        return {
            remote: RenderTally(
                outcomes=dict(entry.outcomes),
                reasons=dict(entry.reasons),
                seconds=entry.seconds,
                engine_seconds=entry.engine_seconds,
                last=entry.last,
            )
            for remote, entry in tuple(self._entries.items())
        }


def outcome_of(fragment: Fragment) -> str:
    """Return what the visitor got, in one word."""
    if fragment.mode == "server":
        return "cached" if fragment.cached else "rendered"
    return fragment.mode
