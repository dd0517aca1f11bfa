"""Reasons and costs, worked out from what was decided when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hanse.resolve.acceptance import Acceptance
from hanse.resolve.coherent import Decision, Workings
from hanse.resolve.offers import Declaration, Offer
from hanse.resolve.plan import CopyPlan, Notice, PackagePlan, Reason
from hanse.resolve.policy import Policy
from hanse.resolve.pool import Island
from hanse.resolve.record import STRICT, Copy, External, Record, Row
from hanse.resolve.remote import Remote
from hanse.semver import satisfies, valid

__all__ = ["describe_record", "describe_work"]

Described = tuple[dict[tuple[str, str], PackagePlan], tuple[Notice, ...]]


def bytes_of(remote: Remote, files: Iterable[str]) -> int | None:
    """Add up the sizes of files, None where one is not known."""
    if remote.sizes is None:
        return None
    total = 0
    for file in files:
        size = remote.sizes.get(file)
        if size is None:
            return None
        total += size
    return total


# --- coherent ---------------------------------------------------------------------------------------


def describe_work(work: Workings) -> Described:
    """Describe a coherent result."""
    packages: dict[tuple[str, str], PackagePlan] = {}
    notices: list[Notice] = []
    for decision in work.decisions.values():
        for package in decision.family[1]:
            plan = describe_package(work, decision, package)
            packages[decision.family[0], package] = plan
            notices += copy_notices(plan)
    notices += remote_notices(work)
    return packages, tuple(notices)


def describe_package(work: Workings, decision: Decision, package: str) -> PackagePlan:
    """Describe one package of a family."""
    scope, family = decision.family
    copies = [
        describe_copy(work, decision, name, declaration)
        for name, kind in decision.members.items()
        if (declaration := kind.find(package)) is not None
    ]
    first = decision.rounds[0].kind.find(package)
    return PackagePlan(
        scope=scope,
        package=package,
        version=None if first is None else first.version,
        provider=None if first is None else decision.rounds[0].winner,
        family=family,
        copies=tuple(copies),
    )


def describe_copy(work: Workings, decision: Decision, name: str, declaration: Declaration) -> CopyPlan:
    """Describe one remote's copy."""
    provider = decision.provider(name) or name
    published = decision.published(name)
    keeps = provider == name and not published
    if published:
        reason = winner_reason(work, decision, name)
    elif keeps:
        reason = keeper_reason(decision, name, declaration)
    else:
        reason = served_reason(decision, provider, declaration)
    offer = work.offers[name]
    return CopyPlan(
        remote=name,
        version=declaration.version,
        required=declaration.required,
        strict=declaration.strict,
        action="share" if published else "scope" if keeps else "skip",
        served_by=provider,
        specifiers=declaration.specifiers,
        reason=reason,
        downloads=len(declaration.specifiers) if keeps else 0,
        bytes=bytes_of(offer.remote, offer.files(declaration).values()) if keeps else 0,
    )


def winner_reason(work: Workings, decision: Decision, name: str) -> Reason:
    """Say why this build is the published one."""
    scope, packages = decision.family
    others = len(decision.members) - 1
    if not others:
        return Reason("only-version", f"'{name}' is the only remote that shares it")
    one = next(one for one in decision.rounds if one.winner == name)
    served = sum(1 for kind in decision.members.values() if kind in one.served)
    whom = f"its build serves {served} of {len(decision.members)} remotes"
    if scope == STRICT:
        return Reason("strict-scope", f"every version of the strict scope is published; {whom}")
    if any(work.offers[member].remote.host for member in decision.members):
        return Reason("host", f"the host's versions take precedence; {whom}")
    if work.policy.profile.latest_shared_external:
        return Reason("latest", f"the policy publishes the latest version; {whom}")
    what = "the whole family" if len(packages) > 1 else "it"
    return Reason("fewest-downloads", f"publishing {what} from '{name}' costs fewest downloads; {whom}")


def served_reason(decision: Decision, provider: str, declaration: Declaration) -> Reason:
    """Say why the copy is not needed."""
    tags = decision.members[provider].tags
    version = tags.get(declaration.specifiers[0], "") if declaration.specifiers else ""
    if satisfies(version, declaration.required):
        return Reason("accepted", f"{declaration.required} accepts {version} from '{provider}'")
    return Reason(
        "outside-range",
        f"gets {version} from '{provider}', which {declaration.required} rejects; it does not insist",
    )


def keeper_reason(decision: Decision, name: str, declaration: Declaration) -> Reason:
    """Say why the remote keeps its own copy."""
    published = decision.members[decision.rounds[0].winner].tags
    own = rejection(decision, declaration, published)
    if own is not None:
        return own
    for other in decision.members[name].declarations:
        found = rejection(decision, other, published)
        if found is not None:
            return Reason("family", f"moves with {other.package}: {found.text}")
    return Reason("family", f"its family's other packages do not come from '{decision.rounds[0].winner}'")


def rejection(decision: Decision, declaration: Declaration, published: Mapping[str, str]) -> Reason | None:
    """Say what one package of a remote has against the published build."""
    winner = decision.rounds[0].winner
    missing = [specifier for specifier in declaration.specifiers if specifier not in published]
    if missing:
        text = f"needs {', '.join(missing)}, which the build of '{winner}' does not have"
        return Reason("missing-entrypoint", text)
    versions = {published[specifier] for specifier in declaration.specifiers}
    for version in sorted(versions):
        if declaration.strict and not satisfies(version, declaration.required):
            return Reason("rejects-version", f"{declaration.required} rejects {version} from '{winner}'")
    return None


def copy_notices(plan: PackagePlan) -> list[Notice]:
    """Report the copies that run outside their range, or are loaded a second time."""
    notices = []
    for copy in plan.copies:
        if copy.reason.code == "outside-range":
            text = f"{plan.package}: {copy.reason.text}"
            notices.append(Notice("outside-range", copy.remote, plan.package, text))
        elif copy.action == "scope":
            text = f"{plan.package}@{copy.version} stays its own: {copy.reason.text}"
            notices.append(Notice("own-copy", copy.remote, plan.package, text))
    return notices


def remote_notices(work: Workings) -> list[Notice]:
    """Report what is odd about the remotes themselves."""
    notices: list[Notice] = []
    folders: dict[str, str] = {}
    published = {
        specifier
        for decision in work.decisions.values()
        for one in decision.rounds
        for specifier in decision.members[one.winner].tags
    }
    for name, offer in work.offers.items():
        notices += name_notices(name, offer)
        first = folders.setdefault(offer.scope, name)
        if first != name:
            text = f"lies in the same folder as '{first}' ({offer.scope}): the browser cannot tell them apart"
            notices.append(Notice("same-folder", name, "", text))
        for alias in sorted(offer.aliases.urls.keys() & published):
            text = f"'{alias}' is a package's specifier; the module is reached with './' in it"
            notices.append(Notice("shadowed-module", name, alias, text))
        for declaration in offer.declared:
            if declaration.fault:
                text = f"{declaration.fault}; it counts as {declaration.version}"
                notices.append(Notice("invalid-version", name, declaration.package, text))
    return notices


def name_notices(name: str, offer: Offer) -> list[Notice]:
    """Report an entry whose own name is not the manifest's, and versions that had to be left out."""
    notices = []
    entry = offer.remote.entry
    if entry.name != name and not offer.remote.host:
        text = f"its remote entry is called '{entry.name}'; the manifest's name '{name}' counts"
        notices.append(Notice("foreign-name", name, "", text))
    kept = {declaration.package for declaration in offer.declared}
    for item in entry.shared or ():
        if item.singleton and item.package_name not in kept and not valid(item.version or ""):
            text = f"{item.package_name} is left out: its version {item.version!r} is not a semver version"
            notices.append(Notice("invalid-version", name, item.package_name, text))
    return notices


# --- compatible -------------------------------------------------------------------------------------


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
    for remote in remotes:
        if remote.entry.name != remote.name and not remote.host:
            text = f"its remote entry is called '{remote.entry.name}', which counts"
            notices.append(Notice("foreign-name", remote.name, "", text))
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
    copies = []
    for row in external.rows:
        for copy in row.copies:
            provider = provider_of(copy, row, shared)
            reason = copy_reason(copy, row, shared, external, policy, islands)
            own = row.action == "scope" or (provider == copy.name and row is not shared)
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
                    downloads=len(copy.entries) if own else 0,
                    bytes=bytes_of(by_name[copy.name], copy.entries.values())
                    if own and copy.name in by_name
                    else 0,
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


def provider_of(copy: Copy, row: Row, shared: Row | None) -> str:
    """Return the remote whose files the copy's remote gets."""
    if row.action == "scope":
        return copy.name
    if copy.served_by:
        return copy.served_by
    return row.copies[0].name if shared is None else shared.copies[0].name


def copy_reason(
    copy: Copy,
    row: Row,
    shared: Row | None,
    external: External,
    policy: Policy,
    islands: Mapping[str, Island],
) -> Reason:
    """Say why a copy of a record has its verdict."""
    if row.action == "scope":
        island = islands.get(copy.name)
        if island is not None and island.kind != "incompatible":
            return Reason("pool", f"its pool has no build for it: {island.detail}")
        if shared is None or satisfies(shared.tag, copy.required):
            return Reason("pool", "its pool is not shared with this remote")
        return Reason("rejects-version", f"{copy.required} rejects {shared.tag}")
    if copy.served_by:
        return Reason("pool", f"its pool comes from '{copy.served_by}'")
    if shared is None:
        return Reason("private", "no version is published; its own files fill the gap")
    provider = shared.copies[0].name
    if row is shared and provider == copy.name:
        return election_reason(row, external, policy)
    if Acceptance([shared.tag]).accepts(copy.required, shared.tag):
        return Reason("accepted", f"{copy.required} accepts {shared.tag} from '{provider}'")
    return Reason(
        "outside-range",
        f"gets {shared.tag} from '{provider}', which {copy.required} rejects; it does not insist",
    )


def election_reason(row: Row, external: External, policy: Policy) -> Reason:
    """Say why a version was elected."""
    if len(external.rows) == 1:
        return Reason("only-version", f"{row.tag} is the only version")
    if row.host:
        return Reason("host", "the host's version takes precedence")
    if policy.profile.latest_shared_external:
        return Reason("latest", "the policy publishes the latest version")
    return Reason("fewest-downloads", f"{row.tag} costs fewest extra downloads")
