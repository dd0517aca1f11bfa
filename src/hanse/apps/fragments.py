"""Fragments within pages: where a component has left a hole for a module that is rendered by itself.

A hole is what `Fragment` renders: an element that names a module and its properties. On the server it is
filled when the page's markup is there; in the browser, after navigating, its content is asked for.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Final

import msgspec

from hanse.html import tag
from hanse.limits import LIMITS, Limits

__all__ = ["FragmentAnswer", "Hole", "content_of", "fill", "read_hole", "split_name", "write_hole"]

HOLE: Final = re.compile(
    r'(<hanse-fragment data-of="([^"]*)" data-props="([^"]*)"(?: [a-z-]+="[^"]*")*>)(</hanse-fragment>)'
)
# A fragment may have fragments of its own, and they have, too: so deep and no deeper.
DEPTH: Final = 3


@dataclass(frozen=True, slots=True)
class Hole:
    """A module that is to be rendered, by its name, such as `shop/Teaser`, and its properties."""

    name: str
    props: dict[str, object]


class FragmentAnswer(msgspec.Struct, frozen=True):
    """What is answered: HTML, and the style sheets that it needs."""

    html: str
    styles: tuple[str, ...] = ()


Show = Callable[[Hole], Awaitable[str]]
"""Renders a module, and never fails: what cannot be rendered has a named fallback."""


def split_name(name: str, remotes: Collection[str]) -> tuple[str, str] | None:
    """Return the remote and the key that a name has; None where no remote is called so."""
    found = max((one for one in remotes if name.startswith(f"{one}/")), key=len, default=None)
    return None if found is None else (found, f"./{name.removeprefix(f'{found}/').removeprefix('./')}")


def read_hole(name: str, props: str) -> Hole | None:
    """Return what a hole asks for, as its attributes have it; None where that makes no sense."""
    try:
        return Hole(html.unescape(name), msgspec.json.decode(html.unescape(props), type=dict[str, object]))
    except msgspec.DecodeError:
        return None


def write_hole(hole: Hole) -> str:
    """Write a hole, as a page's component leaves it."""
    told = {"data-of": hole.name, "data-props": msgspec.json.encode(hole.props).decode()}
    return f"{tag('hanse-fragment', told)}</hanse-fragment>"


def content_of(filled: str) -> str:
    """Return what a hole was filled with, given nothing but that hole."""
    return filled[filled.index(">") + 1 : filled.rindex("<")]


async def fill(markup: str, show: Show, *, limits: Limits = LIMITS) -> str:
    """Fill the holes of a page, all at once; those that make no sense, and those beyond the cap, stay empty.

    Args:
        markup: The page's.
        show: Renders one.
        limits: `page_fragments` caps how many there are at each depth.
    """
    for _ in range(DEPTH):
        found = list(HOLE.finditer(markup))[: limits.page_fragments]
        if not found:
            break
        holes = [read_hole(one[2], one[3]) for one in found]
        made = await asyncio.gather(*(nothing() if hole is None else show(hole) for hole in holes))
        pieces, end = [], 0
        for one, content in zip(found, made, strict=True):
            # What is filled with nothing is no hole any more.
            pieces += [markup[end : one.end(1)], content or "<!---->", one[4]]
            end = one.end()
        markup = "".join((*pieces, markup[end:]))
    return markup


async def nothing() -> str:
    """Return what a hole is filled with that makes no sense."""
    return ""
