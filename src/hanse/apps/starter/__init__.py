"""What `hanse new` begins with; `__NAME__` and `__PORT__` are filled in."""

from __future__ import annotations

__all__: list[str] = []
