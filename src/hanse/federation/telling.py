"""Errors in one line."""

from __future__ import annotations

from hanse.errors import HanseError
from hanse.formats.decoding import in_a_line

__all__ = ["tell"]


def tell(error: HanseError) -> str:
    """Say on one line what happened, and to which document."""
    return in_a_line(error)
