"""Texts in drawings: made harmless, measured, cut."""

from __future__ import annotations

import unicodedata
from typing import Final

from hanse.resolve.drawing.model import PackageNode, RemoteNode

__all__ = ["LONGEST", "clean", "columns", "cut", "package_label", "remote_label"]

LONGEST: Final = 44
"""Columns of a label; what is longer is cut, and whole in its title."""


def clean(text: str) -> str:
    """Replace what cannot be seen, or cannot be in XML: controls, surrogates, changes of direction."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def columns(text: str) -> int:
    """Return how many columns a text takes in a font of fixed width."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def cut(text: str, longest: int = LONGEST) -> str:
    """Cut a text to a number of columns."""
    if columns(text) <= longest:
        return text
    kept = text
    while columns(kept) > longest - 1:
        kept = kept[:-1]
    return f"{kept}…"


def remote_label(node: RemoteNode) -> str:
    """Name a remote."""
    return clean(f"{node.name} (host)" if node.host else node.name)


def package_label(node: PackageNode) -> str:
    """Name a package, its published versions, and its share scope where it is in one of its own."""
    scope = f" [{node.scope}]" if node.scope else ""
    return clean(f"{node.package} {', '.join(node.versions)}".rstrip() + scope)
