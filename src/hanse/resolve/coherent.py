"""The `coherent` policy: every family of packages comes to a remote from one build.

Per family, the build that covers most consumers is published; who cannot take it keeps its whole family in
its own URL scope. Work is kept by family, so that a change of one remote costs the families it touches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from hanse.errors import ResolveError
from hanse.resolve.ballot import Ballot, Kind, Outcome
from hanse.resolve.families import Family, group_families
from hanse.resolve.offers import Catalogue, Declaration, Offer, make_offer
from hanse.resolve.policy import Policy
from hanse.resolve.record import STRICT
from hanse.resolve.remote import Remote
from hanse.semver import parse

__all__ = ["Decision", "Round", "Workings", "work_out"]


class Round(msgspec.Struct, frozen=True, eq=False):
    """One published build: the remote it comes from, and whom it serves."""

    winner: str
    outcome: Outcome


class Decision(msgspec.Struct, frozen=True, eq=False):
    """How one family was decided.

    `members` maps each remote that declares any of it to its kind. There is one round, except in the
    strict share scope, where every version that is declared is published to those that declare it.
    """

    family: Family
    members: dict[str, Kind]
    rounds: tuple[Round, ...]

    def provider(self, name: str) -> str | None:
        """Return the remote that serves this one, itself where it keeps its own."""
        kind = self.members.get(name)
        for one in self.rounds:
            if one.winner == name:
                return name
            if kind in one.outcome.served:
                return one.winner
        return None if kind is None else name

    def published(self, name: str) -> bool:
        """Tell whether the remote's build is one that is published."""
        return any(one.winner == name for one in self.rounds)

    def keepers(self) -> list[str]:
        """Return the remotes that keep their own family, in order."""
        winners = {one.winner for one in self.rounds}
        served = {kind for one in self.rounds for kind in one.outcome.served}
        return [name for name, kind in self.members.items() if kind not in served and name not in winners]


class Workings(msgspec.Struct, eq=False):
    """All that a later resolution can use again."""

    policy: Policy
    catalogue: Catalogue
    offers: dict[str, Offer]
    shapes: Counter[tuple[str, str, tuple[str, ...]]]
    families: dict[tuple[str, str], Family]
    decisions: dict[Family, Decision]
    kinds: dict[tuple[Declaration, ...], Kind]


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
        remote.name: reuse_offer(known.get(remote.name), remote) or report_remote(remote, policy, catalogue)
        for remote in sorted(remotes, key=remote_name)
    }
    changed = {name for name in offers.keys() | known.keys() if offers.get(name) is not known.get(name)}
    shapes, families = partition(offers, changed, policy, previous)
    work = Workings(
        policy=policy,
        catalogue=catalogue,
        offers=offers,
        shapes=shapes,
        families=families,
        decisions={},
        kinds={} if previous is None else previous.kinds,
    )
    if previous is None or families != previous.families:
        decide_all(work)
    else:
        decide_changed(work, previous, changed)
    return work


def remote_name(remote: Remote) -> str:
    """Return the name remotes are ordered by."""
    return remote.name


def overgrown(work: Workings) -> bool:
    """Tell whether the interned kinds have outgrown what is in use, after many redeploys."""
    live = sum(len(offer.shared) for offer in work.offers.values())
    return len(work.catalogue.declarations) + len(work.kinds) > 4 * live + 10_000


def reuse_offer(known: Offer | None, remote: Remote) -> Offer | None:
    """Return the earlier offer where the remote is the same, and its entry the same object."""
    if known is None:
        return None
    old = known.remote
    same = old.entry is remote.entry and old.url == remote.url and old.host == remote.host
    return known if same and old.sizes is remote.sizes else None


def report_remote(remote: Remote, policy: Policy, catalogue: Catalogue) -> Offer:
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
        raise ResolveError(
            error.message, subject=remote.name, hint="strict_external_version is set"
        ) from error


def partition(
    offers: Mapping[str, Offer], changed: set[str], policy: Policy, previous: Workings | None
) -> tuple[Counter[tuple[str, str, tuple[str, ...]]], dict[tuple[str, str], Family]]:
    """Group the packages into families; the earlier grouping stands where no shape came or went."""
    if previous is None:
        shapes: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
        for offer in offers.values():
            shapes.update(offer_shapes(offer))
    else:
        shapes = previous.shapes.copy()
        for name in changed:
            if name in previous.offers:
                shapes.subtract(offer_shapes(previous.offers[name]))
            if name in offers:
                shapes.update(offer_shapes(offers[name]))
        shapes = Counter({shape: count for shape, count in shapes.items() if count > 0})
        tagged = any(
            declaration.pool
            for name in changed
            for source in (offers, previous.offers)
            if name in source
            for declaration, _, _ in source[name].shared.values()
        )
        if shapes.keys() == previous.shapes.keys() and not tagged:
            return shapes, previous.families
    declarations = {
        (scope, package, specifiers): Declaration(scope, package, "", "", False, specifiers)
        for scope, package, specifiers in sorted(shapes)
    }
    tags = [
        (declaration, name)
        for name, offer in offers.items()
        for declaration, _, _ in offer.shared.values()
        if declaration.pool
    ]
    return shapes, group_families(declarations.values(), tags, policy)


def offer_shapes(offer: Offer) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return what of an offer decides the families: packages and their specifiers."""
    return [(d.scope, d.package, d.specifiers) for d, _, _ in offer.shared.values()]


# --- deciding ---------------------------------------------------------------------------------------


def decide_all(work: Workings) -> None:
    """Decide every family from scratch."""
    stakes: dict[Family, dict[str, list[Declaration]]] = {}
    families = work.families
    for name, offer in work.offers.items():
        for key, (declaration, _, _) in offer.shared.items():
            stakes.setdefault(families[key], {}).setdefault(name, []).append(declaration)
    for family in sorted(stakes):
        members = {name: kind_of(work, declared) for name, declared in stakes[family].items()}
        work.decisions[family] = decide(work, family, members)


def decide_changed(work: Workings, previous: Workings, changed: set[str]) -> None:
    """Decide again the families in which a changed remote declares something else than before."""
    touched: dict[Family, dict[str, Kind | None]] = {}
    for name in changed:
        before = stakes_of(previous, name)
        after = stakes_of(work, name)
        hosts = (
            name in previous.offers
            and name in work.offers
            and (previous.offers[name].remote.host != work.offers[name].remote.host)
        )
        for family in before.keys() | after.keys():
            if before.get(family) is not after.get(family) or hosts:
                touched.setdefault(family, {})[name] = after.get(family)
    work.decisions = dict(previous.decisions)
    for family, stakes in touched.items():
        old = previous.decisions.get(family)
        merged: dict[str, Kind | None] = {**(old.members if old is not None else {}), **stakes}
        members = {name: kind for name in sorted(merged) if (kind := merged[name]) is not None}
        if members:
            work.decisions[family] = decide(work, family, members)
        else:
            work.decisions.pop(family, None)
    if any(family not in previous.decisions for family in work.decisions):
        work.decisions = {family: work.decisions[family] for family in sorted(work.decisions)}


def stakes_of(work: Workings, name: str) -> dict[Family, Kind]:
    """Return family -> the remote's kind in it."""
    offer = work.offers.get(name)
    if offer is None:
        return {}
    declared: dict[Family, list[Declaration]] = {}
    for key, (declaration, _, _) in offer.shared.items():
        declared.setdefault(work.families[key], []).append(declaration)
    return {family: kind_of(work, declarations) for family, declarations in declared.items()}


def kind_of(work: Workings, declared: list[Declaration]) -> Kind:
    """Return the one kind that makes these declarations."""
    if len(declared) > 1:
        declared.sort(key=declaration_key)
    key = tuple(declared)
    kind = work.kinds.get(key)
    if kind is None:
        tags = {specifier: d.version for d in declared for specifier in d.specifiers}
        kind = work.kinds[key] = Kind(key, tags, len(declared))
    return kind


def declaration_key(declaration: Declaration) -> str:
    """Return the text declarations of one remote are ordered by; a remote declares a package once."""
    return declaration.package


def decide(work: Workings, family: Family, members: dict[str, Kind]) -> Decision:
    """Elect the build or builds of one family.

    Raises:
        ResolveError: A strict consumer would have to keep its own copy and that is forbidden.
    """
    hosts = [kind for name, kind in members.items() if work.offers[name].remote.host]
    counts = Counter(members.values())
    kinds = sorted(counts, key=lambda kind: preference(kind, family, hosts))
    rounds: list[Round] = []
    pending = kinds
    while pending:
        ballot = Ballot(pending)
        consumers = [(kind, counts[kind]) for kind in pending]
        outcome = ballot.elect(consumers, candidates(ballot, family, hosts, work.policy))
        winner = winning_remote(members, outcome.best[0], work.offers)
        rounds.append(Round(winner, outcome))
        if family[0] != STRICT:
            break
        done = outcome.served | {outcome.best[0]}
        pending = [kind for kind in pending if kind not in done]
    decision = Decision(family, members, tuple(rounds))
    refuse_keepers(decision, work.policy)
    return decision


def preference(kind: Kind, family: Family, hosts: Sequence[Kind]) -> tuple[object, ...]:
    """Return the key by which equally good builds are ordered: the host's, the latest, the fullest.

    The end of the key is the kind's whole content, so that the order of remotes never matters.
    """
    versions = []
    for package in family[1]:
        tag = next((d.version for d in kind.declarations if d.package == package), None)
        version = None if tag is None else parse(tag)
        versions.append(() if version is None else version.key)
    content = tuple((d.package, d.version, d.required, d.strict, d.specifiers) for d in kind.declarations)
    return (kind not in hosts, [Descending(key) for key in versions], -len(kind.tags), content)


class Descending:
    """Turns the order of a key around."""

    __slots__ = ("key",)

    def __init__(self, key: tuple[object, ...]) -> None:
        self.key = key

    def __lt__(self, other: Descending) -> bool:
        return other.key < self.key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Descending) and self.key == other.key

    __hash__ = None  # type: ignore[assignment]


def candidates(ballot: Ballot, family: Family, hosts: Sequence[Kind], policy: Policy) -> int:
    """Return the builds that may win: those with the host's versions, or the latest, else all."""
    present = [kind for kind in ballot.kinds if kind in hosts]
    if present:
        return ballot.equals(present[0])
    if not policy.profile.latest_shared_external:
        return ballot.everybody
    lead = lead_specifier(ballot.kinds, family)
    line, below = ballot.offering(lead)
    return below[line.length] & ~below[line.length - 1]


def lead_specifier(kinds: Iterable[Kind], family: Family) -> str:
    """Return the specifier that most kinds have: its versions are the family's."""
    counts = Counter(specifier for kind in kinds for specifier in kind.tags)
    return min(counts, key=lambda specifier: (-counts[specifier], specifier not in family[1], specifier))


def winning_remote(members: Mapping[str, Kind], best: Kind, offers: Mapping[str, Offer]) -> str:
    """Return the remote whose build is published: a host's before others, then by name."""
    names = [name for name, kind in members.items() if kind is best]
    return next((name for name in names if offers[name].remote.host), names[0])


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
    published = decision.members[decision.rounds[0].winner].tags
    for name in decision.keepers():
        tags = decision.members[name].tags
        missing = [specifier for specifier in tags if specifier not in published]
        forbidden = strict.strict_entry_point_coverage if missing else strict.strict_external_compatibility
        if forbidden:
            why = (
                f"it needs {', '.join(missing)}, which the published build lacks"
                if missing
                else "its ranges reject the published versions"
            )
            raise ResolveError(
                f"{', '.join(packages)} cannot be shared: {why}",
                subject=name,
                hint=f"the published build is '{decision.rounds[0].winner}'s; relax the range or the strict option",
            )
