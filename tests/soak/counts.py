"""How often something is done: some times in the usual run, and for long in `make soak`."""

from __future__ import annotations

import os

__all__ = ["SOAK", "often"]

SOAK = os.environ.get("HANSE_SOAK") == "1"


def often(usual: int, *, soak: int) -> int:
    """Return how often something is done in this run."""
    return soak if SOAK else usual
