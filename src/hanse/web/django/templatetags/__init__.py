"""The tags that `{% load hanse %}` brings."""

from __future__ import annotations

__all__: list[str] = []
