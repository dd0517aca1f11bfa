"""Small style sheets, written into a page in place of links: nothing is painted before they are there."""

from __future__ import annotations

import html
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from hanse.apps.mirror import MIRROR, Mirror
from hanse.apps.statics import StaticFile
from hanse.errors import HanseError
from hanse.html import tag

__all__ = ["Read", "Sheets", "inline_sheets"]

LINK: Final = re.compile(r'<link rel="stylesheet" href="([^"]*)"(?: nonce="([^"]*)")?>')
# In bytes: what is larger is better kept by the browser for the next page.
SMALL: Final = 2048
# Sheets that are remembered.
MOST: Final = 256
# What means something else, or ends something, where it is not in a file of its own.
PLACED: Final = re.compile(r"url\(|@import|@charset|</|<!", re.IGNORECASE)

Read = Callable[[str], Awaitable[str | None]]
"""Returns the text of a style sheet by its URL; None where it is not at hand."""


class Sheets:
    """Finds the texts of style sheets that this app gives out, its own and others', and remembers them.

    Args:
        base: The app's URL, with a slash at the end.
        files: Its own build.
        mirror: The others'.
    """

    def __init__(self, base: str, files: Mapping[str, StaticFile], mirror: Mirror) -> None:
        self._base = base
        self._files = files
        self._mirror = mirror
        self._known: dict[str, str | None] = {}

    async def read(self, url: str) -> str | None:
        """Return a style sheet's text; None where it is somebody else's, or not at hand."""
        if not url.startswith(self._base):
            return None
        if url not in self._known:
            while len(self._known) >= MOST:
                self._known.pop(next(iter(self._known)))
            self._known[url] = await self._find(url.removeprefix(self._base))
        return self._known[url]

    async def _find(self, path: str) -> str | None:
        own = self._files.get(path)
        if own is not None:
            return text_of(own.body) if own.lasting else None
        named = self._mirror.split(path.removeprefix(f"{MIRROR}/")) if path.startswith(f"{MIRROR}/") else None
        try:
            found = None if named is None else await self._mirror.file(*named)
        except HanseError:
            return None
        return text_of(found.body) if found is not None and found.lasting else None


def text_of(body: bytes) -> str | None:
    """Return the text of a small file; None where it is large, or no text."""
    try:
        return body.decode() if len(body) <= SMALL else None
    except UnicodeDecodeError:
        return None


async def inline_sheets(head: str, read: Read) -> str:
    """Write small style sheets out where a head links to them; all others stay links.

    Args:
        head: A head, with its links as pages write them.
        read: Finds their texts.
    """
    pieces, end = [], 0
    for found in LINK.finditer(head):
        url = html.unescape(found[1])
        text = await read(url)
        if text is None or PLACED.search(text):
            continue
        nonce = {} if found[2] is None else {"nonce": html.unescape(found[2])}
        pieces += [head[end : found.start()], f"{tag('style', {'data-href': url, **nonce})}{text}</style>"]
        end = found.end()
    return "".join((*pieces, head[end:]))
