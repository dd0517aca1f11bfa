"""Pooling: packages that belong together come to each remote from one build.

Gate 1 islands a remote that rejects any member's shared version; gate 2 finds every other remote a
combination that some build shipped, or an anchor, or islands it too. Runs after the election and only on
pools of which a member was elected again. Source: the native federation orchestrator 4.6.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Literal

import msgspec

from hanse.errors import ResolveError
from hanse.resolve.anchoring import Tolerance, Witnesses, assign_anchors, explain_gap
from hanse.resolve.merge import row_key
from hanse.resolve.policy import Policy
from hanse.resolve.pool_graph import Member, build_pools, may_pool
from hanse.resolve.pool_views import (
    arrival_order,
    basis_of_members,
    consumed_members,
    consumed_specifiers,
    host_remotes,
    live_builds,
    published_tags,
    served_whole,
    serving_builds,
)
from hanse.resolve.record import Action, Copy, External, Log, Record, Row, in_script_order
from hanse.resolve.torn import find_torn

__all__ = ["Island", "pool_all"]

Served = dict[str, dict[str, str]]
"""Remote -> package -> the build that serves it, where that is not the package's own basis."""


class Island(msgspec.Struct, frozen=True):
    """Why a remote serves its whole family itself."""

    kind: Literal["incompatible", "uncovered", "torn"]
    detail: str
    closest: str | None = None

    def warning(self, remote: str, count: int) -> str:
        """Say it in the orchestrator's words."""
        if self.kind == "incompatible":
            return (
                f"'{remote}' is islanded: the resolver scoped its '{self.detail}', so all {count} members "
                "it imports are scoped for it."
            )
        if self.kind == "torn":
            return (
                f"'{remote}' serves its own family: the mapping would have handed it {self.detail}, which "
                f"no build shipped together, so all {count} members it imports are scoped for it."
            )
        closest = (
            f"closest is '{self.closest}'" if self.closest else "no other build in the pool serves any of it"
        )
        return (
            f"'{remote}' serves its own family: no shared build offers every entrypoint it imports at a "
            f"version it accepts — '{self.detail}' is the gap, {closest}. All {count} members it imports "
            "are scoped for it."
        )


class Pool:
    """One pool being decided; projections that no round of the gates can change are made once."""

    def __init__(self, name: str, members: list[Member]) -> None:
        self.name = name
        self.members = members
        self.consumed = consumed_members(members)
        self.hosts = host_remotes(members)
        self.islands: dict[str, Island] = gate_one(members)

    @cached_property
    def specifiers(self) -> dict[str, dict[str, None]]:
        """Remote -> the specifiers it imports."""
        return consumed_specifiers(self.members)

    @cached_property
    def tolerance(self) -> Tolerance:
        """Who accepts which versions."""
        return Tolerance(self.members)

    @cached_property
    def arrival(self) -> dict[str, int]:
        """Remote -> order of appearance."""
        return arrival_order(self.members)

    def assign(self) -> tuple[dict[str, str], dict[str, str], Served]:
        """Run gate 2; return the remotes' builds, the packages' bases, and who is served from elsewhere."""
        serving = assign_builds(self)
        basis = basis_of_members(
            self.members,
            lambda name: name not in self.islands and serving.get(name, name) == name,
        )
        served: Served = {}
        for remote, build in serving.items():
            elsewhere = {p: build for p in self.consumed.get(remote, ()) if basis.get(p) != build}
            if elsewhere:
                served[remote] = elsewhere
        return serving, basis, served


def pool_all(
    record: Record, touched: dict[str, set[str]], policy: Policy, log: Log | None = None
) -> dict[str, dict[str, Island]]:
    """Pool every share scope in which something was elected; return scope -> remote -> island.

    Raises:
        ResolveError: `strict_external_compatibility` and a remote is version-incompatible.
    """
    islands: dict[str, dict[str, Island]] = {}
    for scope in in_script_order(record.shared):
        elected = touched.get(scope)
        if not elected or not may_pool(record, scope, policy):
            continue
        for name, members in build_pools(record.shared[scope], policy, log).items():
            if any(member.name in elected for member in members):
                found = pool_family(record, scope, name, members, policy, log)
                islands.setdefault(scope, {}).update(found)
    return islands


def pool_family(
    record: Record, scope: str, name: str, members: list[Member], policy: Policy, log: Log | None
) -> Mapping[str, Island]:
    """Decide one pool and write its members' rows anew."""
    pool = Pool(name, members)
    if len(pool.consumed) < 2:
        return {}
    serving, basis, served = pool.assign()
    if not pool.islands and not serving and not any_anchor_stored(members):
        return {}
    while torn := find_torn(members, pool.islands, basis, served, pool.hosts):
        for remote, combination in torn.items():
            pool.islands[remote] = Island("torn", combination)
        serving, basis, served = pool.assign()
    refuse_incompatible(pool, scope, policy, log)
    if log is not None:
        for remote, island in pool.islands.items():
            text = island.warning(remote, len(pool.consumed.get(remote, ())))
            log("warn", 3, f"[{scope}][pool:{name}] {text}")
    for member in members:
        rebuilt = rebuild(member, pool.islands, served, basis.get(member.name))
        warn_scoped_only(pool, member, rebuilt, scope, log)
        record.shared[scope][member.name] = rebuilt
        record.changed.add("shared-externals")
    return pool.islands


def gate_one(members: Iterable[Member]) -> dict[str, Island]:
    """Island every remote that has a scoped copy of any member."""
    islands: dict[str, Island] = {}
    for member in members:
        for row in member.external.rows:
            if row.action == "scope":
                for copy in row.copies:
                    islands.setdefault(copy.name, Island("incompatible", f"{member.name}@{row.tag}"))
    return islands


def any_anchor_stored(members: Iterable[Member]) -> bool:
    """Tell whether the record still names an anchor that this election may not have granted."""
    return any(
        copy.served_by is not None
        for member in members
        for row in member.external.rows
        for copy in row.copies
    )


def assign_builds(pool: Pool) -> dict[str, str]:
    """Gate 2: return remote -> the build serving it, for remotes that cannot take what is published.

    Repeats while it islands somebody, since an island serves nobody any more.
    """
    members, islands = pool.members, pool.islands
    while True:
        bases = serving_builds(members, islands)
        sole = set(bases.values())
        if len(sole) == 1 and len(bases) == len(members) and served_whole(members, sole.pop(), islands):
            return {}
        builds = live_builds(members, islands)
        witnesses = Witnesses(published_tags(members, islands), builds.values())
        needs = {
            remote: (packages, pool.specifiers.get(remote, {}))
            for remote, packages in pool.consumed.items()
            if remote not in islands and not witnesses.witnessed(pool.specifiers.get(remote, {}))
        }
        if not needs:
            return {}
        assignment = assign_anchors(
            builds, pool.tolerance, needs=needs, hosts=pool.hosts, arrival=pool.arrival
        )
        anchors = {build for build in assignment.values() if build is not None}
        serving: dict[str, str] = {}
        stranded = False
        for remote, (packages, specifiers) in needs.items():
            build = assignment.get(remote) or (remote if remote in anchors or remote in pool.hosts else None)
            if build is not None:
                serving[remote] = build
                continue
            gap = explain_gap(remote, packages, specifiers, builds, pool.tolerance)
            islands[remote] = Island("uncovered", gap.text, gap.closest)
            stranded = True
        if not stranded:
            return serving


def refuse_incompatible(pool: Pool, scope: str, policy: Policy, log: Log | None) -> None:
    """Fail where a strict policy meets a remote that rejects a version; lacking coverage is no such fault."""
    incompatible = [name for name, island in pool.islands.items() if island.kind == "incompatible"]
    if not incompatible or not policy.strict.strict_external_compatibility:
        return
    text = (
        f"[{scope}][pool:{pool.name}] version-incompatible remotes cannot be pooled: "
        f"{{{', '.join(incompatible)}}}."
    )
    if log is not None:
        log("error", 3, text)
    raise ResolveError(f"Could not pool '{pool.name}' in scope {scope}.", subject=incompatible[0], hint=text)


class Placed(msgspec.Struct):
    """A copy on its way into a rebuilt package."""

    tag: str
    host: bool
    action: Action
    copy: Copy


def rebuild(member: Member, islands: Collection[str], served: Served, basis: str | None) -> External:
    """Write a member's rows anew: islands scoped, the rest as elected, with its anchors."""
    scoped: list[Placed] = []
    clean: list[Placed] = []
    for row in member.external.rows:
        for copy in row.copies:
            island = copy.name in islands or row.action == "scope"
            copy.served_by = None if island else served.get(copy.name, {}).get(member.name)
            (scoped if island else clean).append(Placed(row.tag, row.host, row.action, copy))
    if basis is None:
        # Nothing publishes the member any more: who has no anchor serves itself.
        scoped += [placed for placed in clean if placed.copy.served_by is None]
        clean = [placed for placed in clean if placed.copy.served_by is not None]
        for placed in clean:
            placed.action = "skip"
    shared = [placed for placed in clean if placed.action == "share"]
    shared.sort(key=lambda placed: placed.copy.name != basis)
    rows = group(shared[:1], "share")
    if rows:
        rows[0].copies = [placed.copy for placed in shared]
    rows += group([placed for placed in clean if placed.action == "skip"], "skip")
    rows += group(scoped, "scope")
    rows.sort(key=row_key, reverse=True)
    return External(dirty=False, rows=rows)


def group(placed: Iterable[Placed], action: Action) -> list[Row]:
    """Make one row for each version, in order of appearance."""
    rows: dict[str, Row] = {}
    for one in placed:
        row = rows.setdefault(one.tag, Row(tag=one.tag, action=action, host=one.host, copies=[]))
        row.copies.append(one.copy)
    return list(rows.values())


def warn_scoped_only(pool: Pool, member: Member, rebuilt: External, scope: str, log: Log | None) -> None:
    """Warn where several remotes download their own copy and no island explains it."""
    if log is None or any(row.action == "share" for row in rebuilt.rows):
        return
    consumers = {copy.name for row in rebuilt.rows if row.action == "scope" for copy in row.copies}
    if len(consumers) < 2:
        return
    provider = next((row for row in member.external.rows if row.action == "share"), None)
    if provider is not None and any(copy.name in pool.islands for copy in provider.copies):
        return
    log(
        "warn",
        3,
        f"[{scope}][pool:{pool.name}] '{member.name}' is scoped-only — no coherent shared build provides "
        f"it; {len(consumers)} remotes download their own copy.",
    )
