"""Errors in one line."""

from __future__ import annotations

from hanse.errors import HanseError

__all__ = ["tell"]


def tell(error: HanseError) -> str:
    """Say on one line what happened, and to which document."""
    text, _, _ = str(error).partition("\n  hint: ")
    return " ".join(text.split())
