"""Hanse composes one website out of independently built and deployed front-end apps."""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["__version__"]
