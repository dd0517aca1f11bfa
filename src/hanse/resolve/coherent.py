"""The `coherent` policy: every family of packages comes to a remote from one build.

Per family, the build that covers most consumers is published; who cannot take it keeps its whole family in
its own URL scope. Work is kept by family, so that a change of one remote costs the families it touches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from hanse.errors import ResolveError
from hanse.resolve.acceptance import Lines
from hanse.resolve.ballot import Kind, package_of_declaration
from hanse.resolve.decide import Decision, Terms, decide
from hanse.resolve.families import Family, group_families
from hanse.resolve.offers import Catalogue, Declaration, Offer, Shape, make_offer
from hanse.resolve.policy import Policy
from hanse.resolve.remote import Remote

__all__ = ["Workings", "solo_kind", "work_out"]


class Workings(msgspec.Struct, eq=False):
    """All that a later resolution can use again."""

    policy: Policy
    catalogue: Catalogue
    offers: dict[str, Offer]
    hosts: list[str]
    shapes: Counter[Shape]
    families: dict[tuple[str, str], Family]
    decisions: dict[Family, Decision]
    kinds: dict[tuple[Declaration, ...], Kind]
    lines: Lines
    nested: tuple[tuple[str, str], ...]


def work_out(remotes: Sequence[Remote], policy: Policy, previous: Workings | None) -> Workings:
    """Decide every family of a federation.

    Args:
        remotes: The federation; its order does not matter.
        policy: The policy and its options.
        previous: An earlier result: what has not changed since is used again. The result is the same.

    Raises:
        ResolveError: A strict option forbids the outcome.
    """
    if previous is not None and (previous.policy != policy or overgrown(previous)):
        previous = None
    catalogue = Catalogue(policy.families) if previous is None else previous.catalogue
    known = {} if previous is None else previous.offers
    offers = {
        remote.name: reuse_offer(known.get(remote.name), remote) or read_remote(remote, policy, catalogue)
        for remote in sorted(remotes, key=remote_name)
    }
    changed = {name for name in offers.keys() | known.keys() if offers.get(name) is not known.get(name)}
    shapes, families = partition(offers, changed, policy, previous)
    work = Workings(
        policy=policy,
        catalogue=catalogue,
        offers=offers,
        hosts=[name for name, offer in offers.items() if offer.remote.host],
        shapes=shapes,
        families=families,
        decisions={},
        kinds={} if previous is None else previous.kinds,
        lines=Lines(),
        nested=find_nested(offers, changed, previous),
    )
    if previous is None or families is not previous.families or work.hosts != previous.hosts:
        decide_all(work)
    else:
        decide_changed(work, previous, changed)
    return work


def remote_name(remote: Remote) -> str:
    """Return the name remotes are ordered by."""
    return remote.name


def overgrown(work: Workings) -> bool:
    """Tell whether the interned kinds have outgrown what is in use, after many redeploys."""
    live = sum(len(offer.declared) for offer in work.offers.values())
    return len(work.catalogue.declarations) + len(work.kinds) > 4 * live + 10_000


def reuse_offer(known: Offer | None, remote: Remote) -> Offer | None:
    """Return the earlier offer where the remote is the same, and its entry the same object."""
    if known is None:
        return None
    old = known.remote
    if old is remote:
        return known
    same = old.entry is remote.entry and old.url == remote.url and old.host == remote.host
    return known if same and old.sizes is remote.sizes else None


def read_remote(remote: Remote, policy: Policy, catalogue: Catalogue) -> Offer:
    """Read a remote; a strict fault names the remote.

    Raises:
        ResolveError: A version is invalid, or the entry has another name, and that is strict.
    """
    if policy.strict.strict_remote_entry and remote.entry.name != remote.name and not remote.host:
        raise ResolveError(
            f"the remote entry is called '{remote.entry.name}'",
            subject=remote.name,
            hint="strict_remote_entry is set: the manifest's key and the entry's name must be equal",
        )
    try:
        return make_offer(remote, policy, catalogue)
    except ResolveError as error:
        hint = "strict_external_version is set"
        raise ResolveError(error.message, subject=remote.name, hint=hint) from error


def find_nested(
    offers: Mapping[str, Offer], changed: set[str], previous: Workings | None
) -> tuple[tuple[str, str], ...]:
    """Return pairs of (outer, inner) URL scopes, the innermost outer first."""
    if previous is not None and all(
        name in offers and name in previous.offers and offers[name].scope == previous.offers[name].scope
        for name in changed
    ):
        return previous.nested
    pairs: list[tuple[str, str]] = []
    around: list[str] = []
    for scope in sorted({offer.scope for offer in offers.values()}):
        while around and not scope.startswith(around[-1]):
            around.pop()
        pairs += [(outer, scope) for outer in reversed(around)]
        if scope.endswith("/"):
            around.append(scope)
    return tuple(pairs)


def partition(
    offers: Mapping[str, Offer], changed: set[str], policy: Policy, previous: Workings | None
) -> tuple[Counter[Shape], dict[tuple[str, str], Family]]:
    """Group the packages into families; the earlier grouping stands where no shape came or went."""
    if previous is None:
        shapes = count_shapes(offers.values())
    else:
        before = [previous.offers[name] for name in changed if name in previous.offers]
        after = [offers[name] for name in changed if name in offers]
        shapes = previous.shapes.copy()
        shapes.update(count_shapes(after))
        shapes.subtract(count_shapes(before))
        shapes = +shapes
        tagged = any(kind.pool for offer in (*before, *after) for kind in offer.declared)
        if shapes.keys() == previous.shapes.keys() and not tagged:
            return shapes, previous.families
    tags = [
        (declaration, name)
        for name, offer in offers.items()
        for declaration in offer.declared
        if declaration.pool
    ]
    return shapes, group_families(sorted(shapes), tags, policy)


def count_shapes(offers: Iterable[Offer]) -> Counter[Shape]:
    """Count the shapes of all declarations, by kinds."""
    kinds: Counter[Declaration] = Counter()
    for offer in offers:
        kinds.update(offer.declared)
    shapes: Counter[Shape] = Counter()
    for kind, count in kinds.items():
        shapes[kind.shape] += count
    return shapes


# --- deciding ---------------------------------------------------------------------------------------


def decide_all(work: Workings) -> None:
    """Decide every family from scratch."""
    columns: dict[Family, dict[str, Kind]] = {family: {} for family in sorted(set(work.families.values()))}
    stakes: dict[Family, dict[str, list[Declaration]]] = {f: {} for f in columns if len(f[1]) > 1}
    slots: dict[Declaration, tuple[dict[str, Kind], Kind]] = {}
    for name, offer in work.offers.items():
        for declaration in offer.declared:
            try:
                column, kind = slots[declaration]
            except KeyError:
                family = work.families[declaration.scope, declaration.package]
                if family in stakes:
                    stakes[family].setdefault(name, []).append(declaration)
                    continue
                column, kind = slots[declaration] = columns[family], solo_kind(work, declaration)
            column[name] = kind
    for family, declared in stakes.items():
        columns[family] = {name: kind_of(work, stake) for name, stake in declared.items()}
    join_repeats(work, columns, stakes)
    terms = Terms(work.policy, work.hosts, work.lines)
    work.decisions = {
        family: decide(terms, family, members, Counter(members.values()))
        for family, members in columns.items()
        if members
    }


def join_repeats(
    work: Workings,
    columns: Mapping[Family, dict[str, Kind]],
    stakes: Mapping[Family, Mapping[str, Sequence[Declaration]]],
) -> None:
    """Give remotes that declare a lone package more than once the kind that has all of it."""
    declared = sum([len(offer.declared) for offer in work.offers.values()])
    declared -= sum([len(stake) for members in stakes.values() for stake in members.values()])
    if declared == sum([len(members) for family, members in columns.items() if family not in stakes]):
        return
    for name, offer in work.offers.items():
        if len({(one.scope, one.package) for one in offer.declared}) < len(offer.declared):
            for family, kind in stakes_of(work, offer).items():
                columns[family][name] = kind


def decide_changed(work: Workings, previous: Workings, changed: set[str]) -> None:
    """Decide again the families in which a changed remote declares something else than before."""
    touched: dict[Family, dict[str, Kind | None]] = {}
    for name in changed:
        before = stakes_of(work, previous.offers.get(name))
        after = stakes_of(work, work.offers.get(name))
        for family in before.keys() | after.keys():
            if before.get(family) is not after.get(family):
                touched.setdefault(family, {})[name] = after.get(family)
    work.decisions = dict(previous.decisions)
    terms = Terms(work.policy, work.hosts, work.lines)
    for family in sorted(touched):
        stakes = touched[family]
        old = previous.decisions[family]
        members = replace_members(old.members, stakes)
        if members:
            work.decisions[family] = decide(terms, family, members, recount(old, stakes))
        else:
            del work.decisions[family]


def replace_members(members: Mapping[str, Kind], stakes: Mapping[str, Kind | None]) -> dict[str, Kind]:
    """Return the members of a family with some replaced, added or gone, in the order of names."""
    replaced = dict(members)
    for name, kind in stakes.items():
        if kind is None:
            replaced.pop(name, None)
        else:
            replaced[name] = kind
    if stakes.keys() <= members.keys():
        return replaced
    return {name: replaced[name] for name in sorted(replaced)}


def recount(old: Decision, stakes: Mapping[str, Kind | None]) -> Counter[Kind]:
    """Return the numbers of remotes by kind after some have been replaced."""
    counts = old.counts.copy()
    for name, kind in stakes.items():
        before = old.members.get(name)
        if before is not None:
            counts[before] -= 1
            if not counts[before]:
                del counts[before]
        if kind is not None:
            counts[kind] += 1
    return counts


def stakes_of(work: Workings, offer: Offer | None) -> dict[Family, Kind]:
    """Return family -> the remote's kind in it."""
    declared: dict[Family, list[Declaration]] = {}
    for declaration in () if offer is None else offer.declared:
        declared.setdefault(work.families[declaration.scope, declaration.package], []).append(declaration)
    return {family: kind_of(work, stake) for family, stake in declared.items()}


def kind_of(work: Workings, declared: Sequence[Declaration]) -> Kind:
    """Return the one kind that makes these declarations."""
    by_package = {declaration.package: declaration for declaration in declared}
    if len(by_package) < len(declared):
        key = without_repeats(declared)
    else:
        key = tuple([by_package[package] for package in sorted(by_package)])
    kind = work.kinds.get(key)
    if kind is None:
        tags = {specifier: d.version for d in key for specifier in d.specifiers}
        simple = len(key) == 1 and is_simple(key[0])
        kind = work.kinds[key] = Kind(key, tags, simple)
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


def solo_kind(work: Workings, declaration: Declaration) -> Kind:
    """Return the kind that makes this one declaration."""
    key = (declaration,)
    kind = work.kinds.get(key)
    if kind is None:
        tags = dict.fromkeys(declaration.specifiers, declaration.version)
        kind = work.kinds[key] = Kind(key, tags, is_simple(declaration))
    return kind


def is_simple(declaration: Declaration) -> bool:
    """Tell whether a build's version alone decides whether it can serve the declaration."""
    return declaration.bound is None and bool(declaration.specifiers)
