"""Reasons and costs of a coherent plan, worked out from what was decided when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hanse.resolve.coherent import Workings, members_of
from hanse.resolve.decide import Decision
from hanse.resolve.kinds import Kind
from hanse.resolve.notices import offer_notices
from hanse.resolve.offers import Declaration
from hanse.resolve.plan import CopyPlan, Described, Notice, PackagePlan, Reason
from hanse.resolve.record import STRICT
from hanse.resolve.remote import Remote
from hanse.semver import satisfies

__all__ = ["bytes_of", "copy_notices", "describe_work"]


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


def describe_work(work: Workings) -> Described:
    """Describe a coherent result."""
    packages: dict[tuple[str, str], PackagePlan] = {}
    notices: list[Notice] = []
    for decision in work.decisions.values():
        family = FamilyPlan(work, decision)
        for package in decision.family[1]:
            plan = family.describe(package)
            packages[decision.family[0], package] = plan
            notices += copy_notices(plan)
    notices += offer_notices(work.offers, work.catalogue, work.policy)
    return dict(sorted(packages.items())), tuple(notices)


class FamilyPlan:
    """One family being described; what its packages have in common is worked out once."""

    def __init__(self, work: Workings, decision: Decision) -> None:
        self.work = work
        self.decision = decision
        self.members = members_of(work, decision.family)
        first = decision.rounds[0]
        self.winner, self.build = first.winner, first.kind.tags
        self.faults: dict[Kind, tuple[str, Reason] | None] = {}
        self.served = {one.winner: decision.reach(one) for one in decision.rounds}

    def describe(self, package: str) -> PackagePlan:
        """Describe one package of the family."""
        scope, family = self.decision.family
        provider, version = self.published(package)
        return PackagePlan(
            scope=scope,
            package=package,
            version=version,
            provider=provider,
            family=family,
            copies=tuple(
                [
                    self.describe_copy(name, kind, declaration)
                    for name, kind in self.members.items()
                    for declaration in kind.find_all(package)
                ]
            ),
        )

    def published(self, package: str) -> tuple[str | None, str | None]:
        """Return the remote that a package is published from, and the version.

        The build may have what is a package of its own elsewhere as an entrypoint of another.
        """
        for one in self.decision.rounds:
            found = one.kind.find(package)
            version = one.kind.tags.get(package) if found is None else found.version
            if version is not None:
                return one.winner, version
        return None, None

    def describe_copy(self, name: str, kind: Kind, declaration: Declaration) -> CopyPlan:
        """Describe one remote's copy."""
        provider = self.decision.provider(name, kind)
        published = self.decision.published(name)
        keeps = provider == name and not published
        if published:
            reason = self.winner_reason(name, kind)
        elif keeps:
            reason = self.keeper_reason(name, kind, declaration)
        else:
            reason = served_reason(self.members[provider].tags, provider, declaration)
        loaded = keeps or (published and name != self.winner)
        offer = self.work.offers[name]
        return CopyPlan(
            remote=name,
            version=declaration.version,
            required=declaration.required,
            strict=declaration.strict,
            action="share" if published else "scope" if keeps else "skip",
            served_by=provider,
            specifiers=declaration.specifiers,
            reason=reason,
            downloads=len(declaration.specifiers) if loaded else 0,
            bytes=bytes_of(offer.remote, offer.files(declaration).values()) if loaded else 0,
        )

    def winner_reason(self, name: str, kind: Kind) -> Reason:
        """Say why this build is published."""
        members, policy = self.members, self.work.policy
        scope, packages = self.decision.family
        if len(members) == 1:
            return Reason("only-version", f"'{name}' is the only remote that shares it")
        whom = f"its build serves {self.served[name]} of {len(members)} remotes"
        if scope == STRICT:
            return Reason("strict-scope", f"every version of the strict scope is published; {whom}")
        hosts = [members[host].tags.items() for host in self.work.hosts if host in members]
        if any(tags <= kind.tags.items() for tags in hosts):
            return Reason("host", f"the host's versions take precedence; {whom}")
        if policy.profile.latest_shared_external and not hosts:
            return Reason("latest", f"the policy publishes the latest version; {whom}")
        what = "the whole family" if len(packages) > 1 else "it"
        return Reason("fewest-downloads", f"publishing {what} from '{name}' costs fewest downloads; {whom}")

    def keeper_reason(self, name: str, kind: Kind, declaration: Declaration) -> Reason:
        """Say why the remote keeps its own copy."""
        if kind.bound is not None:
            return Reason("family", f"moves with {kind.bound}, which '{name}' keeps to itself")
        own = self.rejection(declaration)
        if own is not None:
            return own
        if kind not in self.faults:
            found = ((one.package, self.rejection(one)) for one in kind.declarations)
            self.faults[kind] = next(((package, why) for package, why in found if why is not None), None)
        fault = self.faults[kind]
        if fault is None:
            return Reason("family", f"its family's other packages do not come from '{self.winner}'")
        return Reason("family", f"moves with {fault[0]}: {fault[1].text}")

    def rejection(self, declaration: Declaration) -> Reason | None:
        """Say what one package of a remote has against the published build."""
        missing = [specifier for specifier in declaration.specifiers if specifier not in self.build]
        if missing:
            text = f"needs {', '.join(missing)}, which the build of '{self.winner}' does not have"
            return Reason("missing-entrypoint", text)
        rejected = rejected_versions(self.build, declaration) if declaration.strict else []
        if rejected:
            text = f"{declaration.required} rejects {', '.join(rejected)} from '{self.winner}'"
            return Reason("rejects-version", text)
        return None


def rejected_versions(build: Mapping[str, str], declaration: Declaration) -> list[str]:
    """Return the versions of a build that a declaration's range does not accept, in order."""
    versions = {build[specifier] for specifier in declaration.specifiers}
    return [version for version in sorted(versions) if not satisfies(version, declaration.required)]


def served_reason(build: Mapping[str, str], provider: str, declaration: Declaration) -> Reason:
    """Say why the copy is not needed."""
    if not declaration.specifiers:
        return Reason("accepted", "it names no entrypoint, so there is nothing to load")
    required = declaration.required
    rejected = rejected_versions(build, declaration)
    if rejected:
        text = f"gets {', '.join(rejected)} from '{provider}', which {required} rejects; it does not insist"
        return Reason("outside-range", text)
    versions = sorted({build[specifier] for specifier in declaration.specifiers})
    return Reason("accepted", f"{required} accepts {', '.join(versions)} from '{provider}'")


def copy_notices(plan: PackagePlan) -> list[Notice]:
    """Report the copies that run outside their range, are loaded a second time, or are torn."""
    notices = []
    for copy in plan.copies:
        if copy.reason.code == "outside-range":
            text = f"{plan.package}: {copy.reason.text}"
            notices.append(Notice("outside-range", copy.remote, plan.package, text))
        elif copy.action == "scope":
            text = f"{plan.package}@{copy.version} stays its own: {copy.reason.text}"
            notices.append(Notice("own-copy", copy.remote, plan.package, text))
        elif copy.reason.code == "missing-entrypoint":
            text = f"{plan.package} is torn: {copy.reason.text}"
            notices.append(Notice("torn", copy.remote, plan.package, text))
    return notices
