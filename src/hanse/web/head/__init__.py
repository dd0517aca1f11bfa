"""The head of a page: its import map, its preloads, and what the loader has to know."""

from __future__ import annotations

from hanse.web.head.edition import Edition, Head
from hanse.web.head.wanted import Missing

__all__ = ["Edition", "Head", "Missing"]
