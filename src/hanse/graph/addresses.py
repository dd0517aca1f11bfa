"""URLs as an import map writes them, and as a page reads them.

A map that is made from local documents has URLs relative to whichever page carries it. They are resolved on
some page to be followed, and written back afterwards as the map has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hanse.urls import join

__all__ = ["SOME_PAGE", "place_on_page", "spellings", "write_for_page"]

# Deep enough, and with names that nobody has, so that what climbs out of it is seen to do so.
SOME_PAGE: Final = "https://page.invalid/~1/~2/~3/~4/"
ROOT: Final = "https://page.invalid/"


def place_on_page(url: str, *, base: str = SOME_PAGE) -> str | None:
    """Return the absolute URL that a page reads in a map's URL; None where it cannot be parsed."""
    return join(base, url)


def write_for_page(url: str) -> str:
    """Write an absolute URL on `SOME_PAGE` as a map writes it; any other stays as it is.

    `./x` is what lies in the page's folder or below, `../x` what lies beside that, `/x` the rest.
    """
    return url if not url.startswith(ROOT) else next(relative_forms(url, SOME_PAGE), url)


def spellings(url: str, *, base: str = SOME_PAGE) -> Iterator[str]:
    """Yield the ways in which a map may write an absolute URL, as the page `base` reads it."""
    yield url
    yield from relative_forms(url, base)


def relative_forms(url: str, base: str) -> Iterator[str]:
    """Yield the relative URLs that lead from a page to a URL of its origin, the nearest first."""
    folder, root = join(base, ".") or base, join(base, "/") or base
    climb = "./"
    while len(folder) >= len(root):
        # From the root of some page everything can be climbed to, and nobody writes that.
        if url.startswith(folder) and (folder != ROOT):
            yield climb + url[len(folder) :]
        climb = "../" if climb == "./" else f"../{climb}"
        folder = folder[: folder.rfind("/", 0, len(folder) - 1) + 1]
    if url.startswith(root):
        yield "/" + url[len(root) :]
