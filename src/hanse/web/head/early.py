"""Which preloads may come before the import map: those of files that need none."""

from __future__ import annotations

from collections.abc import Iterable

from hanse.federation.modules import Preload
from hanse.graph import Graph, ModuleFile

__all__ = ["early_preloads"]

RELATIVE = ("./", "../", "/")


def early_preloads(preloads: Iterable[Preload], graph: Graph) -> tuple[Preload, ...]:
    """Return those whose files are known to import nothing by a name that the map has to explain.

    A module is linked to its imports when it arrives. In Chromium one that imports a bare specifier and
    arrives before the map is broken for as long as the page lives.
    """
    return tuple(preload for preload in preloads if needs_no_map(graph.get(preload.url)))


def needs_no_map(file: ModuleFile | None) -> bool:
    """Tell whether a file is known, and imports only by relative URLs."""
    return file is not None and all(one.startswith(RELATIVE) for one in file.imports)
