"""Pooling a remote that joins a loaded page: only its own verdicts may change."""

from __future__ import annotations

from collections.abc import Mapping

from hanse.resolve.anchoring import Tolerance, Witnesses, explain_gap
from hanse.resolve.dynamic import Verdict
from hanse.resolve.merge import Arrival
from hanse.resolve.paths import join
from hanse.resolve.policy import Policy
from hanse.resolve.pool_graph import Member, build_pools, collation_key, has_pool_tag
from hanse.resolve.pool_views import (
    Build,
    basis_of_members,
    consumed_members,
    consumed_specifiers,
    global_claims,
    host_remotes,
    live_builds,
)
from hanse.resolve.record import GLOBAL, STRICT, Copy, Log, Record

__all__ = ["pool_newcomer"]


def pool_newcomer(
    record: Record, arrival: Arrival, verdicts: dict[str, Verdict], policy: Policy, log: Log | None
) -> None:
    """Rewrite the newcomer's verdicts so that each pool comes to it from one build."""
    declared: dict[str, set[str]] = {}
    for item in arrival.entry.shared or ():
        if item.singleton and item.package_name in verdicts and item.share_scope != STRICT:
            scope = GLOBAL if item.share_scope is None else item.share_scope
            declared.setdefault(scope, set()).add(item.package_name)
    for scope, names in declared.items():
        packages = record.shared.get(scope, {})
        if not policy.feature.use_auto_external_pooling and not has_pool_tag(packages):
            continue
        for members in build_pools(packages, policy).values():
            mine = [member.name for member in members if member.name in names]
            if mine:
                Newcomer(record, arrival.name, members, scope, log).settle(mine, verdicts)


class Newcomer:
    """One pool as the joining remote meets it."""

    def __init__(
        self, record: Record, remote: str, members: list[Member], scope: str, log: Log | None
    ) -> None:
        self.record = record
        self.remote = remote
        self.members = members
        self.scope = scope
        self.log = log
        self.builds = live_builds(members, with_scoped=True)
        self.published: dict[str, tuple[str, Copy]] = {}
        for tag, copy in global_claims(members, ()):
            for specifier in copy.entries:
                self.published.setdefault(specifier, (tag, copy))
        self.packages = consumed_members(members).get(remote, [])
        self.specifiers = consumed_specifiers(members).get(remote, {})

    def settle(self, mine: list[str], verdicts: dict[str, Verdict]) -> None:
        """Leave, redirect or scope the newcomer's packages."""
        if any(verdicts[name].action == "scope" for name in mine):
            self.scope_all(mine, verdicts)
            return
        published = {specifier: tag for specifier, (tag, _) in self.published.items()}
        if Witnesses(published, self.builds.values()).witnessed(self.specifiers):
            return
        tolerance = Tolerance(self.members)
        anchor = self.find_anchor(tolerance)
        if anchor is None:
            self.warn(len(mine), tolerance)
            self.scope_all(mine, verdicts)
            return
        self.redirect(anchor, verdicts)

    @staticmethod
    def scope_all(mine: list[str], verdicts: Mapping[str, Verdict]) -> None:
        """Let the newcomer serve the whole pool itself."""
        for name in mine:
            verdicts[name].action = "scope"
            verdicts[name].override = None

    def find_anchor(self, tolerance: Tolerance) -> str | None:
        """Return the first build that runs its own family, covers the newcomer and suits its ranges."""
        basis = basis_of_members(self.members, lambda _: True)
        serving = {copy.name for _, copy in self.published.values()}
        hosts = host_remotes(self.members)

        def rank(name: str) -> tuple[int, object]:
            return (0 if name in serving else 1 if name in hosts else 2), collation_key(name)

        for name in sorted(self.builds, key=rank):
            build = self.builds[name]
            if (
                name != self.remote
                and self.runs_own_family(name, basis)
                and self.specifiers.keys() <= build.files.keys()
                and tolerance.accepts_all(self.remote, self.packages, build)
            ):
                return name
        return None

    def runs_own_family(self, name: str, basis: Mapping[str, str]) -> bool:
        """Tell whether a build wins every member it ships, or keeps every one to itself."""
        ships = 0
        wins = scoped = True
        for member in self.members:
            for row in member.external.rows:
                copy = next((copy for copy in row.copies if copy.name == name), None)
                if copy is None:
                    continue
                if copy.served_by is not None:
                    return False
                ships += 1
                scoped = scoped and row.action == "scope"
                wins = wins and basis.get(member.name) == name
        return ships > 0 and (wins or scoped)

    def warn(self, count: int, tolerance: Tolerance) -> None:
        """Say why the newcomer serves its own family."""
        if self.log is None:
            return
        gap = explain_gap(self.remote, self.packages, self.specifiers, self.builds, tolerance)
        closest = f"closest is '{gap.closest}'" if gap.closest else "no committed build serves any of it"
        self.log(
            "warn",
            8,
            f"[{self.scope}] '{self.remote}' serves its own family: no committed build offers every "
            f"entrypoint it imports at a version it accepts — '{gap.text}' is the gap, {closest}. All "
            f"{count} members it imports are scoped for it.",
        )

    def redirect(self, anchor: str, verdicts: Mapping[str, Verdict]) -> None:
        """Point the newcomer at the anchor's files wherever the map does not do so already."""
        info = self.record.remotes.get(anchor)
        if info is None or not info.scope_url:
            if self.log is not None:
                self.log(
                    "warn",
                    8,
                    f"[{self.scope}][{self.remote}] '{anchor}' is not in the cache, so its files cannot be "
                    "mapped.",
                )
            return
        for member in self.members:
            verdict = verdicts.get(member.name)
            if verdict is not None and verdict.action == "skip":
                self.redirect_member(member, verdict, self.builds[anchor], anchor, info.scope_url)

    def redirect_member(
        self, member: Member, verdict: Verdict, build: Build, anchor: str, scope_url: str
    ) -> None:
        """Point one package of the newcomer at the anchor."""
        own = next(
            (copy for row in member.external.rows for copy in row.copies if copy.name == self.remote), None
        )
        if own is None or not own.entries:
            return
        override = {
            specifier: join(scope_url, build.files[specifier])
            for specifier in own.entries
            if specifier in build.files
            and (specifier not in self.published or self.published[specifier][1].name != anchor)
        }
        verdict.covered = list(own.entries)
        if override:
            verdict.override = override
