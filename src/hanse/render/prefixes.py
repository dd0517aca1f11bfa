"""Identifier prefixes: every fragment of a page has its own, and the browser has the same.

They are made of what is rendered and not of an order, so that HTML that is kept fits on every page, and a
page whose fragments are rendered at once has the same ids each time.
"""

from __future__ import annotations

import hashlib
from typing import Final

__all__ = ["Prefixes"]

LENGTH: Final = 6


class Prefixes:
    """The prefixes of one page."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, module: str, digest: str) -> str:
        """Return a prefix that nobody else on this page has: `h3fa91c-`, or `h3fa91c-2-`.

        Args:
            module: What is rendered.
            digest: The digest of its properties.
        """
        base = f"h{hashlib.blake2b(f'{module} {digest}'.encode()).hexdigest()[:LENGTH]}-"
        prefix, count = base, 1
        while prefix in self._taken:
            count += 1
            prefix = f"{base}{count}-"
        self._taken.add(prefix)
        return prefix
