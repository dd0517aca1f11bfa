"""Layers: who stands where, with few crossings and short ways. Numbers in, numbers out.

The order within a layer is found by the barycentre method (Sugiyama, 1981), sweeping to and fro and keeping
the best order met; the heights by isotonic regression, which moves each node as near to the middle of its
neighbours as the order allows. Both are deterministic.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from typing import Final

__all__ = ["order_layers", "place_layers"]

SWEEPS: Final = 8

Links = Sequence[tuple[str, str]]
"""Pairs of a node and one in the next layer."""


def order_layers(layers: Sequence[Sequence[str]], links: Sequence[Links]) -> list[list[str]]:
    """Order the nodes of each layer so that few links cross.

    Args:
        layers: Node names, from left to right.
        links: For each gap between two layers, its links.
    """
    order = [list(layer) for layer in layers]
    best, fewest = [list(layer) for layer in order], crossings(order, links)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for gap in range(len(links)) if forward else reversed(range(len(links))):
            moving, fixed = (gap + 1, gap) if forward else (gap, gap + 1)
            middle = barycentres(order[fixed], links[gap], forward=forward)
            # A node without links keeps its place; sorting is stable, so equals do, too.
            ranks = {node: middle.get(node, float(place)) for place, node in enumerate(order[moving])}
            order[moving].sort(key=lambda node, ranks=ranks: ranks[node])  # type: ignore[misc]
        found = crossings(order, links)
        if found < fewest:
            best, fewest = [list(layer) for layer in order], found
    return best


def barycentres(fixed: Sequence[str], links: Links, *, forward: bool) -> dict[str, float]:
    """Return for each linked node of the moving layer the mean place of its neighbours."""
    places = {node: place for place, node in enumerate(fixed)}
    sums: dict[str, tuple[int, int]] = {}
    for left, right in links:
        node, neighbour = (right, left) if forward else (left, right)
        total, number = sums.get(node, (0, 0))
        sums[node] = (total + places[neighbour], number + 1)
    return {node: total / number for node, (total, number) in sums.items()}


def crossings(order: Sequence[Sequence[str]], links: Sequence[Links]) -> int:
    """Count the pairs of links that cross."""
    total = 0
    for gap, pairs in enumerate(links):
        left = {node: place for place, node in enumerate(order[gap])}
        right = {node: place for place, node in enumerate(order[gap + 1])}
        seen: list[int] = []
        for _, place in sorted((left[a], right[b]) for a, b in pairs):
            total += len(seen) - bisect_right(seen, place)
            insort(seen, place)
    return total


def place_layers(
    order: Sequence[Sequence[str]], links: Sequence[Links], heights: Mapping[str, int], *, gap: int
) -> dict[str, int]:
    """Return the top of each node; the uppermost is at 0.

    Args:
        order: The layers, in order.
        links: For each gap between two layers, its links.
        heights: How tall each node is.
        gap: What has to be free between two nodes of a layer.
    """
    near: dict[str, list[str]] = {node: [] for layer in order for node in layer}
    for pairs in links:
        for left, right in pairs:
            near[left].append(right)
            near[right].append(left)
    middles: dict[str, float] = {}
    for layer in order:
        middles.update(settle(layer, [0.0] * len(layer), heights, gap))
    for sweep in range(SWEEPS):
        for layer in order if sweep % 2 else reversed(order):
            wishes = [mean([middles[other] for other in near[node]], middles[node]) for node in layer]
            middles.update(settle(layer, wishes, heights, gap))
    top = min((middles[node] - heights[node] / 2 for node in middles), default=0.0)
    return {node: round(middles[node] - heights[node] / 2 - top) for node in middles}


def mean(values: Sequence[float], otherwise: float) -> float:
    """Return the mean of some values, or another one where there are none."""
    return sum(values) / len(values) if values else otherwise


def settle(
    layer: Sequence[str], wishes: Sequence[float], heights: Mapping[str, int], gap: int
) -> dict[str, float]:
    """Give nodes middles as near to their wishes as order and distances allow, by least squares.

    Pool adjacent violators: where two wishes are too close, both groups move to the mean of theirs.
    """
    offsets: list[float] = []
    for place, node in enumerate(layer):
        before = layer[place - 1] if place else node
        step = (heights[before] + heights[node]) / 2 + gap if place else 0.0
        offsets.append((offsets[-1] if offsets else 0.0) + step)
    pools: list[tuple[float, int]] = []
    for wish, offset in zip(wishes, offsets, strict=True):
        total, number = wish - offset, 1
        while pools and pools[-1][0] / pools[-1][1] > total / number:
            more, others = pools.pop()
            total, number = total + more, number + others
        pools.append((total, number))
    settled = [total / number for total, number in pools for _ in range(number)]
    return {node: base + offset for node, base, offset in zip(layer, settled, offsets, strict=True)}
