"""The JavaScript of apps: what their components import from Hanse."""

from __future__ import annotations

__all__: list[str] = []
