"""From the graph to boxes and lines with coordinates: three columns, who serves, what, and who gets it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hanse.resolve.drawing.layout import order_layers, place_layers
from hanse.resolve.drawing.model import Drawing, Edge, EdgeKind, PackageNode, RemoteNode
from hanse.resolve.drawing.words import clean, columns, cut, package_label, remote_label

__all__ = ["Box", "Line", "Scene", "lay_out"]

# Pixels. A column of text is 0.6 em in fonts of fixed width, at 13 px.
COLUMN: Final = 7.9
PADDING: Final = 14
BOX_HEIGHT: Final = 34
BOX_GAP: Final = 16
MARGIN: Final = 24
HEADING: Final = 44
# Between two columns of boxes there is at least this, and an edge's label has to fit in.
CORRIDOR: Final = 150
LABEL_COLUMNS: Final = 28
# Lines that end at one box keep their distance: enough for a label, or to be told apart.
LABELLED_STEP: Final = 16
PLAIN_STEP: Final = 6
PLAIN_MOST: Final = 80


@dataclass(frozen=True, slots=True)
class Box:
    """A node: pixels from the left and top; `title` is its whole name, `text` what fits."""

    kind: str
    text: str
    title: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Line:
    """An edge, from left to right; after `level` it goes straight, below its label."""

    kind: EdgeKind
    label: str
    title: str
    x1: int
    y1: int
    x2: int
    y2: int
    level: int


@dataclass(frozen=True, slots=True)
class Scene:
    """All there is to paint, in pixels; `headings` are the columns' middles and titles."""

    width: int
    height: int
    headings: tuple[tuple[int, str], ...]
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """A node in one of the columns: a remote may stand in two of them."""

    key: str
    kind: str
    label: str


def lay_out(drawing: Drawing) -> Scene:
    """Place everything."""
    layers = spots(drawing)
    links = [[ends(edge) for edge in drawing.edges if (edge.kind == "serves") == first] for first in (1, 0)]
    keyed = {spot.key: spot for layer in layers for spot in layer}
    order = order_layers([[spot.key for spot in layer] for layer in layers], links)
    heights = box_heights(keyed, drawing.edges)
    tops = place_layers(order, links, heights, gap=BOX_GAP)
    lefts, widths = columns_of(layers, drawing.edges)
    boxes = {
        spot.key: Box(
            kind=spot.kind,
            text=cut(spot.label),
            title=spot.label,
            x=lefts[index],
            y=MARGIN + HEADING + tops[spot.key],
            width=widths[index],
            height=heights[spot.key],
        )
        for index, layer in enumerate(layers)
        for spot in layer
    }
    bottom = max((box.y + box.height for box in boxes.values()), default=MARGIN + HEADING)
    return Scene(
        width=lefts[-1] + widths[-1] + MARGIN,
        height=bottom + MARGIN,
        headings=tuple(
            (left + width // 2, title)
            for left, width, title in zip(lefts, widths, ("serve", "packages", "use"), strict=True)
        ),
        boxes=tuple(boxes[key] for layer in order for key in layer),
        lines=tuple(lines(drawing.edges, boxes)),
    )


def spots(drawing: Drawing) -> list[list[Spot]]:
    """Return the three columns; who neither serves nor uses stands among those who serve."""
    using = {edge.remote for edge in drawing.edges if edge.kind != "serves"}
    serving = {edge.remote for edge in drawing.edges if edge.kind == "serves"}
    left = [node for node in drawing.remotes if node.id in serving or node.id not in using]
    right = [node for node in drawing.remotes if node.id in using]
    return [
        [remote_spot(node, "from") for node in left],
        [package_spot(node) for node in drawing.packages],
        [remote_spot(node, "to") for node in right],
    ]


def remote_spot(node: RemoteNode, side: str) -> Spot:
    """Return a remote's spot in the left or the right column."""
    return Spot(f"{side}-{node.id}", "host" if node.host else "remote", remote_label(node))


def package_spot(node: PackageNode) -> Spot:
    """Return a package's spot."""
    return Spot(node.id, "package", package_label(node))


def ends(edge: Edge) -> tuple[str, str]:
    """Return the spots that an edge links, from left to right."""
    if edge.kind == "serves":
        return f"from-{edge.remote}", edge.package
    return edge.package, f"to-{edge.remote}"


def box_heights(keyed: Iterable[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Return how tall each box is: its lines have to be told apart on either side."""
    sides: dict[tuple[str, int], list[Edge]] = {}
    for edge in edges:
        for side, key in enumerate(ends(edge)):
            sides.setdefault((key, side), []).append(edge)
    needed = {key: max(sum(steps(sides.get((key, side), ()))) for side in (0, 1)) for key in keyed}
    return {key: max(BOX_HEIGHT, round(need) + 8) for key, need in needed.items()}


def steps(edges: Sequence[Edge]) -> list[float]:
    """Return how much of a box's side each of its lines takes."""
    plain = sum(1 for edge in edges if not edge.label)
    step = min(PLAIN_STEP, PLAIN_MOST / plain) if plain else 0.0
    return [LABELLED_STEP if edge.label else step for edge in edges]


def columns_of(layers: Sequence[Sequence[Spot]], edges: Sequence[Edge]) -> tuple[list[int], list[int]]:
    """Return each column's left edge and width: those of its longest label."""
    widths = [
        round(max((columns(cut(spot.label)) for spot in layer), default=8) * COLUMN) + 2 * PADDING
        for layer in layers
    ]
    lefts = [MARGIN]
    for index, width in enumerate(widths[:-1]):
        labels = [edge.label for edge in edges if (edge.kind == "serves") == (index == 0)]
        longest = max((columns(cut(clean(label), LABEL_COLUMNS)) for label in labels), default=0)
        lefts.append(lefts[-1] + width + max(CORRIDOR, round(longest * COLUMN) + 100))
    return lefts, widths


def lines(edges: Sequence[Edge], boxes: dict[str, Box]) -> Iterable[Line]:
    """Yield the lines; at each box they are ordered by where they come from or go to."""
    pairs = {edge: ends(edge) for edge in edges}
    starts = ports(edges, pairs, boxes, side=0)
    stops = ports(edges, pairs, boxes, side=1)
    for edge, (left, right) in pairs.items():
        label = cut(clean(edge.label), LABEL_COLUMNS)
        yield Line(
            kind=edge.kind,
            label=label,
            title=clean(edge.sentence),
            x1=boxes[left].x + boxes[left].width,
            y1=starts[edge],
            x2=boxes[right].x,
            y2=stops[edge],
            level=boxes[right].x - (round(columns(label) * COLUMN) + 16 if label else 0),
        )


def ports(
    edges: Sequence[Edge], pairs: dict[Edge, tuple[str, str]], boxes: dict[str, Box], *, side: int
) -> dict[Edge, int]:
    """Return at which height each edge leaves its left box (side 0) or reaches its right one (side 1)."""
    at: dict[str, list[Edge]] = {}
    for edge in edges:
        at.setdefault(pairs[edge][side], []).append(edge)
    found: dict[Edge, int] = {}
    for key, here in at.items():
        here.sort(key=lambda edge: boxes[pairs[edge][1 - side]].y)
        takes = steps(here)
        height = boxes[key].y + (boxes[key].height - sum(takes)) / 2
        for edge, take in zip(here, takes, strict=True):
            found[edge] = round(height + take / 2)
            height += take
    return found
