"""What each remote offers and demands, in a form that equal remotes share.

A thousand remotes make few different declarations: each is interned once, with its version parsed, so that
everything after this costs by kinds and not by remotes.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import msgspec

from hanse.errors import ResolveError
from hanse.formats.remote_entry import Shared
from hanse.resolve.dense import CHUNK_PREFIX, specifiers_of
from hanse.resolve.emit import EXPOSED_BUNDLE
from hanse.resolve.paths import chunk_specifier, join, scope_url
from hanse.resolve.policy import Policy
from hanse.resolve.pool_graph import owning_package
from hanse.resolve.record import GLOBAL, STRICT
from hanse.resolve.remote import Remote
from hanse.semver import Version, min_version, parse

__all__ = ["Catalogue", "Declaration", "Offer", "Part", "Shape", "make_offer"]

Shape = tuple[str, str, tuple[str, ...]]
"""What of a declaration decides its family: share scope, package, specifiers."""

Line = str | tuple[str, ...]
"""A line of the policy's table of families, or the one package that is in none."""

FEW = 64
"""Up to so many declarations are found by walking the list; an index costs more than that saves."""


class Declaration(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One kind of shared package: who declares the same is the same to the resolver.

    Compared by identity, for a catalogue holds each kind once. `required` is a range, `specifiers` are in
    the order of the entry, `fault` says what was wrong with the declared version, `rank` sorts by version.
    `bound` names a package that its remote keeps to
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
    bound: str | None = None

    @property
    def content(self) -> str:
        """Return the whole declaration as a text that sorts; few are ever asked for it."""
        bound = () if self.bound is None else ("\tbound to", self.bound)
        return "\n".join(
            (self.package, self.version, self.required, str(self.strict), *self.specifiers, *bound)
        )

    @property
    def shape(self) -> Shape:
        """Return what decides its family."""
        return self.scope, self.package, self.specifiers


class Part(msgspec.Struct, frozen=True, gc=False):
    """A piece of an import map: specifier -> URL, and URL -> digest for those that have one."""

    urls: dict[str, str]
    integrity: dict[str, str]


class Offer:
    """One remote, read once: where it lies, and what it declares.

    `declared` and `items` run side by side. Finished parts of the import map are kept here, so that they
    are made once for as long as the remote does not change.
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
        "remote",
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
        self.parts: dict[object, Part] = {}
        self.places: dict[Declaration, Shared] = {}
        self.kept: tuple[tuple[Declaration, ...], Part] | None = None
        exposes = entry.exposes or ()
        self.exposed = self.part([(join(name, e.key), e.out_file_name) for e in exposes])
        self.aliases = self.part([(name + e.key[1:], e.out_file_name) for e in exposes if e.key[:2] == "./"])
        self.private = self.pairs_of_private()

    def item(self, declaration: Declaration) -> Shared:
        """Return the item of the entry that makes one of its declarations; the first of equal ones."""
        declared = self.declared
        if len(declared) <= FEW:
            return self.items[declared.index(declaration)]
        if not self.places:
            self.places = dict(zip(reversed(declared), reversed(self.items), strict=True))
        return self.places[declaration]

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


class Catalogue:
    """Every kind of declaration seen, each once; None for those that are skipped.

    `lines` remembers, for specifiers of one package, which packages must come from one build with them.
    """

    def __init__(self, families: Iterable[tuple[str, ...]]) -> None:
        self.families = tuple(families)
        self.declarations: dict[tuple[object, ...], Declaration | None] = {}
        self.lines: dict[tuple[str, ...], frozenset[Line]] = {}

    def lines_of(self, specifiers: tuple[str, ...]) -> frozenset[Line]:
        """Return what stands for the packages that must come from one build with these specifiers.

        It is a line of the policy's table, or the owning package itself where no line has it.
        """
        known = self.lines.get(specifiers)
        if known is None:
            owners = {owning_package(specifier) or specifier for specifier in specifiers}
            known = frozenset(chain.from_iterable(map(self.lines_with, owners)))
            self.lines[specifiers] = known
        return known

    def lines_with(self, package: str) -> list[Line]:
        """Return the table's lines that have the package, or itself where none does."""
        return [line for line in self.families if package in line] or [package]

    def mates_of(self, shared: Iterable[Shared]) -> dict[Line, str]:
        """Return line -> the package of it that the remote keeps to itself, the least by name."""
        mates: dict[Line, str] = {}
        for item in shared:
            if not item.singleton and not item.package_name.startswith(CHUNK_PREFIX):
                for line in self.lines_of((item.package_name, *specifiers_of(item))):
                    mates[line] = min(mates.get(line, item.package_name), item.package_name)
        return mates

    def bound(self, kind: Declaration, mates: dict[Line, str]) -> Declaration:
        """Return the kind, bound to the private package that it must come from one build with, if any."""
        found = [mates[line] for line in self.lines_of((kind.package, *kind.specifiers)) if line in mates]
        if not found:
            return kind
        key = (kind, min(found))
        known = self.declarations.get(key)
        if known is None:
            known = msgspec.structs.replace(kind, bound=key[1])
            self.declarations[key] = known
        return known


def make_offer(remote: Remote, policy: Policy, catalogue: Catalogue) -> Offer:
    """Read one remote.

    Raises:
        ResolveError: A version is invalid and `strict_external_version` is set.
    """
    known = catalogue.declarations
    declared: list[Declaration] = []
    items: list[Shared] = []
    shared = remote.entry.shared or ()
    versions_count = policy.strict.strict_external_version
    for item in shared:
        if not item.singleton:
            if versions_count and parse(item.version or "") is None:
                raise ResolveError(version_fault(item), subject=item.package_name)
            continue
        entries = item.entries
        if entries is None:
            entries = specifiers_of(item)
        key = (
            item.package_name,
            item.version,
            item.required_version,
            item.strict_version,
            item.share_scope,
            item.pool,
            *entries,
        )
        try:
            kind = known[key]
        except KeyError:
            kind = known[key] = declare(item, tuple(entries), policy)
        if kind is not None:
            declared.append(kind)
            items.append(item)
    mates = catalogue.mates_of(shared) if len(declared) < len(shared) else None
    if mates:
        declared = [catalogue.bound(kind, mates) for kind in declared]
    return Offer(remote, declared, items)


def version_fault(item: Shared) -> str:
    """Say that a version is no version."""
    return f"version {item.version!r} of {item.package_name} is not a semver version"


def declare(item: Shared, specifiers: tuple[str, ...], policy: Policy) -> Declaration | None:
    """Make the kind of a shared item.

    Raises:
        ResolveError: The version is invalid and `strict_external_version` is set.
    """
    scope = GLOBAL if item.share_scope is None else item.share_scope
    version, fault = item.version or "", None
    parsed: Version | None = parse(version)
    if parsed is None:
        fault = version_fault(item)
        if policy.strict.strict_external_version:
            raise ResolveError(fault, subject=item.package_name)
        if policy.profile.skip_invalid_external_versions:
            return None
        least = min_version(item.required_version) if isinstance(item.required_version, str) else None
        version = "0.0.0" if least is None else str(least)
        parsed = parse(version)
    required = item.required_version if isinstance(item.required_version, str) else ""
    if scope == STRICT or not required:
        required = version
    strict = bool(item.strict_version) or scope == STRICT
    pool = item.pool.strip() or None if item.pool else None
    rank = () if parsed is None else parsed.key
    return Declaration(scope, item.package_name, version, required, strict, specifiers, pool, fault, rank)
