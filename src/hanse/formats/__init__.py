"""What travels between remotes, hosts and browsers, as typed structs; one module a format."""

from __future__ import annotations

__all__: list[str] = []
