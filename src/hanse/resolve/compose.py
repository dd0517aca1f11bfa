"""From decisions to the import map, under `coherent`.

Parts are made once and remembered by the offers, so that a map is put together from finished pieces. Its
order is that of names: the manifest's order leaves no trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hanse.formats.import_map import ImportMap
from hanse.resolve.coherent import Decision, Workings
from hanse.resolve.families import Family
from hanse.resolve.offers import Offer, Part
from hanse.resolve.record import GLOBAL

__all__ = ["alias_of", "compose"]


def compose(work: Workings) -> ImportMap:
    """Put the import map together."""
    offers = work.offers
    imports: dict[str, str] = {}
    integrity: dict[str, str] = {}
    scopes: dict[str, dict[str, str]] = {}
    for name, offer in offers.items():
        if offer.private.urls:
            add(scopes, offer.scope, offer.private, integrity)
        imports.update(offer.exposed.urls)
        integrity.update(offer.exposed.integrity)
        for module, url in offer.exposed.urls.items():
            alias = alias_of(module, name)
            if alias is not None:
                imports.setdefault(alias, url)
    for decision in work.decisions.values():
        publish(decision, offers, imports, scopes, integrity)
        for name in decision.keepers():
            offer = offers[name]
            add(scopes, offer.scope, own_part(offer, decision.family, work.families), integrity)
    shield_nested(work, imports, scopes)
    return ImportMap(imports=imports, scopes=scopes, integrity=integrity)


def alias_of(module: str, remote: str) -> str | None:
    """Return `shop/Card` for `shop/./Card`, the form that people write."""
    prefix = f"{remote}/./"
    return f"{remote}/{module[len(prefix) :]}" if module.startswith(prefix) else None


def add(scopes: dict[str, dict[str, str]], scope: str, part: Part, integrity: dict[str, str]) -> None:
    """Add a part to a URL scope; of two remotes in one folder the first by name keeps a specifier."""
    known = scopes.get(scope)
    if known is None:
        scopes[scope] = dict(part.urls)
    else:
        for specifier, url in part.urls.items():
            known.setdefault(specifier, url)
    if part.integrity:
        integrity.update(part.integrity)


def own_part(offer: Offer, family: Family, families: Mapping[tuple[str, str], Family]) -> Part:
    """Return the part that maps a remote's own files of a family, with the chunks they need."""
    part = offer.parts.get(family)
    if part is None:
        entries, bundles = files_of(offer, family)
        part = offer.parts[family] = offer.part([*entries.items(), *offer.chunks(bundles)])
    return part


def files_of(offer: Offer, family: Family) -> tuple[dict[str, str], dict[str, None]]:
    """Return specifier -> file of a family, and the bundles of its packages."""
    scope, packages = family
    entries: dict[str, str] = {}
    bundles: dict[str, None] = {}
    for package in packages:
        found = offer.shared.get((scope, package))
        if found is not None:
            entries.update(found[1])
            if found[2]:
                bundles[found[2]] = None
    return entries, bundles


def publish(
    decision: Decision,
    offers: Mapping[str, Offer],
    imports: dict[str, str],
    scopes: dict[str, dict[str, str]],
    integrity: dict[str, str],
) -> None:
    """Write the published builds: into `imports`, or for a named share scope to each it serves."""
    named = decision.family[0] != GLOBAL
    for one in decision.rounds:
        winner = offers[one.winner]
        part, chunks = published_parts(winner, decision.family)
        integrity.update(part.integrity)
        if chunks.urls:
            add(scopes, winner.scope, chunks, integrity)
        if not named:
            imports.update(part.urls)
            continue
        for name, kind in decision.members.items():
            if name == one.winner:
                add(scopes, winner.scope, part, integrity)
            elif kind in one.outcome.served:
                urls = {specifier: part.urls[specifier] for specifier in kind.tags}
                add(scopes, offers[name].scope, Part(urls, {}), integrity)


def published_parts(offer: Offer, family: Family) -> tuple[Part, Part]:
    """Return the part with a build's entrypoints, and the part with their chunks."""
    key = (family, "published")
    part, chunks = offer.parts.get(key), offer.parts.get((family, "chunks"))
    if part is None or chunks is None:
        entries, bundles = files_of(offer, family)
        part = offer.parts[key] = offer.part(entries.items())
        chunks = offer.parts[family, "chunks"] = offer.part(offer.chunks(bundles))
    return part, chunks


def shield_nested(work: Workings, imports: Mapping[str, str], scopes: dict[str, dict[str, str]]) -> None:
    """Keep a remote's own packages from remotes that lie in a folder below its own.

    A browser that finds nothing in a URL scope goes on to the next shorter one: a remote in `/shop/v2/`
    would get what the remote in `/shop/` keeps to itself. The inner one is told what it gets instead.
    """
    for outer, inner in nested_pairs(sorted({offer.scope for offer in work.offers.values()})):
        leaking = scopes.get(outer)
        if not leaking:
            continue
        for offer in work.offers.values():
            if offer.scope != inner:
                continue
            wanted = {s for _, entries, _ in offer.shared.values() for s in entries}
            for specifier in sorted(wanted & leaking.keys() & imports.keys()):
                scopes.setdefault(inner, {}).setdefault(specifier, imports[specifier])


def nested_pairs(ordered: list[str]) -> Iterable[tuple[str, str]]:
    """Return pairs of (outer, inner) scopes, the innermost outer first."""
    open_scopes: list[str] = []
    for scope in ordered:
        while open_scopes and not scope.startswith(open_scopes[-1]):
            open_scopes.pop()
        for outer in reversed(open_scopes):
            yield outer, scope
        if scope.endswith("/"):
            open_scopes.append(scope)
