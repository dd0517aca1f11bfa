"""What one deployment would do to a federation: what would break, tear, island or be loaded twice.

The federation is resolved as it is and with the candidate in its remote's place, and what every remote
really gets is compared. Only what becomes worse, or better, is a finding; what was bad before is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from hanse.errors import ResolveError
from hanse.formats.container import Container
from hanse.resolve.check_containers import container_findings
from hanse.resolve.check_notices import notice_findings
from hanse.resolve.compare import Cost, cost_of
from hanse.resolve.container_uses import Accepts
from hanse.resolve.containers import plan_containers
from hanse.resolve.facade import facade_of
from hanse.resolve.finding import Finding, Kind, Severity, say
from hanse.resolve.paths import join
from hanse.resolve.plan import PackagePlan, Plan
from hanse.resolve.policy import Policy, Strict
from hanse.resolve.remote import Remote
from hanse.resolve.resolution import resolve
from hanse.resolve.supply import Key, Supply, supplies, supply_name
from hanse.resolve.troubles import Troubles, find_troubles
from hanse.semver import satisfies

__all__ = ["Finding", "Report", "check"]

# What a plan reports of its own, and this module finds by comparing.
COMPARED: Final = frozenset({"own-copy", "outside-range", "torn"})
OWN_COPY: Final = frozenset({"duplicate", "island"})
RANK: Final[dict[Severity, int]] = {"worse": 0, "better": 1, "info": 2}


class Report(msgspec.Struct, frozen=True):
    """The verdict on a candidate; findings come worst first, then by remote and package.

    `joins` says that no remote of its name is there yet. `unseen` names remotes of the manifest that could
    not be had, so that nothing is known of what the candidate does to them.
    """

    candidate: str
    joins: bool
    findings: tuple[Finding, ...]
    cost_before: Cost
    cost_after: Cost
    unseen: tuple[str, ...] = ()

    @property
    def worse(self) -> bool:
        """Tell whether anything would become worse."""
        return any(finding.severity == "worse" for finding in self.findings)


class Side(msgspec.Struct, frozen=True, eq=False):
    """The federation before or after: its plan, what everybody gets, and what strict options forbid."""

    plan: Plan
    supplies: Mapping[Key, Supply]
    troubles: Mapping[Key, Troubles]
    refusals: Mapping[str, ResolveError]


def check(
    remotes: Iterable[Remote],
    candidate: Remote | Container,
    policy: Policy | None = None,
    *,
    unseen: Iterable[str] = (),
    containers: Iterable[Container] = (),
    accepts: Accepts | None = None,
) -> Report:
    """Judge a candidate against a federation.

    Args:
        remotes: The federation as it is, in the manifest's order.
        candidate: The remote as it would be; it replaces the one of its name, or joins at the end.
        policy: The policy and its options; what a strict option would refuse is a finding.
        unseen: Remotes that could not be had; they are passed on to the report.
        containers: The Module Federation containers that the federation has; the candidate may be one, too.
        accepts: Whether a version satisfies a range, as Module Federation reads both; by npm's rules, with
            prereleases taking part, if not given.
    """
    policy, accepts = policy or Policy(), accepts or admits
    listed, guests = list(remotes), list(containers)
    before = side(listed, policy)
    after = side(put_in(listed, candidate), policy, before.plan)
    seated = plan_containers(before.plan, guests, accepts=accepts)
    would_be = plan_containers(after.plan, guests_with(guests, candidate), accepts=accepts)
    found = [
        *refusal_findings(before, after),
        *module_findings(before.plan, after.plan),
        *supply_findings(before, after),
        *specifier_findings(before, after, candidate.name),
        *version_findings(before.plan, after.plan),
        *notice_findings(before.plan.notices, after.plan.notices, compared=COMPARED),
        *container_findings(seated, would_be, accepts),
    ]
    return Report(
        candidate=candidate.name,
        joins=candidate.name not in {one.name for one in listed} | {one.name for one in guests},
        findings=tuple(sorted(dict.fromkeys(found), key=finding_rank)),
        cost_before=cost_of(before.plan),
        cost_after=cost_of(after.plan),
        unseen=tuple(unseen),
    )


def admits(version: str, range_: str) -> bool:
    """Tell whether a version satisfies a range where prereleases take part, as they do for containers."""
    return satisfies(version, range_, include_prerelease=True)


def guests_with(containers: Sequence[Container], candidate: Remote | Container) -> list[Container]:
    """Return the containers with the candidate, where that is one, and without its predecessor."""
    others = [one for one in containers if one.name != candidate.name]
    return [*others, candidate] if isinstance(candidate, Container) else others


def put_in(remotes: Sequence[Remote], candidate: Remote | Container) -> list[Remote]:
    """Return the federation with the candidate: in its predecessor's place and role, or at the end.

    A container is a remote among native ones by its facades, where it has any.
    """
    if isinstance(candidate, Container):
        facades = facade_of(candidate)
        others = [remote for remote in remotes if remote.name != candidate.name]
        return others if facades is None else [*others, facades.remote]
    if all(remote.name != candidate.name for remote in remotes):
        return [*remotes, candidate]
    return [
        msgspec.structs.replace(candidate, host=remote.host) if remote.name == candidate.name else remote
        for remote in remotes
    ]


def side(remotes: Sequence[Remote], policy: Policy, previous: Plan | None = None) -> Side:
    """Resolve without the strict options, so that there is always something to compare."""
    plan = resolve(remotes, msgspec.structs.replace(policy, strict=Strict()), previous)
    got = supplies(plan)
    return Side(plan, got, find_troubles(plan, got), refusals(remotes, policy))


def refusals(remotes: Sequence[Remote], policy: Policy) -> dict[str, ResolveError]:
    """Return strict option -> why it forbids the federation; each is asked alone, for all to be heard."""
    found: dict[str, ResolveError] = {}
    for option in Strict.__struct_fields__:
        if getattr(policy.strict, option):
            strict = Strict(**{option: True})
            try:
                resolve(remotes, msgspec.structs.replace(policy, strict=strict))
            except ResolveError as error:
                found[option] = error
    return found


def finding_rank(finding: Finding) -> tuple[int, str, str, str, str]:
    """Return the sort key of a finding."""
    return (RANK[finding.severity], finding.remote, finding.package, finding.kind, finding.sentence)


# --- comparing --------------------------------------------------------------------------------------


def refusal_findings(before: Side, after: Side) -> Iterable[Finding]:
    """Compare what strict options forbid."""
    for option in sorted(before.refusals.keys() | after.refusals.keys()):
        old, new = before.refusals.get(option), after.refusals.get(option)
        if (old is None) == (new is None):
            continue
        if new is not None:
            yield refusal_finding(option, new, after.plan, over=False)
        elif old is not None:
            yield refusal_finding(option, old, before.plan, over=True)


def refusal_finding(option: str, error: ResolveError, plan: Plan, *, over: bool) -> Finding:
    """Say what a strict option forbids, or forbade."""
    about_remote = error.subject in plan.remotes
    return Finding(
        kind="strict-error",
        severity="better" if over else "worse",
        remote=error.subject if about_remote else "",
        package="" if about_remote else error.subject,
        before=error.message if over else "",
        after="" if over else error.message,
        sentence=f"{option} would {'no longer ' if over else ''}forbid this: {error.subject}: {error.message}"
        + (f" ({error.hint})" if error.hint else ""),
    )


def module_findings(before: Plan, after: Plan) -> Iterable[Finding]:
    """Compare the exposed modules: one that disappears breaks whoever imports it."""
    old, new = modules_of(before), modules_of(after)
    for specifier in sorted(old.keys() - new.keys()):
        text = f"'{old[specifier]}' no longer exposes {specifier}: whoever imports it breaks"
        yield Finding("module-gone", "worse", old[specifier], "", specifier, "", text)
    for specifier in sorted(new.keys() - old.keys()):
        text = f"'{new[specifier]}' newly exposes {specifier}"
        yield Finding("module-new", "info", new[specifier], "", "", specifier, text)


def modules_of(plan: Plan) -> dict[str, str]:
    """Return specifier -> remote of every exposed module."""
    return {
        join(name, expose.key): name
        for remote in plan.remotes.values()
        for name in (supply_name(remote, plan),)
        for expose in remote.entry.exposes or ()
    }


def supply_findings(before: Side, after: Side) -> Iterable[Finding]:
    """Compare what is wrong with what each remote gets of each package."""
    for key in sorted(before.troubles.keys() | after.troubles.keys()):
        old, new = before.troubles.get(key, {}), after.troubles.get(key, {})
        for kind in sorted(old.keys() | new.keys()):
            if is_news(kind, old, new):
                yield supply_finding(before, after, key, kind)


def is_news(kind: Kind, old: Troubles, new: Troubles) -> bool:
    """Tell whether a trouble came or went; an own copy is one trouble, whatever the reason for it."""
    if kind in OWN_COPY:
        return OWN_COPY.isdisjoint(old) or OWN_COPY.isdisjoint(new)
    changed = kind == "missing-entrypoint" and old.get(kind) != new.get(kind)
    return changed or (kind in old) != (kind in new)


def supply_finding(before: Side, after: Side, key: Key, kind: Kind) -> Finding:
    """Say what became of one remote's package."""
    old, new = before.supplies.get(key), after.supplies.get(key)
    worse = kind in after.troubles.get(key, {})
    trouble = (after if worse else before).troubles[key][kind]
    return Finding(
        kind=kind,
        severity="worse" if worse else "better",
        remote=key[2],
        package=key[1],
        before=describe(old),
        after=describe(new),
        sentence=say(kind, key[2], key[1], trouble, over=not worse),
    )


def describe(supply: Supply | None) -> str:
    """Say in a few words what a remote gets."""
    if supply is None:
        return ""
    got = [f"{one.version or '?'} from '{one.remote or '?'}'" for one in supply.got if one.url is not None]
    if supply.missing:
        got.append(f"nothing for {', '.join(supply.missing)}")
    return ", ".join(dict.fromkeys(got))


def specifier_findings(before: Side, after: Side, candidate: str) -> Iterable[Finding]:
    """Report entrypoints that were there for everybody and are there for nobody any more.

    It is worse where somebody else still shares the package: those who import the entrypoint without
    declaring it got it until now. A package that only the candidate had may be its own affair.
    """
    sharing = {key[1] for key in after.supplies}
    declared = {one.specifier: key for key, supply in before.supplies.items() for one in supply.got}
    gone = before.plan.import_map.imports.keys() - after.plan.import_map.imports.keys()
    for specifier in sorted(gone & declared.keys()):
        _, package, remote = declared[specifier]
        severity: Severity = "worse" if package in sharing else "info"
        text = f"nobody provides {specifier} any more: who imports it without declaring it breaks"
        yield Finding("entrypoint-gone", severity, candidate, package, f"by '{remote}'", "", text)


def version_findings(before: Plan, after: Plan) -> Iterable[Finding]:
    """Report the packages whose published build is another one."""
    for key, new in after.packages.items():
        old = before.packages.get(key)
        if old is None or (old.version, old.provider) == (new.version, new.provider):
            continue
        if old.version is None or new.version is None:
            continue
        kind: Kind = "version" if old.version != new.version else "provider"
        text = f"{new.package} is published as {build(new)}, until now as {build(old)}"
        yield Finding(kind, "info", new.provider or "", new.package, build(old), build(new), text)


def build(plan: PackagePlan) -> str:
    """Name the published build of a package."""
    return f"{plan.version} from '{plan.provider}'"
