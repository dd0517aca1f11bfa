"""One refresh: what came of it, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from hanse.errors import HanseError
from hanse.federation.holdings import Holdings, Outcome
from hanse.federation.telling import tell

__all__ = ["Course", "Refresh", "RefreshListener"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """One refresh that is over, whatever came of it.

    Attributes:
        started_at: When it began, Unix time in seconds.
        seconds: How long it took: asking, resolving, swapping, and writing to the cache folder.
        changed: Whether the map or somebody's health changed, so that listeners of `on_change` were called.
        resolve_seconds: How long resolving took, and writing the map; None where nothing had to be resolved.
        manifest: What asking for the manifest came to; `skipped` where it was given in place.
        outcomes: What asking for its entry came to, by remote; empty where there was no manifest.
        error: Why it failed, in a sentence, so that the last snapshot is served on; None where it did not.
        error_code: The stable code of that error.
    """

    started_at: float
    seconds: float
    changed: bool
    resolve_seconds: float | None
    manifest: Outcome
    outcomes: Mapping[str, Outcome]
    error: str | None = None
    error_code: str | None = None

    @property
    def asked(self) -> int:
        """How many remotes were asked."""
        return len(self.outcomes) - self.count("skipped")

    @property
    def fetched(self) -> int:
        """How many remotes sent their entry, or had it read from its file."""
        return self.count("fetched")

    @property
    def not_modified(self) -> int:
        """How many remotes confirmed the copy at hand."""
        return self.count("not_modified")

    @property
    def failed(self) -> int:
        """How many remotes were asked and gave no good entry."""
        return self.count("failed")

    def count(self, outcome: Outcome) -> int:
        """Return how many remotes had one outcome."""
        return sum(found == outcome for found in self.outcomes.values())


RefreshListener = Callable[[Refresh], object]
"""Called with what came of a refresh."""


class Course:
    """One refresh under way: collects what will be told of it.

    Args:
        started_at: Unix time, in seconds.
    """

    def __init__(self, started_at: float) -> None:
        self._started_at = started_at
        self._began = time.perf_counter()
        self._resolve_seconds: float | None = None
        self.holdings: Holdings | None = None
        self.changed = False

    @contextmanager
    def resolving(self) -> Iterator[None]:
        """Time how long it is entered."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._resolve_seconds = time.perf_counter() - began

    def end(self, error: Exception | None = None) -> Refresh:
        """Say what came of it; `error` is why it failed."""
        held = self.holdings
        remotes = {} if held is None else held.remotes
        return Refresh(
            started_at=self._started_at,
            seconds=time.perf_counter() - self._began,
            changed=self.changed,
            resolve_seconds=self._resolve_seconds,
            manifest="failed" if held is None else held.manifest.outcome,
            outcomes={name: one.outcome for name, one in remotes.items()},
            error=None if error is None else say(error),
            error_code=None if error is None else code_of(error),
        )


def say(error: Exception) -> str:
    """Say on one line what happened."""
    return tell(error) if isinstance(error, HanseError) else f"an unexpected {type(error).__name__}: {error}"


def code_of(error: Exception) -> str:
    """Return an error's stable code; one that is not of this package has that of the base."""
    return error.code if isinstance(error, HanseError) else HanseError.code
