"""Who offers which version of a package, who accepts what, which build won and why, and what it costs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import msgspec

from hanse.errors import NotFoundError
from hanse.resolve.dense import specifiers_of
from hanse.resolve.plan import CopyPlan, PackagePlan, Plan, Reason
from hanse.resolve.record import GLOBAL
from hanse.resolve.supply import Supply, supplies, supply_name
from hanse.semver import parse, satisfies

__all__ = ["Consumer", "Explanation", "OfferedVersion", "PrivateCopy", "explain"]


class OfferedVersion(msgspec.Struct, frozen=True):
    """One version that somebody brings.

    `accepted_by` and `rejected_by` are remotes by their ranges; `insisting` are those of the rejecting ones
    that are strict, and so would keep a copy of their own if this version were published alone.
    """

    version: str
    published: bool
    offered_by: tuple[str, ...]
    accepted_by: tuple[str, ...]
    rejected_by: tuple[str, ...]
    insisting: tuple[str, ...]


class Consumer(msgspec.Struct, frozen=True):
    """One remote's copy: what it brought and demands, what it gets from whom, and why.

    `gets` has more than one version only where the package is torn. `downloads` counts the files loaded
    because of this copy, `bytes` their sizes (None where one is not known).
    """

    remote: str
    version: str
    required: str
    strict: bool
    action: str
    served_by: str
    gets: tuple[str, ...]
    accepts: bool
    missing: tuple[str, ...]
    specifiers: tuple[str, ...]
    reason: Reason
    downloads: int
    bytes: int | None


class PrivateCopy(msgspec.Struct, frozen=True):
    """A remote that has the package and does not share it."""

    remote: str
    version: str


class Explanation(msgspec.Struct, frozen=True):
    """A package in one share scope.

    `scope` is empty for the scope everybody is in. `why` is the reason the published build won; `family`
    names the packages that were decided together. A package nobody shares has no versions and no consumers.
    """

    scope: str
    package: str
    version: str | None
    provider: str | None
    why: Reason | None
    family: tuple[str, ...]
    versions: tuple[OfferedVersion, ...]
    consumers: tuple[Consumer, ...]
    private: tuple[PrivateCopy, ...]
    downloads: int
    bytes: int | None


def explain(plan: Plan, package: str) -> tuple[Explanation, ...]:
    """Explain what was decided about a package, once for each share scope it is in.

    Args:
        plan: The resolved federation.
        package: A package, or the specifier of one of its entrypoints (`react/jsx-runtime`).

    Raises:
        NotFoundError: Nobody has such a package; the hint names those that are spelt alike.
    """
    found = find_packages(plan, package)
    private = private_copies(plan, package)
    if not found and not private:
        raise unknown_package(plan, package)
    if not found:
        return (private_explanation(package, private),)
    got = supplies(plan, found)
    return tuple(explain_package(one, got.values(), private) for one in found)


def find_packages(plan: Plan, name: str) -> list[PackagePlan]:
    """Find a package in each share scope, by its name or else by an entrypoint."""
    plans = plan.packages.values()
    exact = [one for one in plans if one.package == name]
    return exact or [one for one in plans if any(name in copy.specifiers for copy in one.copies)]


def private_copies(plan: Plan, name: str) -> tuple[PrivateCopy, ...]:
    """Find the remotes that have a package for themselves."""
    return tuple(
        PrivateCopy(supply_name(remote, plan), item.version or "")
        for remote in plan.remotes.values()
        for item in remote.entry.shared or ()
        if not item.singleton and (item.package_name == name or name in specifiers_of(item))
    )


def unknown_package(plan: Plan, name: str) -> NotFoundError:
    """Say that nobody has the package, and what was probably meant."""
    known = {one.package for one in plan.packages.values()}
    near = difflib.get_close_matches(name, sorted(known), n=3)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    elif known:
        hint = f"shared are {', '.join(sorted(known)[:20])}"
    else:
        hint = "no remote shares anything"
    return NotFoundError("no remote has this package", subject=name, hint=hint)


def private_explanation(name: str, private: tuple[PrivateCopy, ...]) -> Explanation:
    """Explain a package that everybody keeps to themselves."""
    return Explanation(
        scope="",
        package=name,
        version=None,
        provider=None,
        why=None,
        family=(),
        versions=(),
        consumers=(),
        private=private,
        downloads=0,
        bytes=0,
    )


def explain_package(
    plan: PackagePlan, got: Iterable[Supply], private: tuple[PrivateCopy, ...]
) -> Explanation:
    """Explain one package."""
    mine = {one.remote: one for one in got if (one.scope, one.package) == (plan.scope, plan.package)}
    winner = next((copy for copy in plan.copies if copy.remote == plan.provider), None)
    sizes = [copy.bytes for copy in plan.copies]
    return Explanation(
        scope="" if plan.scope == GLOBAL else plan.scope,
        package=plan.package,
        version=plan.version,
        provider=plan.provider,
        why=None if winner is None else winner.reason,
        family=plan.family,
        versions=offered_versions(plan),
        consumers=tuple(explain_copy(copy, mine[copy.remote]) for copy in plan.copies),
        private=private,
        downloads=plan.downloads,
        bytes=None if None in sizes else sum(size for size in sizes if size is not None),
    )


def explain_copy(copy: CopyPlan, supply: Supply) -> Consumer:
    """Explain one copy, by what its remote really gets."""
    return Consumer(
        remote=copy.remote,
        version=copy.version,
        required=copy.required,
        strict=copy.strict,
        action=copy.action,
        served_by=copy.served_by,
        gets=supply.versions,
        accepts=not supply.rejected,
        missing=supply.missing,
        specifiers=copy.specifiers,
        reason=copy.reason,
        downloads=copy.downloads,
        bytes=copy.bytes,
    )


def offered_versions(plan: PackagePlan) -> tuple[OfferedVersion, ...]:
    """List the versions that are brought, the latest first."""
    versions = sorted({copy.version for copy in plan.copies}, key=version_rank, reverse=True)
    return tuple(offered_version(plan, version) for version in versions)


def version_rank(version: str) -> tuple[bool, object, str]:
    """Return the sort key of a version; what is none sorts before all that are."""
    parsed = parse(version)
    return (parsed is not None, () if parsed is None else parsed.key, version)


def offered_version(plan: PackagePlan, version: str) -> OfferedVersion:
    """Ask every copy what it makes of one version."""
    rejecting = [copy for copy in plan.copies if not satisfies(version, copy.required)]
    rejected = {copy.remote for copy in rejecting}
    return OfferedVersion(
        version=version,
        published=version == plan.version,
        offered_by=tuple(copy.remote for copy in plan.copies if copy.version == version),
        accepted_by=tuple(copy.remote for copy in plan.copies if copy.remote not in rejected),
        rejected_by=tuple(copy.remote for copy in rejecting),
        insisting=tuple(copy.remote for copy in rejecting if copy.strict),
    )
