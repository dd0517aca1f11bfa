"""The `coherent` policy: every family of packages comes to a remote from one build.

Per family, the build that covers most consumers is published; who cannot take it keeps its whole family in
its own URL scope. Work is kept by family, so that a change of one remote costs the families it touches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import attrgetter, itemgetter

import msgspec

from hanse.errors import ResolveError
from hanse.resolve.acceptance import LINES
from hanse.resolve.catalogue import Catalogue, Grouping, make_offer, overgrown, warm_catalogue
from hanse.resolve.decide import (
    Decision,
    Terms,
    decide,
    decide_after,
    refuse_differing_ranges,
    refuse_keepers,
)
from hanse.resolve.families import Family
from hanse.resolve.kinds import Kind
from hanse.resolve.offers import Offer, Part, Shape
from hanse.resolve.policy import Policy
from hanse.resolve.remote import Remote

__all__ = ["Workings", "members_of", "work_out"]

REMOTE_NAME = attrgetter("name")


class Workings(msgspec.Struct, eq=False):
    """All that a later resolution can use again.

    `stakes` maps each remote to its kinds, one for each family it declares anything of. `columns` is the same
    by family, made when it is first asked for (`members_of`). `own` maps each remote to those of its kinds
    that it keeps to itself, in the order of families. `modules` are the rules for what remotes expose.
    """

    policy: Policy
    catalogue: Catalogue
    offers: dict[str, Offer]
    hosts: list[str]
    shapes: Counter[Shape]
    grouping: Grouping
    decisions: dict[Family, Decision]
    stakes: dict[str, tuple[Kind, ...]]
    own: dict[str, tuple[Kind, ...]]
    modules: Part
    nested: tuple[tuple[str, str], ...]
    columns: dict[Family, dict[str, Kind]] | None = None


def work_out(remotes: Sequence[Remote], policy: Policy, previous: Workings | None) -> Workings:
    """Decide every family of a federation.

    Args:
        remotes: The federation; its order does not matter.
        policy: The policy and its options.
        previous: An earlier result: what has not changed since is used again. The result is the same.

    Raises:
        ResolveError: A strict option forbids the outcome.
    """
    live = sum([len(remote.entry.shared or ()) for remote in remotes])
    if previous is not None and (previous.policy != policy or overgrown(previous.catalogue, live)):
        previous = None
    catalogue = warm_catalogue(policy, live) if previous is None else previous.catalogue
    offers, changed = read_remotes(remotes, policy, catalogue, {} if previous is None else previous.offers)
    shapes, grouping = partition(offers, changed, catalogue, previous)
    work = Workings(
        policy=policy,
        catalogue=catalogue,
        offers=offers,
        hosts=[name for name, offer in offers.items() if offer.remote.host],
        shapes=shapes,
        grouping=grouping,
        decisions={},
        stakes={},
        own={},
        modules=gather_modules(offers, changed, previous),
        nested=find_nested(offers, changed, previous),
    )
    if previous is None or grouping is not previous.grouping or work.hosts != previous.hosts:
        decide_all(work)
    else:
        decide_changed(work, previous, changed)
    return work


def read_remotes(
    remotes: Iterable[Remote], policy: Policy, catalogue: Catalogue, known: Mapping[str, Offer]
) -> tuple[dict[str, Offer], set[str]]:
    """Return the offers of all remotes, by name, and the names of those that came, went or changed.

    Raises:
        ResolveError: A strict option forbids a remote.
    """
    offers: dict[str, Offer] = {}
    changed: set[str] = set()
    for remote in sorted(remotes, key=REMOTE_NAME):
        name = remote.name
        offer = known.get(name)
        if offer is None or not (offer.remote is remote or unchanged(offer.remote, remote)):
            offer = read_remote(remote, policy, catalogue)
            changed.add(name)
        offers[name] = offer
    changed.update(known.keys() - offers.keys())
    return offers, changed


def unchanged(old: Remote, new: Remote) -> bool:
    """Tell whether a remote is as before, and its entry the same object."""
    same = old.entry is new.entry and old.url == new.url and old.host == new.host
    return same and old.sizes is new.sizes


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


def gather_modules(offers: Mapping[str, Offer], changed: set[str], previous: Workings | None) -> Part:
    """Return the rules for what remotes expose: a name with `./` in it counts before one without."""
    if previous is not None and all(
        name in offers and name in previous.offers and offers[name].exposes_as(previous.offers[name])
        for name in changed
    ):
        return previous.modules
    urls: dict[str, str] = {}
    integrity: dict[str, str] = {}
    for offer in offers.values():
        urls.update(offer.aliases)
    for offer in offers.values():
        urls.update(offer.exposed.urls)
        integrity.update(offer.exposed.integrity)
    return Part(urls, integrity)


def partition(
    offers: Mapping[str, Offer], changed: set[str], catalogue: Catalogue, previous: Workings | None
) -> tuple[Counter[Shape], Grouping]:
    """Group the packages into families; the earlier grouping stands where no shape came or went."""
    if previous is None:
        shapes = count_shapes(offers.values())
    else:
        before = [previous.offers[name] for name in changed if name in previous.offers]
        after = [offers[name] for name in changed if name in offers]
        changes = count_shapes(after)
        changes.subtract(count_shapes(before))
        shapes = previous.shapes.copy()
        for shape, change in changes.items():
            shapes[shape] += change
            if not shapes[shape]:
                del shapes[shape]
        tagged = any(kind.pool for offer in (*before, *after) for kind in offer.declared)
        # None is new, and none is gone.
        if (
            all(map(previous.shapes.__contains__, changes))
            and len(shapes) == len(previous.shapes)
            and not tagged
        ):
            return shapes, previous.grouping
    tags = []
    if catalogue.tagged:
        tags = [(kind, name) for name, offer in offers.items() for kind in offer.declared if kind.pool]
    return shapes, catalogue.group(shapes, tags)


def count_shapes(offers: Iterable[Offer]) -> Counter[Shape]:
    """Count the shapes of all declarations, by kinds."""
    kinds = Counter(chain.from_iterable([offer.declared for offer in offers]))
    shapes: dict[Shape, int] = {}
    for kind, count in kinds.items():
        shape = kind.shape
        shapes[shape] = shapes.get(shape, 0) + count
    return Counter(shapes)


# --- deciding ---------------------------------------------------------------------------------------


def decide_all(work: Workings) -> None:
    """Decide every family from scratch."""
    stakes, grouping = work.catalogue.stakes, work.grouping
    work.stakes = {name: stakes(grouping, offer) for name, offer in work.offers.items()}
    counts: dict[Family, dict[Kind, int]] = {family: {} for family in grouping.ordered}
    for kind, count in Counter(chain.from_iterable(work.stakes.values())).items():
        counts[grouping.of(kind)][kind] = count
    terms = terms_of(work)
    for family, found in counts.items():
        if found:
            work.decisions[family] = decide(terms, family, found)
    work.own = find_own(work)
    refuse(work, work.decisions)


def decide_changed(work: Workings, previous: Workings, changed: set[str]) -> None:
    """Decide again the families in which a changed remote declares something else than before."""
    steps: dict[Family, dict[Kind, int]] = {}
    work.stakes = previous.stakes.copy()
    for name in sorted(changed):
        before = set(previous.stakes.get(name, ()))
        offer = work.offers.get(name)
        after = () if offer is None else work.catalogue.stakes(work.grouping, offer)
        if offer is not None:
            work.stakes[name] = after
        for kind in before.symmetric_difference(after):
            found = steps.setdefault(work.grouping.of(kind), {})
            found[kind] = found.get(kind, 0) + (-1 if kind in before else 1)
    if work.offers.keys() != previous.offers.keys():
        work.stakes = {name: work.stakes[name] for name in work.offers}
    work.decisions = dict(previous.decisions)
    terms = terms_of(work, still_first(work, previous, changed, steps))
    for family in sorted(steps):
        decision = decide_after(terms, previous.decisions[family], steps[family])
        if decision is not None:
            work.decisions[family] = decision
        else:
            del work.decisions[family]
    work.own = previous.own.copy()
    for name in {*changed, *disturbed(work, previous, steps)}:
        work.own[name] = own_kinds(work, name)
    refuse(work, steps)


def find_own(work: Workings) -> dict[str, tuple[Kind, ...]]:
    """Return, for every remote, the kinds that it keeps to itself, in the order of families."""
    places: dict[Kind, int] = {}
    winners: list[frozenset[str]] = []
    for place, decision in enumerate(work.decisions.values()):
        places.update(dict.fromkeys(decision.kept, place))
        winners.append(decision.winners)
    own: dict[str, tuple[Kind, ...]] = {}
    for name, kinds in work.stakes.items():
        mine = [kind for kind in kinds if kind in places]
        mine.sort(key=places.__getitem__)
        own[name] = tuple([kind for kind in mine if name not in winners[places[kind]]])
    return own


def own_kinds(work: Workings, name: str) -> tuple[Kind, ...]:
    """Return the kinds that one remote keeps to itself, in the order of families; a gone one keeps none."""
    homes = [(work.grouping.of(kind), kind) for kind in work.stakes.get(name, ())]
    homes.sort(key=itemgetter(0))
    decided = [(work.decisions[family], kind) for family, kind in homes]
    return tuple([kind for one, kind in decided if kind in one.kept and name not in one.winners])


def disturbed(work: Workings, previous: Workings, families: Iterable[Family]) -> set[str]:
    """Return the remotes that have not changed, but are served otherwise than before."""
    names: set[str] = set()
    turned: set[Kind] = set()
    for family in families:
        old, new = previous.decisions[family], work.decisions.get(family)
        if new is not None:
            names |= old.winners ^ new.winners
            turned |= (old.kept ^ new.kept) & old.counts.keys() & new.counts.keys()
    if turned:
        names |= {name for name, kinds in work.stakes.items() if not turned.isdisjoint(kinds)}
    return names


def still_first(
    work: Workings, previous: Workings, changed: set[str], families: Iterable[Family]
) -> dict[Kind, str]:
    """Return the first remotes of the kinds that were published before, where those are as they were."""
    first: dict[Kind, str] = {}
    for family in families:
        for one in previous.decisions[family].rounds:
            if one.winner not in changed and one.winner not in work.hosts:
                first[one.kind] = one.winner
    for name in changed:
        for kind in work.stakes.get(name, ()):
            if kind in first and name < first[kind]:
                first[kind] = name
    return first


def terms_of(work: Workings, first: Mapping[Kind, str] | None = None) -> Terms:
    """Gather what is the same for all families; of some kinds the first remotes may be known."""
    hosts: dict[Family, list[tuple[str, Kind]]] = {}
    for name in work.hosts:
        for kind in work.stakes[name]:
            hosts.setdefault(work.grouping.of(kind), []).append((name, kind))
    return Terms(work.policy, LINES, hosts, Firsts(work.stakes, first or {}).of, work.catalogue.elections)


class Firsts:
    """The first remote of each kind; no more remotes are looked at than it takes."""

    def __init__(self, stakes: Mapping[str, tuple[Kind, ...]], known: Mapping[Kind, str]) -> None:
        self.left = iter(stakes.items())
        self.known = dict(known)

    def of(self, kind: Kind) -> str:
        """Return the first remote of a kind that some remote is of."""
        while kind not in self.known:
            name, kinds = next(self.left)
            for one in kinds:
                self.known.setdefault(one, name)
        return self.known[kind]


def refuse(work: Workings, families: Iterable[Family]) -> None:
    """Fail where a strict option forbids what was decided.

    Raises:
        ResolveError: A strict consumer would have to keep its own copy, or ranges differ.
    """
    strict = work.policy.strict
    keepers = strict.strict_external_compatibility or strict.strict_entry_point_coverage
    if not (keepers or strict.strict_external_same_version_compatibility):
        return
    for family in sorted(families):
        decision, members = work.decisions.get(family), members_of(work, family)
        if decision is not None and keepers:
            refuse_keepers(decision, members, work.policy)
        if strict.strict_external_same_version_compatibility:
            refuse_differing_ranges(members)


# --- kinds ------------------------------------------------------------------------------------------


def members_of(work: Workings, family: Family) -> dict[str, Kind]:
    """Return the remotes that declare any of a family, with their kinds, in the order of names."""
    if work.columns is None:
        columns: dict[Family, dict[str, Kind]] = {}
        for name, kinds in work.stakes.items():
            for kind in kinds:
                columns.setdefault(work.grouping.of(kind), {})[name] = kind
        work.columns = columns
    return work.columns.get(family, {})
