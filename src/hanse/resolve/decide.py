"""Deciding one family: whose build is published, whom it serves, and who keeps their own.

In the strict share scope every version is published to those that declare it; elsewhere there is one build.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial
from operator import attrgetter

import msgspec

from hanse.errors import ResolveError
from hanse.resolve.acceptance import Lines
from hanse.resolve.ballot import Ballot, Elections, Outcome
from hanse.resolve.families import Family
from hanse.resolve.kinds import Kind, prefer
from hanse.resolve.policy import Policy
from hanse.resolve.pool_graph import Union
from hanse.resolve.record import STRICT
from hanse.resolve.tally import elect_after, elect_on_line
from hanse.semver import satisfies

__all__ = [
    "Decision",
    "Round",
    "Terms",
    "decide",
    "decide_after",
    "refuse_differing_ranges",
    "refuse_keepers",
]

SIMPLE = attrgetter("simple")


class Terms(msgspec.Struct, frozen=True, eq=False):
    """What is the same for all families.

    `hosts` maps a family to the hosts in it, each with its kind; `first` returns the first remote, by name,
    that is of a kind. `elections` are earlier ones under the same policy.
    """

    policy: Policy
    lines: Lines
    hosts: Mapping[Family, Sequence[tuple[str, Kind]]]
    first: Callable[[Kind], str]
    elections: Elections


class Round(msgspec.Struct, frozen=True, eq=False):
    """One published build: the remote it comes from, and its kind."""

    winner: str
    kind: Kind


class Decision(msgspec.Struct, frozen=True, eq=False):
    """How one family was decided, by kinds of remotes.

    `counts` are the numbers of remotes by kind. There is one round, except in the strict share scope, where
    every version that is declared is published to those that declare it. `kept` are the kinds that no round
    serves: their remotes keep their own family, but for `winners`, the remotes of the rounds. `serving` finds
    the round of a kind where there are several. `outcome` is the election behind a single round.
    """

    family: Family
    counts: dict[Kind, int]
    rounds: tuple[Round, ...]
    kept: frozenset[Kind]
    winners: frozenset[str]
    serving: dict[Kind, Round]
    outcome: Outcome | None = None

    def provider(self, name: str, kind: Kind) -> str:
        """Return the remote that serves this one of a kind, itself where it keeps its own."""
        if name in self.winners or kind in self.kept:
            return name
        return (self.serving[kind] if self.serving else self.rounds[0]).winner

    def reach(self, one: Round) -> int:
        """Return how many remotes a round's build serves."""
        if self.serving:
            return sum([self.counts[kind] for kind, served_by in self.serving.items() if served_by is one])
        return sum([count for kind, count in self.counts.items() if kind not in self.kept])

    def published(self, name: str) -> bool:
        """Tell whether the remote's build is one that is published."""
        return name in self.winners

    def keepers(self, members: Mapping[str, Kind]) -> list[str]:
        """Return those of the family's members that keep their own, in order."""
        return [name for name, kind in members.items() if kind in self.kept and name not in self.winners]


def decide(terms: Terms, family: Family, counts: dict[Kind, int]) -> Decision:
    """Elect the build or builds of one family.

    Args:
        terms: What is the same for all families.
        family: Its share scope and packages.
        counts: The numbers of remotes by kind.
    """
    if family[0] == STRICT:
        return decide_strictly(terms, family, counts)
    hosts = hosts_of(terms, family)
    outcome = terms.elections.hold(counts, hosts, partial(elect, terms, family, counts))
    return publish_outcome(terms, family, counts, outcome)


def decide_after(terms: Terms, before: Decision, changes: Mapping[Kind, int]) -> Decision | None:
    """Decide a family again after some numbers have changed; None where nobody is left in it.

    Args:
        terms: What is the same for all families.
        before: How it was decided.
        changes: By how much the numbers of remotes have changed since, by kind.
    """
    family, counts = before.family, recount(before.counts, changes)
    if not counts:
        return None
    outcome = None
    if before.outcome is not None:
        latest = terms.policy.profile.latest_shared_external
        hosts = hosts_of(terms, family)
        outcome = elect_after(before.outcome, changes, counts, packages=family[1], hosts=hosts, latest=latest)
    if outcome is None:
        return decide(terms, family, counts)
    return publish_outcome(terms, family, counts, outcome)


def recount(counts: Mapping[Kind, int], changes: Mapping[Kind, int]) -> dict[Kind, int]:
    """Return the numbers of remotes by kind after some have changed."""
    changed = dict(counts)
    for kind, change in changes.items():
        count = changed.get(kind, 0) + change
        if count:
            changed[kind] = count
        else:
            changed.pop(kind, None)
    return changed


def hosts_of(terms: Terms, family: Family) -> list[Kind]:
    """Return the kinds of the hosts in a family."""
    return [kind for _, kind in terms.hosts.get(family, ())]


def publish_outcome(terms: Terms, family: Family, counts: dict[Kind, int], outcome: Outcome) -> Decision:
    """Return the decision that one election leads to."""
    winner = winning_remote(terms, family, outcome.best)
    return Decision(
        family=family,
        counts=counts,
        rounds=(Round(winner, outcome.best),),
        kept=outcome.kept,
        winners=frozenset((winner,)),
        serving={},
        outcome=outcome,
    )


def decide_strictly(terms: Terms, family: Family, counts: dict[Kind, int]) -> Decision:
    """Decide a family of the strict share scope: every version is published to those that declare it."""
    rounds = decide_exactly(terms, family, counts)
    return Decision(
        family=family,
        counts=counts,
        rounds=tuple(rounds),
        kept=frozenset(counts).difference(*rounds.values()),
        winners=frozenset([one.winner for one in rounds]),
        serving={kind: one for one, served in rounds.items() for kind in served} if len(rounds) > 1 else {},
    )


def decide_exactly(terms: Terms, family: Family, counts: Mapping[Kind, int]) -> dict[Round, frozenset[Kind]]:
    """Elect builds until every version of a family of the strict scope has one; the most used comes first.

    Returned are the rounds, each with the kinds of remotes it serves. A build that cannot even serve its own
    kind, for a private part of its family, is nobody's but its own.
    """
    rounds: list[tuple[Round, frozenset[Kind]]] = []
    for group in version_groups(prefer(counts, family[1], ())):
        pending = group
        while pending:
            outcome = elect(terms, family, {kind: counts[kind] for kind in pending})
            winner = winning_remote(terms, family, outcome.best)
            rounds.append((Round(winner, outcome.best), frozenset(pending) - outcome.kept))
            pending = [kind for kind in pending if kind in outcome.kept and kind is not outcome.best]
    rounds.sort(key=lambda pair: sum([counts[kind] for kind in pair[1]]), reverse=True)
    return dict([(one, served) for one, served in rounds if served] or rounds)


def version_groups(kinds: Iterable[Kind]) -> list[list[Kind]]:
    """Group kinds that have a version of an entrypoint in common: no other can serve an exact consumer."""
    sets = Union()
    groups: dict[Hashable, list[Kind]] = {}
    listed = list(kinds)
    for kind in listed:
        for declaration in kind.declarations:
            for specifier in declaration.specifiers:
                sets.join(kind, (specifier, declaration.rank))
    for kind in listed:
        groups.setdefault(sets.find(kind), []).append(kind)
    return list(groups.values())


def elect(terms: Terms, family: Family, counts: Mapping[Kind, int]) -> Outcome:
    """Elect one build; a family of one package has a quicker way to the same answer."""
    hosts = hosts_of(terms, family)
    latest = terms.policy.profile.latest_shared_external
    if len(family[1]) == 1 and all(map(SIMPLE, counts)):
        return elect_on_line(counts, terms.lines, packages=family[1], hosts=hosts, latest=latest)
    ordered = prefer(counts, family[1], hosts)
    ballot = Ballot(ordered, terms.lines)
    candidates = ballot.everybody
    present = [kind for kind in ordered if kind in hosts]
    if present:
        candidates = ballot.equals(present[0])
    elif latest:
        line, below = ballot.offering(lead_specifier(ordered, family))
        candidates = below[line.length] & ~below[line.length - 1]
    free = ballot.free()
    candidates = candidates & free or free or candidates
    return ballot.elect([(kind, counts[kind]) for kind in ordered], candidates)


def lead_specifier(kinds: Iterable[Kind], family: Family) -> str:
    """Return the specifier that most kinds have: its versions are the family's."""
    counts = Counter(specifier for kind in kinds for specifier in kind.tags) or {"": 0}
    return min(counts, key=lambda specifier: (-counts[specifier], specifier not in family[1], specifier))


def winning_remote(terms: Terms, family: Family, best: Kind) -> str:
    """Return the remote whose build is published: a host's before others, then by name."""
    for name, kind in terms.hosts.get(family, ()):
        if kind is best:
            return name
    return terms.first(best)


def refuse_keepers(decision: Decision, members: Mapping[str, Kind], policy: Policy) -> None:
    """Fail where a strict option forbids that a remote keeps its own family.

    Args:
        decision: How the family was decided.
        members: The remotes of the family with their kinds, in the order of names.
        policy: The policy with its options.

    Raises:
        ResolveError: `strict_external_compatibility` or `strict_entry_point_coverage` is set.
    """
    strict = policy.strict
    if not (strict.strict_external_compatibility or strict.strict_entry_point_coverage):
        return
    scope, packages = decision.family
    if scope == STRICT:
        return
    winner, build = decision.rounds[0].winner, decision.rounds[0].kind.tags
    for name in decision.keepers(members):
        kind = members[name]
        missing = [specifier for specifier in kind.tags if specifier not in build]
        if missing and strict.strict_entry_point_coverage:
            why = f"it needs {', '.join(missing)}, which the published build lacks"
        elif strict.strict_external_compatibility and (rejects(kind, build) or not missing):
            why = "its ranges reject the published versions"
        else:
            continue
        raise ResolveError(
            f"{', '.join(packages)} cannot be shared: {why}",
            subject=name,
            hint=f"the published build is '{winner}'s; relax the range or the option",
        )


def rejects(kind: Kind, build: Mapping[str, str]) -> bool:
    """Tell whether a strict range of the kind rejects a version of the build."""
    return any(
        declaration.strict and specifier in build and not satisfies(build[specifier], declaration.required)
        for declaration in kind.declarations
        for specifier in declaration.specifiers
    )


def refuse_differing_ranges(members: Mapping[str, Kind]) -> None:
    """Fail where remotes bring one version of a package and a strict one of them has another range.

    The first remote by name sets the range, whoever comes first in the manifest.

    Raises:
        ResolveError: It names the remote whose range differs.
    """
    first: dict[tuple[str, str], tuple[str, str]] = {}
    for name, kind in members.items():
        for declaration in kind.declarations:
            version, required = declaration.version, declaration.required
            other, wanted = first.setdefault((declaration.package, version), (name, required))
            if required != wanted and declaration.strict:
                raise ResolveError(
                    f"its range {required} for {declaration.package}@{version} is not the range {wanted} "
                    f"of '{other}'",
                    subject=name,
                    hint="strict_external_same_version_compatibility is set; agree on one range",
                )
