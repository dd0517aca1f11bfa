"""What the orchestrator's steps decided, in words: reasons and costs of a record, when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hanse.resolve.acceptance import Acceptance
from hanse.resolve.describe import bytes_of, copy_notices
from hanse.resolve.notices import entry_notices, folder_notices
from hanse.resolve.paths import scope_url
from hanse.resolve.plan import CopyPlan, Described, Notice, PackagePlan, Reason
from hanse.resolve.policy import Policy
from hanse.resolve.pool import Island
from hanse.resolve.record import GLOBAL, STRICT, Copy, External, Record, Row, union
from hanse.resolve.remote import Remote
from hanse.semver import satisfies

__all__ = ["describe_record"]


def describe_record(
    record: Record,
    remotes: Sequence[Remote],
    policy: Policy,
    islands: Mapping[str, Mapping[str, Island]],
) -> Described:
    """Describe a record that the orchestrator's steps have decided."""
    by_name = {remote.entry.name: remote for remote in remotes} | {r.name: r for r in remotes}
    packages: dict[tuple[str, str], PackagePlan] = {}
    for scope in sorted(record.shared):
        for package in sorted(record.shared[scope]):
            external = record.shared[scope][package]
            packages[scope, package] = describe_external(
                scope, package, external, policy, islands.get(scope, {}), by_name
            )
    notices = [notice for plan in packages.values() for notice in copy_notices(plan)]
    names = [(remote.name if remote.host else remote.entry.name, remote) for remote in remotes]
    notices += folder_notices((name, scope_url(remote.entry.url or remote.url)) for name, remote in names)
    for name, remote in names:
        if name != remote.name:
            text = f"its remote entry is called '{name}', which counts"
            notices.append(Notice("foreign-name", remote.name, "", text))
        notices += entry_notices(name, remote.entry, policy)
    return packages, tuple(notices)


def describe_external(
    scope: str,
    package: str,
    external: External,
    policy: Policy,
    islands: Mapping[str, Island],
    by_name: Mapping[str, Remote],
) -> PackagePlan:
    """Describe one package of a record."""
    shared = next((row for row in external.rows if row.action == "share"), None)
    copies: list[CopyPlan] = []
    filled: set[str] = set()
    for row in external.rows:
        # Outside the strict scope one row is shared; there, each row serves its own copies.
        serving = row if row.action == "share" else shared
        provided = {} if serving is None else union(serving)
        for copy in row.copies:
            missing = [] if row.action != "skip" or copy.served_by else [*copy.entries.keys() - provided]
            provider = provider_of(copy, row, serving)
            reason = copy_reason(copy, row, serving, external, policy, islands)
            if scope == STRICT and row.action == "share":
                reason = Reason("strict-scope", "every version of the strict scope is published")
            loaded = loaded_files(copy, row, shared, missing=[s for s in missing if s not in filled])
            if scope == GLOBAL:
                filled.update(missing)
            copies.append(
                CopyPlan(
                    remote=copy.name,
                    version=row.tag,
                    required=copy.required,
                    strict=bool(copy.strict),
                    action=row.action if row.action != "share" or provider == copy.name else "skip",
                    served_by=provider,
                    specifiers=tuple(copy.entries),
                    reason=reason,
                    downloads=len(loaded),
                    bytes=bytes_of(by_name[copy.name], loaded) if loaded else 0,
                )
            )
    return PackagePlan(
        scope=scope,
        package=package,
        version=None if shared is None else shared.tag,
        provider=None if shared is None else shared.copies[0].name,
        family=(package,),
        copies=tuple(sorted(copies, key=lambda plan: plan.remote)),
    )


def loaded_files(copy: Copy, row: Row, shared: Row | None, *, missing: Iterable[str]) -> list[str]:
    """Return the files a page loads because of a copy, beyond those of the one shared row."""
    if row.action == "scope" or (row is not shared and row.copies[0] is copy and row.action == "share"):
        return [*copy.entries.values()]
    return [copy.entries[specifier] for specifier in missing]


def provider_of(copy: Copy, row: Row, serving: Row | None) -> str:
    """Return the remote whose files the copy's remote gets."""
    if row.action == "scope":
        return copy.name
    if copy.served_by:
        return copy.served_by
    return row.copies[0].name if serving is None else serving.copies[0].name


def copy_reason(
    copy: Copy,
    row: Row,
    serving: Row | None,
    external: External,
    policy: Policy,
    islands: Mapping[str, Island],
) -> Reason:
    """Say why a copy of a record has its verdict."""
    if row.action == "scope":
        return scope_reason(copy, serving, islands.get(copy.name))
    if copy.served_by:
        return Reason("pool", f"its pool comes from '{copy.served_by}'")
    if serving is None:
        return Reason("private", "no version is published; its own files fill the gap")
    provider = serving.copies[0].name
    if row is serving and provider == copy.name:
        return election_reason(row, external, policy)
    missing = missing_text(copy, serving)
    if missing and row is not serving:
        text = f"gets {serving.tag} from '{provider}' and fills in {missing}, which that build does not have"
        return Reason("missing-entrypoint", text)
    if Acceptance([serving.tag]).accepts(copy.required, serving.tag):
        return Reason("accepted", f"{copy.required} accepts {serving.tag} from '{provider}'")
    return Reason(
        "outside-range",
        f"gets {serving.tag} from '{provider}', which {copy.required} rejects; it does not insist",
    )


def scope_reason(copy: Copy, serving: Row | None, island: Island | None) -> Reason:
    """Say why a copy is kept by its remote."""
    if island is not None and island.kind != "incompatible":
        return Reason("pool", f"its pool has no build for it: {island.detail}")
    if serving is not None and not satisfies(serving.tag, copy.required):
        return Reason("rejects-version", f"{copy.required} rejects {serving.tag}")
    missing = "" if serving is None else missing_text(copy, serving)
    if missing:
        return Reason("missing-entrypoint", f"needs {missing}, which the shared version does not have")
    return Reason("pool", "its pool is not shared with this remote")


def missing_text(copy: Copy, serving: Row) -> str:
    """Name the entrypoints of a copy that a row does not provide."""
    provided = union(serving)
    return ", ".join(specifier for specifier in copy.entries if specifier not in provided)


def election_reason(row: Row, external: External, policy: Policy) -> Reason:
    """Say why a version was elected."""
    if len(external.rows) == 1:
        return Reason("only-version", f"{row.tag} is the only version")
    if row.host:
        return Reason("host", "the host's version takes precedence")
    if policy.profile.latest_shared_external:
        return Reason("latest", "the policy publishes the latest version")
    return Reason("fewest-downloads", f"{row.tag} costs fewest extra downloads")
