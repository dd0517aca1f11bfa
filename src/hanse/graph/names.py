"""Which names a module imports of which others, by its text alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tree_sitter import Node, Tree

from hanse.graph.lexing import go_on, parse
from hanse.graph.literals import read_literal

__all__ = ["ALL", "imported_names"]

ALL: Final = "*"
"""In place of a name: the whole namespace."""

SPECIFIERS: Final = frozenset({"import_specifier", "export_specifier"})


def imported_names(source: bytes) -> Mapping[str, frozenset[str]]:
    """Return specifier -> the names that a module's import statements, and exports from elsewhere, ask for.

    Syntax errors are tolerated: what can be read around them counts. `default` is a name, too; a statement
    that asks for none adds the specifier alone.

    Args:
        source: The module; such as a bundler writes.
    """
    tree = parse(source, go_on)
    found: dict[str, frozenset[str]] = {}
    for specifier, names in () if tree is None else statements(source, tree):
        found[specifier] = found.get(specifier, frozenset()) | names
    return found


def statements(source: bytes, tree: Tree) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the specifier and the names of each statement."""
    for node in tree.root_node.children:
        place = node.child_by_field_name("source")
        if node.type in ("import_statement", "export_statement") and place is not None:
            specifier = read_literal(text_of(source, place)[1:-1])
            yield specifier, frozenset(names_in(source, node))


def names_in(source: bytes, node: Node) -> Iterator[str]:
    """Yield the names that a statement asks for."""
    for child in node.children:
        if child.type in SPECIFIERS:
            name = child.child_by_field_name("name")
            if name is not None:
                text = text_of(source, name)
                yield read_literal(text[1:-1]) if name.type == "string" else text
        elif child.type in ("namespace_import", "namespace_export", "*"):
            yield ALL
        elif child.type == "identifier":
            yield "default"
        elif child.type in ("import_clause", "named_imports", "export_clause"):
            yield from names_in(source, child)


def text_of(source: bytes, node: Node) -> str:
    """Return the text of a node."""
    return source[node.start_byte : node.end_byte].decode("utf-8", "replace")
