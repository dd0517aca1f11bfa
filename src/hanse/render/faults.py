"""Why a fragment could not be rendered: one word for programs, a sentence for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hanse.errors import EngineError, HanseError

__all__ = ["EXPECTED", "TELLING", "Fault", "RenderError", "fault_of"]

TELLING: Final = frozenset({"timeout", "memory", "ended", "start", "output"})
"""Reasons that say something of a remote's health, and cost so much that it is left alone after some."""

EXPECTED: Final = frozenset({"breaker", "browser-only", "busy", "deadline", "torn", "unknown"})
"""Reasons that were known before anything was rendered; they are no news in a log."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong.

    Attributes:
        reason: One of `EngineError`'s reasons; `deadline` (the page has no time left), `breaker` (the remote
            is left alone for a while), `busy` (it has too many calls under way), `browser-only`, `delegate`
            (it gave no build for this request), `torn` (browsers have another build of it),
            `unknown` (no such module), `html` (an untrusted remote's
            HTML could not be taken) or `internal`.
        message: The sentence.
        stack: The JavaScript stack, where there is one.
    """

    reason: str
    message: str
    stack: str = ""


class RenderError(Exception):
    """Carries a fault to where the fragment's fallback is written; never leaves this package."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def fault_of(error: Exception) -> Fault:
    """Return what an error means for the fragment it happened to."""
    if isinstance(error, RenderError):
        return error.fault
    if isinstance(error, EngineError):
        return Fault(error.reason, str(error), error.stack)
    if isinstance(error, TimeoutError):
        return Fault("timeout", "its engine did not answer in time")
    said = str(error) if isinstance(error, HanseError) else f"{type(error).__name__}: {error}"
    return Fault("internal", said)
