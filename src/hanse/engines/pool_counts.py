"""What a pool has done so far, as numbers for metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["PoolCounts", "Tally"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolCounts:
    """What a pool has done since it was made, and does now.

    Attributes:
        started: Realms opened.
        failed: Realms that could not be opened.
        ended: Realms that ended, by why: `request` (it had its one call), `switched`, `closed`, `timeout` (a
            call would not end), `memory`, `ended` (it ended by itself, or broke the protocol), `spare`
            (opened for calls that others held up, and not needed now).
        calls: Calls by how they came out: `ok`, or the reason of their `EngineError`.
        repeated: Calls that were begun anew because their realm ended or was held up.
        switches: Changes of the generation.
        busy: Calls under way.
        waiting: Calls that wait for their turn.
        ready: Realms that are open.
    """

    started: int = 0
    failed: int = 0
    ended: Mapping[str, int] = field(default_factory=dict)
    calls: Mapping[str, int] = field(default_factory=dict)
    repeated: int = 0
    switches: int = 0
    busy: int = 0
    waiting: int = 0
    ready: int = 0


class Tally:
    """Numbers that only grow; one for a pool and all its generations."""

    def __init__(self) -> None:
        self.started = 0
        self.failed = 0
        self.repeated = 0
        self.switches = 0
        self.ended: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
