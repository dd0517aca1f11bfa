"""The browser's part, as text that is written into the head."""

from __future__ import annotations

from typing import Final

__all__ = ["DEV", "LOADER"]

LOADER: Final = ""
DEV: Final = ""
