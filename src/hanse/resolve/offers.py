"""What each remote offers and demands, in a form that equal remotes share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

import msgspec

from hanse.formats.entry_structs import Shared
from hanse.resolve.dense import specifiers_of
from hanse.resolve.emit import EXPOSED_BUNDLE
from hanse.resolve.paths import chunk_specifier, join, scope_url
from hanse.resolve.remote import Remote

__all__ = ["Declaration", "Offer", "Part", "Shape"]

Shape = tuple[str, str, tuple[str, ...]]
"""What of a declaration decides its family: share scope, package, specifiers."""

PACKAGE_NAME = attrgetter("package_name")

FEW = 64
"""Up to so many declarations are found by walking the list; an index costs more than that saves."""

FEW_ASKED = 4
"""For so many declarations, asked for together, the list is walked as well."""


class Declaration(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One kind of shared package: who declares the same is the same to the resolver.

    Compared by identity, for a catalogue holds each kind once. `required` is a range, `specifiers` are in
    the order of the entry, `fault` says what was wrong with the declared version, `rank` sorts by version.
    `shape` is what decides its family,
    `surface` the set of its specifiers. `bound` names a package that its remote keeps to
    itself and that must come from the same build: no other build can serve the declaration then.
    """

    scope: str
    package: str
    version: str
    required: str
    strict: bool
    specifiers: tuple[str, ...]
    pool: str | None
    fault: str | None
    rank: tuple[object, ...]
    shape: Shape
    surface: frozenset[str]
    bound: str | None = None

    @property
    def content(self) -> str:
        """Return the whole declaration as a text that sorts; few are ever asked for it."""
        rest = {"bound to": self.bound, "pool": self.pool, "fault": self.fault}
        notes = [f"\t{name} {text}" for name, text in rest.items() if text is not None]
        return "\n".join(
            (self.package, self.version, self.required, str(self.strict), *self.specifiers, *notes)
        )


class Part(msgspec.Struct, frozen=True, gc=False):
    """A piece of an import map: specifier -> URL, and URL -> digest for those that have one."""

    urls: dict[str, str]
    integrity: dict[str, str]


class Offer:
    """One remote, read once: where it lies, and what it declares.

    `declared` and `items` run side by side; `repeats` tells that a package may come twice. Finished parts of
    the import map are kept here, so that they are made once for as long as the remote does not change.
    """

    __slots__ = (
        "aliases",
        "base",
        "declared",
        "exposed",
        "items",
        "kept",
        "parts",
        "places",
        "private",
        "published",
        "remote",
        "repeats",
        "scope",
    )

    def __init__(self, remote: Remote, declared: list[Declaration], items: list[Shared]) -> None:
        entry = remote.entry
        name = remote.name
        self.remote = remote
        self.scope = scope_url(entry.url or remote.url)
        self.base = self.scope.removesuffix("/") + "/"
        self.declared = declared
        self.items = items
        self.repeats = len(set(map(PACKAGE_NAME, items))) < len(items)
        self.parts: dict[object, Part] = {}
        self.published: dict[object, tuple[Part, Part]] = {}
        self.places: dict[Declaration, Shared] = {}
        self.kept: tuple[tuple[object, ...], Part] | None = None
        exposes = entry.exposes or ()
        keyed = [(join(name, one.key), one) for one in exposes]
        self.exposed = self.part([(key, one.out_file_name) for key, one in keyed])
        urls = self.exposed.urls
        self.aliases = {name + one.key[1:]: urls[key] for key, one in keyed if one.key[:2] == "./"}
        self.private = self.pairs_of_private()

    def exposes_as(self, other: Offer) -> bool:
        """Tell whether both expose the same, at the same places."""
        return self.exposed == other.exposed and self.aliases == other.aliases

    def item(self, declaration: Declaration) -> Shared:
        """Return the item of the entry that makes one of its declarations; the first of equal ones."""
        declared = self.declared
        if len(declared) <= FEW:
            return self.items[declared.index(declaration)]
        if not self.places:
            self.places = dict(zip(reversed(declared), reversed(self.items), strict=True))
        return self.places[declaration]

    def items_of(self, declarations: Sequence[Declaration]) -> list[Shared]:
        """Return the items of the entry that make some of its declarations."""
        if len(declarations) <= FEW_ASKED:
            return list(map(self.item, declarations))
        places = dict(zip(reversed(self.declared), reversed(self.items), strict=True))
        return [places[declaration] for declaration in declarations]

    def files(self, declaration: Declaration) -> dict[str, str]:
        """Return specifier -> file of one of its declarations."""
        return specifiers_of(self.item(declaration))

    def bundle(self, declaration: Declaration) -> str | None:
        """Return the bundle whose chunks one of its declarations needs."""
        return self.item(declaration).bundle

    def pairs_of_private(self) -> list[tuple[str, str]]:
        """Return specifier and file of what only this remote sees: scoped packages, and chunks."""
        entry = self.remote.entry
        pairs: list[tuple[str, str]] = []
        bundles: dict[str, None] = {EXPOSED_BUNDLE: None}
        if len(self.items) < len(entry.shared or ()):
            for item in entry.shared or ():
                if not item.singleton:
                    pairs += specifiers_of(item).items()
                    if item.bundle:
                        bundles[item.bundle] = None
        return pairs + self.chunks(bundles)

    def part(self, entries: Iterable[tuple[str, str]]) -> Part:
        """Make a part of the map from pairs of specifier and file."""
        digests = self.remote.entry.integrity
        base = self.base
        urls = {specifier: base + (file[1:] if file[:1] == "/" else file) for specifier, file in entries}
        if not digests:
            return Part(urls, {})
        start = len(base)
        files = ((url, url[start:]) for url in urls.values())
        return Part(urls, {url: digests[file] for url, file in files if file in digests})

    def chunks(self, bundles: Iterable[str]) -> list[tuple[str, str]]:
        """Return pairs of specifier and file for the chunks of bundles."""
        stored = self.remote.entry.chunks
        if not stored:
            return []
        return [(chunk_specifier(file), file) for bundle in bundles for file in stored.get(bundle, ())]
