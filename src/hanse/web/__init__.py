"""What is served: a federation's documents, its metrics, a page that shows it, and heads for others."""

from __future__ import annotations

from hanse.web.options import PageOptions
from hanse.web.overrides import Asked, Overrides
from hanse.web.page import Page, Pages
from hanse.web.server import create_app, serve

__all__ = ["Asked", "Overrides", "Page", "PageOptions", "Pages", "create_app", "serve"]
