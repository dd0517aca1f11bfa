"""Whole apps of pages that federate each other's pages and components: routes, build, dev, start."""

from __future__ import annotations

__all__: list[str] = []
