"""Which files may be loaded as modules before there is an import map: those that need none."""

from __future__ import annotations

from collections.abc import Iterable

from hanse.federation.modules import Preload
from hanse.graph import Graph, ModuleFile

__all__ = ["free_of_map"]

RELATIVE = ("./", "../", "/")


def free_of_map(preloads: Iterable[Preload], graph: Graph) -> frozenset[str]:
    """Return the URLs of those whose files are known to import nothing by a name that the map explains."""
    return frozenset(preload.url for preload in preloads if needs_no_map(graph.get(preload.url)))


def needs_no_map(file: ModuleFile | None) -> bool:
    """Tell whether a file is known, and imports only by relative URLs."""
    return file is not None and all(one.startswith(RELATIVE) for one in file.imports)
