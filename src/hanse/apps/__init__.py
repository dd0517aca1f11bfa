"""Whole apps of pages that federate each other's pages and components: routes, build, start."""

from __future__ import annotations

from hanse.apps.answers import Answer, Missing, PageRequest, Redirect

__all__ = ["Answer", "Missing", "PageRequest", "Redirect"]
