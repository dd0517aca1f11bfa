"""The federation as a graph: remotes, packages, who serves whom; as SVG, Mermaid and DOT."""

from __future__ import annotations

from hanse.resolve.drawing.dot import to_dot
from hanse.resolve.drawing.mermaid import to_mermaid
from hanse.resolve.drawing.model import Drawing, Edge, EdgeKind, PackageNode, RemoteNode, draw
from hanse.resolve.drawing.svg import to_svg

__all__ = [
    "Drawing",
    "Edge",
    "EdgeKind",
    "PackageNode",
    "RemoteNode",
    "draw",
    "to_dot",
    "to_mermaid",
    "to_svg",
]
