"""The pages of an app as they lie in its folder: `index`, `[id]`, `[...rest]`, `_layout`, `_error`, `404`.

A page may have Python beside it, `index.py`, which loads its data and takes its forms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hanse.apps.patterns import Pattern, parse_pattern
from hanse.errors import FormatError
from hanse.names import expose_name_fault

__all__ = ["PAGES", "PageFile", "Pages", "find_pages"]

PAGES: Final = "pages"
# What a page may be written in, the likeliest first.
SOURCES: Final = (".tsx", ".jsx", ".ts", ".js")
LAYOUT: Final = "_layout"
ERROR: Final = "_error"
MISSING: Final = "404"


@dataclass(frozen=True, slots=True)
class PageFile:
    """A page's file and what goes with it; files are relative to the app's folder, with slashes.

    Attributes:
        pattern: Its path.
        key: The key under which it is exposed: `./pages/shop/index`.
        file: Its source.
        layouts: The sources of the layouts around it, the outermost first.
        python: The Python beside it; None where there is none.
    """

    pattern: Pattern
    key: str
    file: str
    layouts: tuple[str, ...] = ()
    python: str | None = None


@dataclass(frozen=True, slots=True)
class Pages:
    """All pages of an app.

    Attributes:
        routes: Those that have a path, in the order of their files.
        error: What is shown in place of a page that failed, and
        missing: in place of one that there is not; both have the key `./pages/…` and no path.
    """

    routes: tuple[PageFile, ...] = ()
    error: PageFile | None = None
    missing: PageFile | None = None

    @property
    def all(self) -> tuple[PageFile, ...]:
        """Every page that is built."""
        return (*self.routes, *(one for one in (self.error, self.missing) if one is not None))


def find_pages(folder: Path) -> Pages:
    """Find the pages of the app in a folder; an app without `pages/` has none.

    Raises:
        FormatError: A file's name is no path, or two files have the same path. Its subject is the file.
    """
    sources = find_sources(folder / PAGES)
    routes: dict[tuple[str, ...], PageFile] = {}
    for stem, file in sources.items():
        name = stem.rpartition("/")[2]
        if name.startswith("_") or stem == MISSING:
            continue
        page = make_page(folder, stem, file, sources)
        other = routes.setdefault(page.pattern.shape, page)
        if other is not page:
            raise FormatError(
                "two pages have the same path",
                subject=page.file,
                path=page.pattern.text,
                found=f"{other.file} and {page.file}",
                expected="one file for each path",
            )
    special = {
        name: make_page(folder, name, sources[name], sources, path=f"/{name}")
        for name in (ERROR, MISSING)
        if name in sources
    }
    return Pages(tuple(routes.values()), special.get(ERROR), special.get(MISSING))


def find_sources(folder: Path) -> dict[str, str]:
    """Return the sources below a folder: by what they are called without their ending.

    Raises:
        FormatError: There are two that differ in their ending alone.
    """
    found: dict[str, str] = {}
    for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if file.suffix not in SOURCES or not file.is_file() or file.name.endswith(".d.ts"):
            continue
        name = file.relative_to(folder).as_posix()
        other = found.setdefault(name.removesuffix(file.suffix), name)
        if other != name:
            raise FormatError(
                "two files are the same page",
                subject=f"{PAGES}/{name}",
                found=f"{PAGES}/{other} and {PAGES}/{name}",
                expected="one of them",
            )
    return found


def make_page(
    folder: Path, stem: str, file: str, sources: dict[str, str], *, path: str | None = None
) -> PageFile:
    """Return a page and what goes with it."""
    words = stem.split("/")
    if words[-1] == "index":
        words.pop()
    python = folder / PAGES / f"{stem}.py"
    key = f"./{PAGES}/{stem}"
    fault = expose_name_fault(key)
    if fault is not None:
        raise FormatError(f"this file cannot be a page: {fault}", subject=f"{PAGES}/{file}", found=repr(key))
    return PageFile(
        pattern=parse_pattern(path or "/" + "/".join(words), subject=f"{PAGES}/{file}"),
        key=key,
        file=f"{PAGES}/{file}",
        layouts=tuple(f"{PAGES}/{one}" for one in layouts_of(stem, sources)),
        python=f"{PAGES}/{stem}.py" if python.is_file() else None,
    )


def layouts_of(stem: str, sources: dict[str, str]) -> Iterator[str]:
    """Yield the layouts around a page, the outermost first."""
    words = stem.split("/")
    for depth in range(len(words)):
        layout = sources.get("/".join((*words[:depth], LAYOUT)))
        if layout is not None:
            yield layout
