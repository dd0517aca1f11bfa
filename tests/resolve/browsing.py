"""What a browser makes of a plan's import map, asked from inside each remote's own folder."""

from __future__ import annotations

from collections.abc import Iterable

from hanse.errors import SpecifierError
from hanse.formats.import_map import ImportMap, ParsedImportMap, resolve_specifier
from hanse.resolve import CopyPlan, Notice, Plan, Remote
from hanse.resolve.paths import scope_url

__all__ = ["copy_of", "find", "folder", "notices", "providers", "source"]


def folder(one: Remote) -> str:
    """Return the URL of the folder a remote's files lie in."""
    return scope_url(one.entry.url or one.url)


def find(import_map: ImportMap | ParsedImportMap, one: Remote, specifier: str) -> str | None:
    """Return the URL that a module of the remote gets for a specifier, None where it leads nowhere."""
    try:
        return resolve_specifier(import_map, specifier, importer=folder(one) + "main.js")
    except SpecifierError:
        return None


def source(plan: Plan, one: Remote, specifier: str) -> str | None:
    """Return the remote in whose folder lies what a module of the remote gets for a specifier."""
    url = find(plan.import_map, one, specifier)
    if url is None:
        return None
    owners = [other for other in plan.remotes.values() if url.startswith(folder(other))]
    return max(owners, key=lambda other: len(folder(other))).name


def providers(plan: Plan, one: Remote, specifiers: Iterable[str]) -> set[str | None]:
    """Return the remotes that a remote's specifiers come from: one, where a family is whole."""
    return {source(plan, one, specifier) for specifier in specifiers}


def copy_of(plan: Plan, remote: str, package: str, scope: str = "__GLOBAL__") -> CopyPlan:
    """Return the verdict on a remote's copy of a package."""
    (found,) = [copy for copy in plan.packages[scope, package].copies if copy.remote == remote]
    return found


def notices(plan: Plan, code: str) -> list[Notice]:
    """Return a plan's notices of one code."""
    return [notice for notice in plan.notices if notice.code == code]
