"""From decisions to the import map, under `coherent`.

Parts are made once and remembered by the offers, so that a map is put together from finished pieces. Its
order is that of names: the manifest's order leaves no trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from hanse.formats.import_map import ImportMap
from hanse.resolve.coherent import Workings, members_of
from hanse.resolve.decide import Decision
from hanse.resolve.dense import specifiers_of
from hanse.resolve.kinds import Kind
from hanse.resolve.offers import Declaration, Offer, Part
from hanse.resolve.record import GLOBAL

__all__ = ["compose"]

NOTHING = Part({}, {})

Scopes = dict[str, dict[str, str]]


def compose(work: Workings) -> ImportMap:
    """Put the import map together."""
    imports = dict(work.modules.urls)
    integrity = dict(work.modules.integrity)
    scopes: Scopes = {}
    # Most of this is done a thousand times for one remote that changed.
    for name, offer in work.offers.items():
        own = work.own[name]
        known = offer.kept
        part = known[1] if known is not None and known[0] is own else kept_part(offer, own)
        if part.urls:
            scope = offer.scope
            # The table is a part that the offer remembers, and so it is copied: a plan's map is its own.
            # Of two remotes in one folder the first by name keeps a specifier.
            scopes[scope] = part.urls | scopes[scope] if scope in scopes else part.urls.copy()
            if part.integrity:
                integrity.update(part.integrity)
    for decision in work.decisions.values():
        publish(work, decision, imports, scopes, integrity)
    shield_nested(work, imports, scopes)
    return ImportMap(imports=imports, scopes=scopes, integrity=of_mapped(integrity, imports, scopes))


def of_mapped(integrity: dict[str, str], imports: Mapping[str, str], scopes: Scopes) -> dict[str, str]:
    """Return the digests of the URLs that the map leads to; a rule may have been written over."""
    if not integrity:
        return integrity
    mapped = {*imports.values()}.union(*[table.values() for table in scopes.values()])
    return {url: digest for url, digest in integrity.items() if url in mapped}


def kept_part(offer: Offer, kinds: tuple[Kind, ...]) -> Part:
    """Return the part with what a remote keeps to itself: scoped packages, chunks, whole families."""
    if offer.kept is not None and offer.kept[0] == kinds:
        return offer.kept[1]
    declarations = [declaration for kind in kinds for declaration in kind.declarations]
    files = chain.from_iterable([specifiers_of(item).items() for item in offer.items_of(declarations)])
    part = offer.part(chain(offer.private, files, chunks_of(offer, declarations)))
    offer.kept = (kinds, part)
    return part


def pairs_of(offer: Offer, declarations: Iterable[Declaration]) -> list[tuple[str, str]]:
    """Return the specifiers and files of some of a remote's declarations."""
    pairs: list[tuple[str, str]] = []
    for declaration in declarations:
        pairs += offer.files(declaration).items()
    return pairs


def chunks_of(offer: Offer, declarations: Iterable[Declaration]) -> list[tuple[str, str]]:
    """Return the chunks that some of a remote's declarations need."""
    if not offer.remote.entry.chunks:
        return []
    bundles = [offer.bundle(declaration) for declaration in declarations]
    return offer.chunks(dict.fromkeys(bundle for bundle in bundles if bundle))


def publish(
    work: Workings,
    decision: Decision,
    imports: dict[str, str],
    scopes: Scopes,
    integrity: dict[str, str],
) -> None:
    """Write the published builds: into `imports`, or for a named share scope to each it serves."""
    named = decision.family[0] != GLOBAL
    urls: dict[str, dict[str, str]] = {}
    for one in decision.rounds:
        winner = work.offers[one.winner]
        part, chunks = published_parts(winner, one.kind)
        integrity.update(part.integrity)
        if chunks.urls:
            scopes.setdefault(winner.scope, {}).update(chunks.urls)
            integrity.update(chunks.integrity)
        if named:
            urls[one.winner] = part.urls
        else:
            imports.update(part.urls)
    if named:
        for name, kind in members_of(work, decision.family).items():
            provided = urls.get(decision.provider(name, kind))
            if provided is not None:
                table = scopes.setdefault(work.offers[name].scope, {})
                table.update({specifier: provided[specifier] for specifier in kind.tags})


def published_parts(offer: Offer, kind: Kind) -> tuple[Part, Part]:
    """Return the part with a build's entrypoints, and the part with their chunks."""
    known = offer.published.get(kind)
    if known is None:
        declarations = kind.declarations
        chunks = chunks_of(offer, declarations)
        known = offer.part(pairs_of(offer, declarations)), offer.part(chunks) if chunks else NOTHING
        offer.published[kind] = known
    return known


def shield_nested(work: Workings, imports: Mapping[str, str], scopes: Scopes) -> None:
    """Keep a remote's own packages from remotes that lie in a folder below its own.

    A browser that finds nothing in a URL scope goes on to the next shorter one: a remote in `/shop/v2/`
    would get what the remote in `/shop/` keeps to itself. The inner one is told what it gets instead.
    """
    if not work.nested:
        return
    wanted: dict[str, set[str]] = {}
    for offer in work.offers.values():
        declared = wanted.setdefault(offer.scope, set())
        for declaration in offer.declared:
            declared.update(declaration.specifiers)
    for outer, inner in work.nested:
        leaking = scopes.get(outer)
        missing = leaking.keys() & wanted[inner] & imports.keys() if leaking else None
        if missing:
            own = scopes.get(inner, {})
            rules = {specifier: imports[specifier] for specifier in sorted(missing - own.keys())}
            if rules:
                scopes[inner] = own | rules
