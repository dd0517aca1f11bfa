"""Module Federation's sharing: its share scopes, its versions, its hooks, as a model without I/O."""

from __future__ import annotations

from hanse.share.satisfy import satisfy

__all__ = ["satisfy"]
