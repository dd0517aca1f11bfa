"""The graph as an SVG image: one file, no scripts, no style sheets, readable without colours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hanse.html import attribute, text
from hanse.resolve.drawing.model import Drawing, Edge, EdgeKind
from hanse.resolve.drawing.scene import Box, Line, Scene, lay_out
from hanse.resolve.drawing.words import clean

__all__ = ["COLOURS", "to_svg"]

COLOURS: Final = {
    "paper": "#ffffff",
    "ink": "#1b1f24",
    "quiet": "#57606a",
    "remote": "#e8f1fb",
    "host": "#d3e6fa",
    "package": "#f6f2e6",
    "remote-line": "#1f5f9e",
    "host-line": "#1f5f9e",
    "package-line": "#7a5c00",
    "serves": "#1f5f9e",
    "uses": "#57606a",
    "strained": "#a63f00",
    "keeps": "#b42318",
}
"""Texts and lines have a contrast of at least 4.5 to 1 on paper, texts on boxes as well."""

# Kinds differ in dashes, too: nobody has to tell colours apart.
STROKES: Final[dict[EdgeKind, str]] = {
    "serves": 'stroke-width="2.5"',
    "uses": 'stroke-width="1.5"',
    "strained": 'stroke-width="2" stroke-dasharray="8 4"',
    "keeps": 'stroke-width="2" stroke-dasharray="2 4"',
}

LEGEND: Final[dict[EdgeKind, str]] = {
    "serves": "serves its build",
    "uses": "uses it",
    "strained": "uses it against its range, or torn",
    "keeps": "keeps a copy of its own",
}

LEGEND_HEIGHT: Final = 26
LEGEND_WIDTH: Final = 340
SENTENCES: Final = 200


def to_svg(drawing: Drawing, *, prefix: str = "hanse") -> str:
    """Write the graph as SVG.

    Args:
        drawing: The graph.
        prefix: What its element ids begin with; where two drawings stand in one page they have to differ.
    """
    scene = lay_out(drawing)
    name = attribute(clean(prefix))
    width = max(scene.width, LEGEND_WIDTH)
    height = scene.height + LEGEND_HEIGHT * (len(LEGEND) + 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="{name}-title {name}-desc" '
        'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13">',
        f'<title id="{name}-title">{text(clean(drawing.title))}</title>',
        f'<desc id="{name}-desc">{text(describe(drawing.edges))}</desc>',
        f'<rect width="{width}" height="{height}" fill="{COLOURS["paper"]}"/>',
        *headings(scene),
        *(write_line(line, name) for line in scene.lines),
        *(write_box(box) for box in scene.boxes),
        *(write_label(line) for line in scene.lines if line.label),
        *legend(scene, name),
        f"<defs>{''.join(arrow(kind, name) for kind in LEGEND)}</defs>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def describe(edges: Iterable[Edge]) -> str:
    """Say in words what the drawing shows, for those who do not see it."""
    sentences = [f"{clean(edge.sentence)}." for edge in edges]
    more = len(sentences) - SENTENCES
    kept = sentences[:SENTENCES] + ([f"And {more} more."] if more > 0 else [])
    return " ".join(kept) or "Nobody shares anything."


def headings(scene: Scene) -> Iterable[str]:
    """Write what the columns are."""
    for middle, title in scene.headings:
        yield (
            f'<text x="{middle}" y="36" text-anchor="middle" font-weight="bold" '
            f'fill="{COLOURS["quiet"]}">{text(title)}</text>'
        )


def write_box(box: Box) -> str:
    """Write a node; packages are rounder than remotes."""
    radius = 14 if box.kind == "package" else 4
    weight = ' font-weight="bold"' if box.kind == "host" else ""
    return (
        f"<g><title>{text(box.title)}</title>"
        f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="{radius}" '
        f'fill="{COLOURS[box.kind]}" stroke="{COLOURS[f"{box.kind}-line"]}" stroke-width="1.5"/>'
        f'<text x="{box.x + box.width // 2}" y="{box.y + box.height // 2}" dy="0.35em" '
        f'text-anchor="middle" fill="{COLOURS["ink"]}"{weight}>{text(box.text)}</text></g>'
    )


def write_line(line: Line, prefix: str) -> str:
    """Write an edge as a curve that leaves and arrives level."""
    bend, end = (line.level - line.x1) // 2, f"{line.level} {line.y2}"
    course = f"M{line.x1} {line.y1}C{line.x1 + bend} {line.y1} {line.level - bend} {line.y2} {end}H{line.x2}"
    return f'<path d="{course}" {stroke(line.kind, prefix)}><title>{text(line.title)}</title></path>'


def stroke(kind: EdgeKind, prefix: str) -> str:
    """Write how an edge is painted; a copy that is kept comes from nowhere, so it has no arrow."""
    end = "" if kind == "keeps" else f' marker-end="url(#{prefix}-{kind})"'
    return f'fill="none" stroke="{COLOURS[kind]}" {STROKES[kind]}{end}'


def write_label(line: Line) -> str:
    """Write an edge's label before its end, on a rim of paper so that no line crosses it."""
    return (
        f'<text x="{line.x2 - 12}" y="{line.y2}" dy="-0.3em" text-anchor="end" font-size="12" '
        f'fill="{COLOURS[line.kind]}" stroke="{COLOURS["paper"]}" stroke-width="4" '
        f'paint-order="stroke">{text(line.label)}</text>'
    )


def legend(scene: Scene, prefix: str) -> Iterable[str]:
    """Write what the kinds of lines mean."""
    for index, (kind, meaning) in enumerate(LEGEND.items(), 1):
        height = scene.height + LEGEND_HEIGHT * index - 8
        yield f'<path d="M24 {height}H72" {stroke(kind, prefix)}/>'
        yield (f'<text x="84" y="{height}" dy="0.35em" fill="{COLOURS["ink"]}">{text(meaning)}</text>')


def arrow(kind: EdgeKind, prefix: str) -> str:
    """Write the arrow head of a kind of line."""
    return (
        f'<marker id="{prefix}-{kind}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" '
        f'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{COLOURS[kind]}"/></marker>'
    )
