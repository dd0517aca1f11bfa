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
from hanse.resolve.ballot import Ballot, Kind, Outcome, prefer
from hanse.resolve.families import Family, group_families
from hanse.resolve.offers import Catalogue, Declaration, Offer, Shape, make_offer
from hanse.resolve.policy import Policy
from hanse.resolve.record import STRICT
from hanse.resolve.remote import Remote
from hanse.resolve.tally import elect_on_line

__all__ = ["Decision", "Round", "Workings", "work_out"]


class Round(msgspec.Struct, frozen=True, eq=False):
    """One published build: the remote it comes from, and the kinds of remotes it serves."""

    winner: str
    kind: Kind
    served: frozenset[Kind]


class Decision(msgspec.Struct, frozen=True, eq=False):
    """How one family was decided.

    `members` maps each remote that declares any of it to its kind, in the order of names. There is one
    round, except in the strict share scope, where every version that is declared is published to those
    that declare it. `keepers` are the remotes that keep their own family, `counts` the numbers of remotes
    by kind.
    """

    family: Family
    members: dict[str, Kind]
    counts: Counter[Kind]
    rounds: tuple[Round, ...]
    keepers: tuple[str, ...]

    def provider(self, name: str) -> str | None:
        """Return the remote that serves this one, itself where it keeps its own."""
        kind = self.members.get(name)
        if kind is None:
            return None
        for one in self.rounds:
            if one.winner == name:
                return name
        return next((one.winner for one in self.rounds if kind in one.served), name)

    def published(self, name: str) -> bool:
        """Tell whether the remote's build is one that is published."""
        return any(one.winner == name for one in self.rounds)


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
    catalogue = Catalogue() if previous is None else previous.catalogue
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
    work.decisions = {
        family: decide(work, family, members, Counter(members.values()))
        for family, members in columns.items()
        if members
    }


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
    for family, stakes in touched.items():
        old = previous.decisions[family]
        members = replace_members(old.members, stakes)
        if members:
            work.decisions[family] = decide(work, family, members, recount(old, stakes))
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
    """Return the one kind that makes these declarations; of a package that comes twice the later counts."""
    by_package = {declaration.package: declaration for declaration in declared}
    key = tuple([by_package[package] for package in sorted(by_package)])
    kind = work.kinds.get(key)
    if kind is None:
        tags = {specifier: d.version for d in key for specifier in d.specifiers}
        kind = Kind(key, tags, len(key), "\n\n".join([d.content for d in key]))
        work.kinds[key] = kind
    return kind


def solo_kind(work: Workings, declaration: Declaration) -> Kind:
    """Return the kind that makes this one declaration."""
    key = (declaration,)
    kind = work.kinds.get(key)
    if kind is None:
        tags = dict.fromkeys(declaration.specifiers, declaration.version)
        kind = work.kinds[key] = Kind(key, tags, 1, declaration.content)
    return kind


def decide(work: Workings, family: Family, members: dict[str, Kind], counts: Counter[Kind]) -> Decision:
    """Elect the build or builds of one family.

    Raises:
        ResolveError: A strict consumer would have to keep its own copy and that is forbidden.
    """
    hosts = [members[name] for name in work.hosts if name in members]
    pending = list(counts)
    rounds: list[Round] = []
    while pending:
        outcome = elect(work, family, [(kind, counts[kind]) for kind in pending], hosts)
        served = frozenset([kind for kind in pending if kind not in outcome.kept])
        winner = winning_remote(members, outcome.best, work.hosts)
        rounds.append(Round(winner, outcome.best, served))
        if family[0] != STRICT:
            break
        pending = [kind for kind in pending if kind in outcome.kept and kind is not outcome.best]
    keepers = find_keepers(members, counts, rounds)
    decision = Decision(family, members, counts, tuple(rounds), keepers)
    refuse_keepers(decision, work.policy)
    return decision


def elect(
    work: Workings, family: Family, consumers: list[tuple[Kind, int]], hosts: Sequence[Kind]
) -> Outcome:
    """Elect one build; a family of one package has a quicker way to the same answer."""
    latest = work.policy.profile.latest_shared_external
    if len(family[1]) == 1:
        return elect_on_line(consumers, work.lines, packages=family[1], hosts=hosts, latest=latest)
    ordered = prefer([kind for kind, _ in consumers], family[1], hosts)
    ballot = Ballot(ordered, work.lines)
    counts = dict(consumers)
    candidates = ballot.everybody
    present = [kind for kind in ordered if kind in hosts]
    if present:
        candidates = ballot.equals(present[0])
    elif latest:
        line, below = ballot.offering(lead_specifier(ordered, family))
        candidates = below[line.length] & ~below[line.length - 1]
    return ballot.elect([(kind, counts[kind]) for kind in ordered], candidates)


def lead_specifier(kinds: Iterable[Kind], family: Family) -> str:
    """Return the specifier that most kinds have: its versions are the family's."""
    counts = Counter(specifier for kind in kinds for specifier in kind.tags)
    return min(counts, key=lambda specifier: (-counts[specifier], specifier not in family[1], specifier))


def winning_remote(members: Mapping[str, Kind], best: Kind, hosts: Iterable[str]) -> str:
    """Return the remote whose build is published: a host's before others, then by name."""
    for name in hosts:
        if members.get(name) is best:
            return name
    return next(name for name, kind in members.items() if kind is best)


def find_keepers(
    members: Mapping[str, Kind], kinds: Iterable[Kind], rounds: Sequence[Round]
) -> tuple[str, ...]:
    """Return the remotes that no round serves, in order."""
    served = frozenset[Kind]().union(*(one.served for one in rounds))
    kept = {kind for kind in kinds if kind not in served}
    if not kept:
        return ()
    winners = {one.winner for one in rounds}
    return tuple([name for name, kind in members.items() if kind in kept and name not in winners])


def refuse_keepers(decision: Decision, policy: Policy) -> None:
    """Fail where a strict option forbids that a remote keeps its own family.

    Raises:
        ResolveError: `strict_external_compatibility` or `strict_entry_point_coverage` is set.
    """
    strict = policy.strict
    if not (strict.strict_external_compatibility or strict.strict_entry_point_coverage):
        return
    scope, packages = decision.family
    if scope == STRICT:
        return
    published = decision.rounds[0].kind.tags
    for name in decision.keepers:
        tags = decision.members[name].tags
        missing = [specifier for specifier in tags if specifier not in published]
        forbidden = strict.strict_entry_point_coverage if missing else strict.strict_external_compatibility
        if forbidden:
            lacks = f"it needs {', '.join(missing)}, which the published build lacks"
            why = lacks if missing else "its ranges reject the published versions"
            raise ResolveError(
                f"{', '.join(packages)} cannot be shared: {why}",
                subject=name,
                hint=f"the published build is '{decision.rounds[0].winner}'s; relax the range or the option",
            )
