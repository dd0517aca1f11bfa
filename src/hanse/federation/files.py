"""What is known of the files behind an import map: who owns them, what was read, and what could not be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from hanse.errors import HanseError
from hanse.federation.telling import tell
from hanse.formats.import_map import ParsedImportMap
from hanse.graph import Graph
from hanse.resolve import Notice

__all__ = ["NOBODY", "NO_FILES", "Files", "Owner", "Owners", "Unprovided", "Unread", "first_errors"]


@dataclass(frozen=True, slots=True, eq=False)
class Owner:
    """Whose files lie in a folder.

    Attributes:
        name: The remote's name.
        scope: The folder's absolute URL, as some page reads it.
        digest: That of its remote entry, which stands for the build.
        integrity: Absolute URL -> digest, for the files its entry has one for.
        folder: What its files are on disk below, where they are; None if they are on the web.
        deadline: Seconds for one file; None for the default.
        texts: Absolute URL -> content, for files that Hanse itself has written.
    """

    name: str
    scope: str
    digest: str
    integrity: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    deadline: float | None = None
    texts: Mapping[str, bytes] = field(default_factory=dict)


NOBODY: Final = Owner("", "", "")


@dataclass(frozen=True, slots=True)
class Owners:
    """The owners of all folders, by the folder's absolute URL."""

    by_scope: Mapping[str, Owner] = field(default_factory=dict)

    def find(self, url: str) -> Owner | None:
        """Return the owner of the nearest folder around a file."""
        end = url.rfind("/") + 1
        while end > 0:
            found = self.by_scope.get(url[:end])
            if found is not None:
                return found
            end = url.rfind("/", 0, end - 1) + 1
        return None

    def with_owner(self, owner: Owner) -> Owners:
        """Add an owner; who has the folder already keeps it."""
        return Owners({owner.scope: owner, **self.by_scope})


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that could not be read: whose, which, who imports it (empty for the import map), and why."""

    remote: str
    url: str
    importer: str
    error: HanseError


@dataclass(frozen=True, slots=True)
class Unprovided:
    """An import that leads nowhere: whose module imports what; `late` if only an `import()` does."""

    remote: str
    importer: str
    specifier: str
    late: bool


@dataclass(frozen=True, slots=True, eq=False)
class Files:
    """What reading the files of an import map came to.

    Attributes:
        graph: The files that were read.
        parsed: The import map they were followed by, as some page reads it; None before anything was read.
        unread: The files that could not be read.
        unprovided: The imports that lead nowhere.
        complete: Whether every file was read.
        owners: Whose the files are.
        keys: What those that were read are known by, to those who keep such things.
    """

    graph: Graph = field(default_factory=lambda: MappingProxyType({}))
    parsed: ParsedImportMap | None = None
    unread: tuple[Unread, ...] = ()
    unprovided: tuple[Unprovided, ...] = ()
    complete: bool = False
    owners: Owners = field(default_factory=Owners)
    keys: tuple[tuple[str, str], ...] = ()

    def notices(self) -> Iterator[Notice]:
        """Yield what the owners of remotes should know."""
        for one in self.unread:
            who = f"imported by {one.importer}" if one.importer else "named by the import map"
            text = f"{one.url}, {who}, cannot be read: {tell(one.error)}"
            yield Notice("unreadable-module", one.remote, "", text)
        for lost in self.unprovided:
            text = f"{lost.importer} imports '{lost.specifier}', which nothing provides"
            yield Notice("unprovided-import", lost.remote, "", text, "info" if lost.late else "warning")


NO_FILES: Final = Files()


def first_errors(unread: Iterable[Unread]) -> dict[str, HanseError]:
    """Return remote -> the first reason why one of its files could not be read."""
    errors: dict[str, HanseError] = {}
    for one in unread:
        errors.setdefault(one.remote, one.error)
    return errors
