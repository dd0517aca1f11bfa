"""What is served: the federation's documents, its metrics, and a page that shows it."""

from __future__ import annotations

from hanse.web.server import create_app, serve

__all__ = ["create_app", "serve"]
