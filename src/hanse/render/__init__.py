"""Fragments: exposed modules of remotes, rendered on the server and put into pages."""

from __future__ import annotations

from hanse.render.stage import Part, Stage

__all__ = ["Part", "Stage"]
