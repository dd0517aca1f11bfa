"""The graph in DOT, for Graphviz."""

from __future__ import annotations

from typing import Final

from hanse.resolve.drawing.model import Drawing, Edge, EdgeKind
from hanse.resolve.drawing.words import clean, package_label, remote_label

__all__ = ["to_dot"]

STYLES: Final[dict[EdgeKind, str]] = {
    "serves": "style=bold",
    "uses": "style=solid",
    "strained": "style=dashed",
    "keeps": "style=dotted, dir=none",
}


def to_dot(drawing: Drawing) -> str:
    """Write the graph as a digraph from left to right."""
    lines = [
        "digraph federation {",
        f"  graph [rankdir=LR, label={quote(drawing.title)}];",
        *(f"  {node.id} [shape=box, label={quote(remote_label(node))}];" for node in drawing.remotes),
        *(f"  {node.id} [shape=ellipse, label={quote(package_label(node))}];" for node in drawing.packages),
        *(f"  {write_edge(edge)};" for edge in drawing.edges),
        "}",
    ]
    return "\n".join(lines) + "\n"


def write_edge(edge: Edge) -> str:
    """Write an edge: from who serves to the package, and from the package to who gets it."""
    ends = (edge.remote, edge.package) if edge.kind == "serves" else (edge.package, edge.remote)
    label = f", label={quote(edge.label)}" if edge.label else ""
    return f"{ends[0]} -> {ends[1]} [{STYLES[edge.kind]}{label}, tooltip={quote(edge.sentence)}]"


def quote(text: str) -> str:
    """Quote a text; a backslash would otherwise begin one of DOT's own escapes."""
    return '"' + clean(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
