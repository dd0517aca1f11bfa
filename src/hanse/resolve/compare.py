"""What changed between two federations, or two import maps: mappings, versions, owners, copies, costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from hanse.formats.import_map import ImportMap
from hanse.formats.remote_entry import RemoteEntry
from hanse.resolve.plan import PackagePlan, Plan
from hanse.resolve.record import GLOBAL
from hanse.resolve.remote import Remote
from hanse.resolve.supply import owners_of

__all__ = [
    "Comparison",
    "CopyState",
    "Cost",
    "MappingChange",
    "PackageChange",
    "PackageState",
    "View",
    "compare",
]


class View(msgspec.Struct, frozen=True):
    """One side of a comparison: an import map, and the plan it comes from where there is one."""

    import_map: ImportMap
    plan: Plan | None = None

    @classmethod
    def of(cls, plan: Plan) -> View:
        """Look at a plan."""
        return cls(plan.import_map, plan)


class MappingChange(msgspec.Struct, frozen=True):
    """One rule of the map, or one digest, that came, went or leads elsewhere.

    `table` is `imports`, `integrity`, or the URL of a scope. `before` and `after` are URLs (digests), None
    where there is none; the owners are the remotes whose files they are, where a plan knows them.
    """

    table: str
    key: str
    before: str | None
    after: str | None
    owner_before: str | None = None
    owner_after: str | None = None

    @property
    def kind(self) -> str:
        """Return `added`, `removed` or `changed`."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


class CopyState(msgspec.Struct, frozen=True):
    """One remote's copy of a package: its version, its verdict, and who serves the remote."""

    remote: str
    version: str
    action: str
    served_by: str


class PackageState(msgspec.Struct, frozen=True):
    """A package on one side: the published build, all copies, and the files loaded beyond one build."""

    version: str | None
    provider: str | None
    copies: tuple[CopyState, ...]
    downloads: int


class PackageChange(msgspec.Struct, frozen=True):
    """A package that is decided otherwise; None on the side where nobody shares it.

    `scope` is empty for the share scope everybody is in.
    """

    scope: str
    package: str
    before: PackageState | None
    after: PackageState | None


class Cost(msgspec.Struct, frozen=True):
    """What a federation loads beyond one build of each package: files, and bytes where all are known."""

    downloads: int
    bytes: int | None


class Comparison(msgspec.Struct, frozen=True):
    """All that changed. Packages, remotes and costs are compared where both sides have a plan.

    `remotes_changed` are those whose URL or entry differs.
    """

    imports: tuple[MappingChange, ...]
    scopes: tuple[MappingChange, ...]
    integrity: tuple[MappingChange, ...]
    packages: tuple[PackageChange, ...]
    remotes_added: tuple[str, ...]
    remotes_removed: tuple[str, ...]
    remotes_changed: tuple[str, ...]
    cost_before: Cost | None
    cost_after: Cost | None

    @property
    def same(self) -> bool:
        """Tell whether a browser would notice nothing, and nothing was decided otherwise."""
        return not (self.imports or self.scopes or self.integrity or self.packages) and not (
            self.remotes_added or self.remotes_removed or self.remotes_changed
        )


def compare(before: View, after: View) -> Comparison:
    """Compare two sides; everything is in the order of names."""
    owners = (
        {} if before.plan is None else owners_of(before.plan),
        {} if after.plan is None else owners_of(after.plan),
    )
    old, new = before.import_map, after.import_map
    scopes: list[MappingChange] = []
    for scope in sorted(old.scopes.keys() | new.scopes.keys()):
        scopes += compare_tables(scope, old.scopes.get(scope, {}), new.scopes.get(scope, {}), owners)
    remotes = compare_remotes(before.plan, after.plan)
    both = before.plan is not None and after.plan is not None
    return Comparison(
        imports=tuple(compare_tables("imports", old.imports, new.imports, owners)),
        scopes=tuple(scopes),
        integrity=tuple(compare_tables("integrity", old.integrity, new.integrity, ({}, {}))),
        packages=tuple(compare_packages(before.plan, after.plan)),
        remotes_added=remotes[0],
        remotes_removed=remotes[1],
        remotes_changed=remotes[2],
        cost_before=cost_of(before.plan) if before.plan is not None and both else None,
        cost_after=cost_of(after.plan) if after.plan is not None and both else None,
    )


def compare_tables(
    table: str,
    before: Mapping[str, str],
    after: Mapping[str, str],
    owners: tuple[Mapping[str, str], Mapping[str, str]],
) -> Iterable[MappingChange]:
    """Yield the keys of two tables whose values differ."""
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old != new:
            yield MappingChange(table, key, old, new, owners[0].get(old or ""), owners[1].get(new or ""))


def compare_packages(before: Plan | None, after: Plan | None) -> Iterable[PackageChange]:
    """Yield the packages that are decided otherwise; none unless both sides have a plan."""
    if before is None or after is None:
        return
    old, new = before.packages, after.packages
    for key in sorted(old.keys() | new.keys()):
        pair = package_state(old.get(key)), package_state(new.get(key))
        if pair[0] != pair[1]:
            yield PackageChange("" if key[0] == GLOBAL else key[0], key[1], *pair)


def package_state(plan: PackagePlan | None) -> PackageState | None:
    """Return what of a package's plan is compared: reasons are words, and do not count."""
    if plan is None:
        return None
    copies = (CopyState(one.remote, one.version, one.action, one.served_by) for one in plan.copies)
    return PackageState(plan.version, plan.provider, tuple(copies), plan.downloads)


def compare_remotes(
    before: Plan | None, after: Plan | None
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the remotes that came, that went, and whose URL or entry differs."""
    if before is None or after is None:
        return (), (), ()
    old, new = before.remotes, after.remotes
    changed = [
        name
        for name in sorted(old.keys() & new.keys())
        if (old[name].url, old[name].entry, old[name].host)
        != (new[name].url, new[name].entry, new[name].host)
    ]
    return tuple(sorted(new.keys() - old.keys())), tuple(sorted(old.keys() - new.keys())), tuple(changed)


def identity(remote: Remote) -> tuple[str, RemoteEntry, bool]:
    """Return what makes a remote another one when it changes."""
    return remote.url, remote.entry, remote.host


def cost_of(plan: Plan) -> Cost:
    """Add up what a plan costs."""
    packages = plan.packages.values()
    sizes = [copy.bytes for package in packages for copy in package.copies]
    known = [size for size in sizes if size is not None]
    return Cost(
        downloads=sum(package.downloads for package in packages),
        bytes=sum(known) if len(known) == len(sizes) else None,
    )
