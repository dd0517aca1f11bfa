"""What stands in a page's HTML about modules: import maps, preloads, module scripts, Hanse's own notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

import msgspec

from hanse.urls import join

__all__ = ["Contained", "PageSource", "Preloaded", "read_page"]

# The data blocks that Hanse writes into a page's head, and the attribute of the elements it mounts into.
BLOCK: Final = "hanse-page"
CONTAINERS: Final = "hanse-containers"
MOUNTED: Final = "data-hanse-module"


@dataclass(frozen=True, slots=True)
class Preloaded:
    """A `modulepreload` link: its absolute URL and its integrity, empty if it has none."""

    url: str
    integrity: str


class ContainedFiles(msgspec.Struct, frozen=True):
    """What a container's module needs."""

    js: list[str] = []


class Contained(msgspec.Struct, frozen=True):
    """A container as it is described to a page."""

    script: str = ""
    exposes: dict[str, ContainedFiles] | None = None


class ContainersBlock(msgspec.Struct):
    """The part of the containers' data block that is of interest here."""

    containers: dict[str, Contained] = {}


@dataclass(slots=True)
class PageSource:
    """What was found.

    Attributes:
        base: What relative URLs are relative to: the page's URL, or what its `<base>` says.
        maps: The text of each import map, in their order.
        preloads: The modules that are preloaded.
        scripts: The absolute URLs of module scripts.
        inline: The texts of module scripts without a URL.
        modules: The names of exposed modules that the page says it shows.
        containers: Module Federation containers by name, as far as they are described to the page.
    """

    base: str
    maps: list[str] = field(default_factory=list)
    preloads: list[Preloaded] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    containers: dict[str, Contained] = field(default_factory=dict)


class Block(msgspec.Struct):
    """The part of Hanse's data block that is of interest here."""

    modules: list[str] = []


def read_page(html: str, url: str) -> PageSource:
    """Read a page.

    Args:
        html: Its source; what is wrong with it is passed over.
        url: Its absolute URL.
    """
    parser = Reader(PageSource(url))
    parser.feed(html)
    parser.close()
    return parser.page


class Reader(HTMLParser):
    """Goes through a page's tags."""

    def __init__(self, page: PageSource) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self._kind = ""
        self._text: list[str] = []
        self._has_base = False

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Take note of a tag."""
        given = {name: value or "" for name, value in reversed(attrs)}
        if given.get(MOUNTED):
            self.page.modules.append(given[MOUNTED])
        if tag == "base" and "href" in given and not self._has_base:
            self._has_base = True
            self.page.base = join(self.page.base, given["href"]) or self.page.base
        elif tag == "link" and "modulepreload" in given.get("rel", "").lower().split():
            target = join(self.page.base, given.get("href", ""))
            if target is not None:
                self.page.preloads.append(Preloaded(target, given.get("integrity", "")))
        elif tag == "script":
            self._open_script(given)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a tag; a slash at its end means nothing in HTML."""
        self.handle_starttag(tag, attrs)
        if tag == "script":
            self.set_cdata_mode(tag)

    def handle_data(self, data: str) -> None:
        """Collect what stands in a script."""
        if self._kind:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Take a script's text to where it belongs."""
        if tag != "script" or not self._kind:
            return
        text, kind, self._kind = "".join(self._text), self._kind, ""
        self._text.clear()
        if kind == "importmap":
            self.page.maps.append(text)
        elif kind == "module":
            self.page.inline.append(text)
        elif kind == CONTAINERS:
            self.page.containers |= read_containers(text)
        else:
            self.page.modules += read_block(text)

    def close(self) -> None:
        """End; a script that is cut off has no effect, as in browsers."""
        super().close()
        self._kind = ""

    def _open_script(self, given: dict[str, str]) -> None:
        """Take note of a script by its attributes."""
        kind = given.get("type", "").strip().lower()
        if kind == "module" and "src" in given:
            target = join(self.page.base, given["src"])
            if target is not None:
                self.page.scripts.append(target)
        elif kind in {"importmap", "module"}:
            self._kind = kind
        elif given.get("id") in {BLOCK, CONTAINERS}:
            self._kind = given["id"]


def read_block(text: str) -> list[str]:
    """Return the modules that a data block names; none where it cannot be read."""
    try:
        return msgspec.json.decode(text, type=Block).modules
    except (ValueError, RecursionError):
        return []


def read_containers(text: str) -> dict[str, Contained]:
    """Return the containers that a data block describes; none where it cannot be read."""
    try:
        return msgspec.json.decode(text, type=ContainersBlock).containers
    except (ValueError, RecursionError):
        return {}
