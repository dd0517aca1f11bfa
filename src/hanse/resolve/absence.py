"""Modules that are not there, and what their importers have in their place.

A module that names another remote's in a static import cannot even be linked where that is absent. So a
build may bring a stand-in for each module of others that it imports, and say which of them its own modules
cannot do without: those are as good as absent where what they need is. Decided here for both sides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from hanse.formats.entry_structs import Absence, RemoteEntry
from hanse.formats.import_map import ImportMap
from hanse.names import bare_name
from hanse.resolve.paths import join, scope_url
from hanse.resolve.remote import Remote

__all__ = ["Importer", "find_absent", "importer_of", "remotes_in", "with_stand_ins"]

NOTHING: Final = Absence()


@dataclass(frozen=True, slots=True)
class Importer:
    """A build as far as absence goes: the keys that it exposes, and its stand-ins for others' modules."""

    exposes: Collection[str]
    absence: Absence = NOTHING


def find_absent(importers: Mapping[str, Importer], others: Collection[str] = ()) -> dict[str, dict[str, str]]:
    """Return importer -> specifier -> file of the stand-in, for all that is absent.

    Args:
        importers: The builds of the federation, by the names of their remotes.
        others: Remotes of which nobody knows what they expose: everything.
    """
    there = {bare_name(f"{name}/{key}") for name, one in importers.items() for key in one.exposes}
    wanted = {bare_name(one) for importer in importers.values() for one in importer.absence.stand_ins}
    gone = {one for one in wanted if one not in there and not is_of(one, others)}
    spread(importers, gone)
    found: dict[str, dict[str, str]] = {}
    for name, importer in importers.items():
        table = {one: file for one, file in importer.absence.stand_ins.items() if bare_name(one) in gone}
        if table:
            found[name] = table
    return found


def is_of(specifier: str, remotes: Collection[str]) -> bool:
    """Tell whether a specifier names a module of one of some remotes."""
    return any(specifier == name or specifier.startswith(f"{name}/") for name in remotes)


def remotes_in(specifiers: Iterable[str], remotes: Collection[str]) -> set[str]:
    """Return those of some remotes whose modules specifiers name."""
    return {name for name in remotes if any(is_of(one, (name,)) for one in specifiers)}


def spread(importers: Mapping[str, Importer], gone: set[str]) -> None:
    """Add to what is gone the modules that cannot do without it, and so on."""
    needs = [
        (bare_name(f"{name}/{key}"), {*map(bare_name, needed)})
        for name, importer in importers.items()
        for key, needed in importer.absence.essential.items()
    ]
    while fresh := {name for name, needed in needs if name not in gone and not needed.isdisjoint(gone)}:
        gone |= fresh


def with_stand_ins(
    remotes: Iterable[Remote], import_map: ImportMap, others: Collection[str] = ()
) -> ImportMap:
    """Return an import map in which what is absent leads to its stand-ins, for each importer to its own.

    Args:
        remotes: The remotes of the map.
        import_map: What they have come to.
        others: Remotes that are not among them, and are loaded in another way.
    """
    listed = {remote.name: remote for remote in remotes}
    if not any(remote.entry.absence for remote in listed.values()):
        return import_map
    absent = find_absent({name: importer_of(one.entry) for name, one in listed.items()}, others)
    scopes, integrity = dict(import_map.scopes), dict(import_map.integrity)
    for name, table in absent.items():
        entry = listed[name].entry
        scope = scope_url(entry.url or listed[name].url)
        urls = {specifier: join(scope, file) for specifier, file in table.items()}
        scopes[scope] = {**scopes.get(scope, {}), **urls}
        digests = entry.integrity or {}
        integrity.update({join(scope, file): digests[file] for file in table.values() if file in digests})
    return ImportMap(import_map.imports, scopes, integrity) if absent else import_map


def importer_of(entry: RemoteEntry) -> Importer:
    """Return a remote entry as far as absence goes."""
    return Importer([one.key for one in entry.exposes or ()], entry.absence or NOTHING)
