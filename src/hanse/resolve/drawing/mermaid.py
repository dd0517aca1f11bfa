"""The graph as a Mermaid flowchart, for Markdown pages."""

from __future__ import annotations

import re
from typing import Final

from hanse.resolve.drawing.model import Drawing, Edge, EdgeKind
from hanse.resolve.drawing.words import clean, package_label, remote_label

__all__ = ["to_mermaid"]

# Everything Mermaid, Markdown or HTML could take for markup is written as a numbered entity.
MARKUP: Final = re.compile(r"[^\w .,@/+^~-]")

ARROWS: Final[dict[EdgeKind, str]] = {"serves": "==>", "uses": "-->", "strained": "-.->", "keeps": "-.-"}


def to_mermaid(drawing: Drawing) -> str:
    """Write the graph as a flowchart from left to right."""
    lines = [
        "flowchart LR",
        f"  accTitle: {escape(drawing.title)}",
        *(f'  {node.id}["{escape(remote_label(node))}"]' for node in drawing.remotes),
        *(f'  {node.id}(["{escape(package_label(node))}"])' for node in drawing.packages),
        *(f"  {write_edge(edge)}" for edge in drawing.edges),
    ]
    return "\n".join(lines) + "\n"


def write_edge(edge: Edge) -> str:
    """Write an edge: from who serves to the package, and from the package to who gets it."""
    label = f'|"{escape(edge.label)}"|' if edge.label else ""
    ends = (edge.remote, edge.package) if edge.kind == "serves" else (edge.package, edge.remote)
    return f"{ends[0]} {ARROWS[edge.kind]}{label} {ends[1]}"


def escape(text: str) -> str:
    """Write a text so that it is nothing but text."""
    return MARKUP.sub(lambda match: f"#{ord(match[0])};", clean(text))
