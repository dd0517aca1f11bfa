"""What the driver is told to bundle: an app's entries, and what is left to whoever maps it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from hanse.apps.pages import PageFile
from hanse.apps.project import Project
from hanse.errors import BuildError

__all__ = [
    "BROWSER",
    "ENTRY",
    "SERVER",
    "Entry",
    "Side",
    "Task",
    "make_task",
    "own_sources",
    "require_packages",
]

BROWSER: Final = "dist/browser"
SERVER: Final = "dist/server"
ENTRY: Final = "remoteEntry.json"
# The specifiers of what every app shares; the browser hydrates, the server renders.
REACT: Final = ("react", "react/jsx-runtime", "react-dom")
HANSE: Final = ("hanse", "hanse/router")
ONLY_BROWSER: Final = ("react-dom/client", "hanse/router")
ONLY_SERVER: Final = ("react-dom/server",)
# Of the builds of react-dom's server, the one that asks nothing of its engine.
ANY_ENGINE: Final = {"react-dom/server": "react-dom/server.browser"}


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """An exposed module: its key and file; a page has the list of its layouts, if only an empty one."""

    key: str
    file: str
    layouts: tuple[str, ...] | None = None


class Side(msgspec.Struct, frozen=True):
    """What differs between the two builds.

    Attributes:
        out: The folder, relative to the app's.
        shared: Specifiers that are left to the table of modules.
        provides: Those of them that this build has a file for.
        alias: What some of them are built from.
    """

    out: str
    shared: tuple[str, ...]
    provides: tuple[str, ...]
    alias: Mapping[str, str] = {}


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task for `driver.mjs`; `own` maps specifiers of Hanse's to their sources."""

    folder: str
    production: bool
    entries: tuple[Entry, ...]
    remotes: tuple[str, ...]
    own: Mapping[str, str]
    browser: Side
    server: Side


def own_sources() -> dict[str, str]:
    """Return the sources of what apps import from Hanse, by specifier."""
    client = files("hanse.apps.client")
    return {"hanse": str(client / "hanse.js"), "hanse/router": str(client / "router.js")}


def make_task(project: Project, *, production: bool) -> Task:
    """Return the task of an app.

    Args:
        project: The app.
        production: Whether it is for visitors, and not for whoever develops.
    """
    specifiers = shared_specifiers(project)
    browser = tuple(one for one in specifiers if one not in ONLY_SERVER)
    server = tuple(one for one in specifiers if one not in ONLY_BROWSER)
    return Task(
        folder=str(project.folder),
        production=production,
        entries=(*map(page_entry, project.pages.all), *exposed_entries(project)),
        # An app may use its own modules by its own name, as everybody else does.
        remotes=(project.name, *project.remotes),
        own=own_sources(),
        browser=Side(BROWSER, browser, browser),
        server=Side(SERVER, server, server, ANY_ENGINE),
    )


def shared_specifiers(project: Project) -> tuple[str, ...]:
    """Return the specifiers that an app shares, each once."""
    found = dict.fromkeys((*REACT, *ONLY_BROWSER, *ONLY_SERVER, *HANSE))
    for name, table in project.own.shared.items():
        found |= dict.fromkeys((name, *table.entries))
    return tuple(found)


def page_entry(page: PageFile) -> Entry:
    """Return the entry of a page."""
    return Entry(page.key, page.file, page.layouts)


def exposed_entries(project: Project) -> tuple[Entry, ...]:
    """Return the entries of what an app exposes besides its pages."""
    return tuple(Entry(key, file) for key, file in project.own.exposes.items())


def require_packages(folder: Path) -> None:
    """Raise unless the packages are installed in an app's folder without which nothing can be built.

    Raises:
        BuildError: Some are not; they are named.
    """
    wanted = ("esbuild", "react", "react-dom")
    missing = [name for name in wanted if not (folder / "node_modules" / name / "package.json").is_file()]
    if missing:
        raise BuildError(
            f"{', '.join(missing)} are not installed", subject=str(folder), hint="run `npm install` there"
        )
