"""The digests of an import map, by the URLs a browser makes of its keys."""

from __future__ import annotations

from collections.abc import Mapping

from hanse.formats.import_map import ImportMap
from hanse.urls import join, normalise

__all__ = ["index_digests", "same_page"]

# A page that cannot exist (RFC 2606): URLs relative to the page are compared below it.
SOME_PAGE = "https://page.invalid/"


def same_page(url: str) -> str:
    """Return the URL a browser makes of this one, on some page."""
    return normalise(url) or join(SOME_PAGE, url) or url


def index_digests(import_map: ImportMap) -> Mapping[str, str]:
    """Return the map's integrity, by normalised URL; of keys that become equal the last counts."""
    return {same_page(url): digest for url, digest in import_map.integrity.items()}
