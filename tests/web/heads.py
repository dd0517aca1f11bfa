"""Heads of small federations, read as a browser reads them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import html5lib  # type: ignore[import-untyped]  # has no stubs

from hanse.web import PageOptions, Pages
from tests.federation.towns import serve_towns
from tests.net.upstream import Handler

__all__ = ["Element", "open_pages", "read_elements", "read_json"]


@dataclass(frozen=True)
class Element:
    """An element as html5lib finds it."""

    name: str
    attributes: dict[str, str]
    text: str


def read_elements(html: str) -> list[Element]:
    """Return every element below `<html>` in a page with this HTML, in the order of the document."""
    tree = html5lib.parse(f"<!doctype html>{html}", treebuilder="etree", namespaceHTMLElements=False)
    return [
        Element(str(one.tag), dict(one.attrib), one.text or "") for one in tree.iter() if one.tag != "html"
    ]


def read_json(html: str, kind: str) -> Any:
    """Return the JSON of the first script element of a type."""
    found = [one for one in read_elements(html) if one.attributes.get("type") == kind]
    return json.loads(found[0].text)


@asynccontextmanager
async def open_pages(
    options: PageOptions | None = None, /, **remotes: Handler | bytes
) -> AsyncIterator[Pages]:
    """Serve remotes, start their federation, and open its pages."""
    async with serve_towns(**remotes) as towns, towns.federation() as federation:
        yield Pages(federation, options)
