"""Developing an app: built and shown again with each change, with its mistakes, and types of the others."""

from __future__ import annotations

from hanse.apps.dev.develop import develop

__all__ = ["develop"]
