"""Declarations and kinds of remotes, each once, however many remotes make them.

A thousand remotes make few different declarations: each is interned, with its version parsed, so that
everything after this costs by kinds and not by remotes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, groupby

import msgspec

from hanse.errors import ResolveError
from hanse.formats.entry_structs import Entries, Shared
from hanse.resolve.ballot import Elections
from hanse.resolve.dense import CHUNK_PREFIX, specifiers_of
from hanse.resolve.families import Family, group_families
from hanse.resolve.kinds import Kind, package_of_declaration
from hanse.resolve.offers import Declaration, Offer, Shape
from hanse.resolve.policy import Policy
from hanse.resolve.pool_graph import owning_package
from hanse.resolve.record import GLOBAL, STRICT
from hanse.resolve.remote import Remote
from hanse.semver import Version, min_version, parse

__all__ = ["Catalogue", "Grouping", "kind_of", "make_offer", "overgrown", "warm_catalogue"]

Line = str | tuple[str, ...]
"""A line of the policy's table of families, or the one package that is in none."""


GROUPINGS = 8
"""So many groupings are remembered: a federation has one until a package comes or goes."""


class Grouping:
    """The families of a federation's packages, and what follows from them for declarations and kinds.

    `alone` has the kinds of declarations whose package is a family of its own. `homes` has the families of
    declarations and kinds that were asked for.
    """

    def __init__(self, families: dict[tuple[str, str], Family]) -> None:
        self.families = families
        self.ordered = sorted(set(families.values()))
        self.alone: dict[Declaration, Kind] = {}
        self.homes: dict[Declaration | Kind, Family] = {}

    def of(self, kind: Kind) -> Family:
        """Return the family that a kind belongs to."""
        home = self.homes.get(kind)
        if home is None:
            declaration = kind.declarations[0]
            home = self.homes[kind] = self.families[declaration.scope, declaration.package]
        return home

    def runs(self, declared: Iterable[Declaration]) -> dict[Family, tuple[Declaration, ...]]:
        """Return the declarations of each family, in their order."""
        declared = list(declared)
        for declaration in declared:
            if declaration not in self.homes:
                self.homes[declaration] = self.families[declaration.scope, declaration.package]
        # Families mostly come in one piece, for builders sort by name.
        pieces = [(family, tuple(run)) for family, run in groupby(declared, self.homes.__getitem__)]
        runs = dict(pieces)
        if len(runs) < len(pieces):
            runs = {f: tuple([one for one in declared if self.homes[one] is f]) for f in runs}
        return runs


MOST_ITEMS = 20_000
"""So many decoded items are known again: as many as the reader knows by their texts."""


class Items:
    """The declarations of decoded items, which are known again as objects: that takes no comparing.

    `items` keeps them, so that no other object can come to lie where one of them is.
    """

    def __init__(self) -> None:
        self.items: list[Shared] = []
        self.declarations: dict[int, Declaration] = {}

    def find(self, shared: Iterable[Shared]) -> list[Declaration | None]:
        """Return the declarations of items, None for each that is not known."""
        return list(map(self.declarations.get, map(id, shared)))

    def remember(self, item: Shared, declaration: Declaration) -> None:
        """Remember an item that never changes."""
        self.items.append(item)
        self.declarations[id(item)] = declaration


class Catalogue:
    """Every kind of declaration seen under one policy, each once; None for those that are skipped.

    `items` finds the declarations of decoded items at once. `shapes` has each shape once, with the set of its
    specifiers, and `names` each specifier: what is one object is found without comparing letters. `lines`
    remembers, for specifiers of one package, which packages must come from one build with them.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.families = policy.families
        self.declarations: dict[tuple[object, ...], Declaration | None] = {}
        self.items = Items()
        self.shapes: dict[Shape, tuple[Shape, frozenset[str]]] = {}
        self.names: dict[str, str] = {}
        self.tagged = False
        self.lines: dict[tuple[str, ...], frozenset[Line]] = {}
        self.kinds: dict[tuple[Declaration, ...], Kind] = {}
        self.groupings: dict[frozenset[Shape], Grouping] = {}
        self.elections = Elections()

    def group(self, shapes: Iterable[Shape], tags: Sequence[tuple[Declaration, str]]) -> Grouping:
        """Group packages into families.

        Args:
            shapes: Every shape of declaration in the federation.
            tags: Pairs of a declaration with a pool tag and the remote that makes it.
        """
        key = frozenset(shapes)
        known = None if tags else self.groupings.get(key)
        if known is None:
            known = Grouping(group_families(sorted(key), tags, self.policy))
            if len(self.groupings) >= GROUPINGS:
                self.groupings = {}
            if not tags:
                self.groupings[key] = known
        return known

    def stakes(self, grouping: Grouping, offer: Offer) -> tuple[Kind, ...]:
        """Return the kinds of a remote: what it has of each family."""
        declared = offer.declared
        if offer.repeats:
            return tuple([self.kind(run) for run in grouping.runs(declared).values()])
        kinds = list(map(grouping.alone.get, declared))
        if all(kinds):
            return tuple(kinds)  # type: ignore[arg-type]
        # A declaration that has a home already is one of a larger family.
        for place, declaration in enumerate(declared):
            if kinds[place] is None and declaration not in grouping.homes:
                kinds[place] = self.kind_alone(grouping, declaration)
        found = [kind for kind in kinds if kind is not None]
        if len(found) < len(kinds):
            rest = [one for one, kind in zip(declared, kinds, strict=True) if kind is None]
            found += map(self.kind, grouping.runs(rest).values())
        return tuple(found)

    def kind_alone(self, grouping: Grouping, declaration: Declaration) -> Kind | None:
        """Return the kind of a declaration whose package is a family of its own; None where it is not."""
        family = grouping.families[declaration.scope, declaration.package]
        if len(family[1]) > 1:
            return None
        kind = self.kind((declaration,))
        grouping.alone[declaration] = kind
        grouping.homes[kind] = family
        return kind

    def kind(self, run: tuple[Declaration, ...]) -> Kind:
        """Return the one kind that makes these declarations of a family, in whatever order."""
        kind = self.kinds.get(run)
        if kind is not None:
            return kind
        if len(run) > 1:
            kind = self.kinds[run] = kind_of(self, run)
            return kind
        (one,) = run
        return self.kinds.setdefault(
            run, Kind(run, dict.fromkeys(one.specifiers, one.version), is_simple(one))
        )

    def shape(self, shape: Shape) -> tuple[Shape, frozenset[str]]:
        """Return the one shape that equals this one, and the set of its specifiers."""
        known = self.shapes.get(shape)
        if known is not None:
            return known
        scope, package, specifiers = shape
        specifiers = tuple([self.names.setdefault(name, name) for name in specifiers])
        return self.shapes.setdefault(shape, ((scope, package, specifiers), frozenset(specifiers)))

    @property
    def size(self) -> int:
        """How much is interned."""
        return len(self.declarations) + len(self.kinds)

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
            bound = msgspec.structs.replace(kind, bound=key[1])
            known = self.declarations.setdefault(key, bound) or bound
        return known


# What was interned stays for the next resolution, which mostly meets the same again.
@lru_cache(maxsize=4)
def catalogue_of(policy: Policy) -> Catalogue:
    """Return the catalogue of a policy."""
    return Catalogue(policy)


def warm_catalogue(policy: Policy, live: int) -> Catalogue:
    """Return the catalogue of a policy, or a new one where it has outgrown what is in use."""
    catalogue = catalogue_of(policy)
    if overgrown(catalogue, live):
        catalogue_of.cache_clear()
        catalogue = catalogue_of(policy)
    return catalogue


def overgrown(catalogue: Catalogue, live: int) -> bool:
    """Tell whether the interned kinds have outgrown what is in use, after many redeploys."""
    return catalogue.size > 4 * live + 10_000


def make_offer(remote: Remote, policy: Policy, catalogue: Catalogue) -> Offer:
    """Read one remote.

    Raises:
        ResolveError: A version is invalid and `strict_external_version` is set.
    """
    shared = remote.entry.shared or []
    found = catalogue.items.find(shared)
    if all(found):
        return Offer(remote, found, shared)  # type: ignore[arg-type]
    for place in [place for place, kind in enumerate(found) if kind is None]:
        item = shared[place]
        if item.singleton:
            found[place] = intern_item(item, catalogue)
        elif policy.strict.strict_external_version and parse(item.version or "") is None:
            raise ResolveError(version_fault(item), subject=item.package_name)
    declared = [kind for kind in found if kind is not None]
    if len(declared) == len(shared):
        return Offer(remote, declared, shared)
    items = [item for item, kind in zip(shared, found, strict=True) if kind is not None]
    mates = catalogue.mates_of(shared)
    if mates:
        declared = [catalogue.bound(kind, mates) for kind in declared]
    return Offer(remote, declared, items)


def intern_item(item: Shared, catalogue: Catalogue) -> Declaration | None:
    """Return the one declaration of an item and all that are equal; None where it is skipped.

    Raises:
        ResolveError: The version is invalid and `strict_external_version` is set.
    """
    specifiers = tuple(specifiers_of(item))
    scope = GLOBAL if item.share_scope is None else item.share_scope
    required = item.required_version if isinstance(item.required_version, str) else ""
    if (scope == STRICT or not required) and parse(item.version or "") is not None:
        required = item.version or ""
    # Two ways to write the same are one declaration: else the order of remotes would decide between them.
    key = (
        scope,
        item.package_name,
        item.version,
        required,
        bool(item.strict_version) or scope == STRICT,
        item.pool.strip() or None if item.pool else None,
        specifiers,
    )
    kind = catalogue.declarations.get(key)
    if kind is None and key not in catalogue.declarations:
        # Whoever resolves at the same time gets the same object: declarations are compared by identity.
        kind = catalogue.declarations.setdefault(key, declare(item, specifiers, catalogue))
        catalogue.tagged = catalogue.tagged or bool(kind is not None and kind.pool)
    if kind is not None and item.dev is None and isinstance(item.entries, Entries):
        if len(catalogue.items.items) >= MOST_ITEMS:
            catalogue.items = Items()
        catalogue.items.remember(item, kind)
    return kind


def version_fault(item: Shared) -> str:
    """Say that a version is no version."""
    return f"version {item.version!r} of {item.package_name} is not a semver version"


def declare(item: Shared, specifiers: tuple[str, ...], catalogue: Catalogue) -> Declaration | None:
    """Make the kind of a shared item.

    Raises:
        ResolveError: The version is invalid and `strict_external_version` is set.
    """
    policy = catalogue.policy
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
    shape, surface = catalogue.shape((scope, item.package_name, specifiers))
    return Declaration(
        scope=scope,
        package=item.package_name,
        version=version,
        required=required,
        strict=strict,
        specifiers=shape[2],
        pool=item.pool.strip() or None if item.pool else None,
        fault=fault,
        rank=() if parsed is None else parsed.key,
        shape=shape,
        surface=surface,
    )


def kind_of(catalogue: Catalogue, declared: Sequence[Declaration]) -> Kind:
    """Return the one kind that makes these declarations, in whatever order."""
    by_package = {declaration.package: declaration for declaration in declared}
    if len(by_package) < len(declared):
        key = without_repeats(declared)
    else:
        key = tuple([by_package[package] for package in sorted(by_package)])
    kind = catalogue.kinds.get(key)
    if kind is None:
        tags = {specifier: d.version for d in key for specifier in d.specifiers}
        simple = len(key) == 1 and is_simple(key[0])
        kind = catalogue.kinds.setdefault(key, Kind(key, tags, simple))
    return kind


def without_repeats(declared: Iterable[Declaration]) -> tuple[Declaration, ...]:
    """Return declarations by package, without those of which later ones have every specifier.

    A package comes twice where a builder groups its entrypoints by range, say.
    """
    later: dict[str, set[str]] = {}
    kept: list[Declaration] = []
    for declaration in reversed([*declared]):
        known = later.get(declaration.package)
        if known is None:
            later[declaration.package] = set(declaration.specifiers)
        elif known.issuperset(declaration.specifiers):
            continue
        else:
            known.update(declaration.specifiers)
        kept.append(declaration)
    kept.reverse()
    return tuple(sorted(kept, key=package_of_declaration))


def is_simple(declaration: Declaration) -> bool:
    """Tell whether a build's version alone decides whether it can serve the declaration."""
    return declaration.bound is None and bool(declaration.specifiers)
