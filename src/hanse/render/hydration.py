"""What the browser hydrates with: the React that a module gets there, by the page's import map."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from hanse.errors import SpecifierError
from hanse.formats.import_map import ParsedImportMap, resolve_specifier
from hanse.graph import place_on_page, write_for_page

__all__ = ["hydration_urls"]

# What a page needs of React to hydrate.
NEEDED: Final = ("react", "react-dom/client")
NONE: Final[Mapping[str, str]] = MappingProxyType({})


def hydration_urls(import_map: ParsedImportMap, module: str) -> Mapping[str, str]:
    """Return the URLs of what hydrates a module: those that its own imports of React lead to.

    Args:
        import_map: The page's map, parsed on `graph.SOME_PAGE`, as `Files.parsed` of a snapshot is.
        module: The module's URL as the map has it; it decides the scopes that count.

    Returns:
        Specifier -> URL for all that is needed, or nothing where the map lacks a part of it.
    """
    importer = place_on_page(module)
    if importer is None:
        return NONE
    try:
        return {
            name: write_for_page(resolve_specifier(import_map, name, importer=importer)) for name in NEEDED
        }
    except SpecifierError:
        return NONE
