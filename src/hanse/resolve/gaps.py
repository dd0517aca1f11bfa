"""The proof that an import map does what was decided, asked for by `strict_import_map`.

Every specifier of every remote is followed through the finished map as a browser would follow it, and has to
lead to the file of the build that was chosen. It does not where two remotes lie in one folder, where one
remote declares a specifier in two ways, where modules of two remotes have one name, or where a package was
left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hanse.errors import ResolveError
from hanse.formats.import_map import ImportMap
from hanse.resolve.coherent import Workings, members_of
from hanse.resolve.dense import specifiers_of
from hanse.resolve.offers import Declaration, Offer

__all__ = ["refuse_gaps"]


def refuse_gaps(work: Workings, import_map: ImportMap) -> None:
    """Fail where the map does not give a remote what was decided for it.

    Raises:
        ResolveError: It names the remote, the specifier, and what the map says instead.
    """
    for name, offer in work.offers.items():
        tables = tables_for(import_map, offer.scope)
        for specifier, wanted in wanted_by(work, name, offer):
            found = look_up(specifier, tables)
            if found is not None and wanted in (None, found):
                continue
            says = f"it leads to {found}" if found is not None else "it leads nowhere"
            meant = f", and {wanted} was decided" if wanted is not None else ": its package was left out"
            raise ResolveError(
                f"the import map cannot give it '{specifier}': {says}{meant}",
                subject=name,
                hint="strict_import_map is set; look for two remotes in one folder, or one name used twice",
            )


def tables_for(import_map: ImportMap, scope: str) -> Sequence[Mapping[str, str]]:
    """Return the tables that a browser asks for a module in this folder, in their order."""
    tables = []
    prefix = scope
    while prefix:
        if prefix in import_map.scopes:
            tables.append(import_map.scopes[prefix])
        prefix = prefix[: prefix.rstrip("/").rfind("/") + 1]
    return (*tables, import_map.imports)


def look_up(specifier: str, tables: Iterable[Mapping[str, str]]) -> str | None:
    """Return what the first table that knows the specifier says."""
    return next((table[specifier] for table in tables if specifier in table), None)


def wanted_by(work: Workings, name: str, offer: Offer) -> Iterator[tuple[str, str | None]]:
    """Yield each specifier of a remote with the URL it should lead to, None for any at all."""
    for item in offer.remote.entry.shared or ():
        for specifier in (*specifiers_of(item), *([] if item.entries is not None else [item.package_name])):
            yield specifier, None
    for specifier, url in offer.part(offer.private).urls.items():
        yield specifier, url
    for specifier, url in offer.exposed.urls.items():
        yield specifier, url
    for declaration in offer.declared:
        family = work.grouping.families[declaration.scope, declaration.package]
        members = members_of(work, family)
        provider = work.decisions[family].provider(name, members[name])
        kind = members[provider]
        files = files_of(work.offers[provider], kind.declarations)
        for specifier in declaration.specifiers:
            yield specifier, files[specifier]


def files_of(offer: Offer, declarations: Sequence[Declaration]) -> dict[str, str]:
    """Return specifier -> URL of what a remote's build of a family has."""
    key = (declarations, "proof")
    known = offer.parts.get(key)
    if known is None:
        pairs = [pair for declaration in declarations for pair in offer.files(declaration).items()]
        known = offer.parts[key] = offer.part(pairs)
    return known.urls
