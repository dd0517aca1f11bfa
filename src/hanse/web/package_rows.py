"""Packages as the page shows them: one row for all copies that share a version, a verdict and a reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from hanse.resolve import CopyPlan, PackagePlan, Remote
from hanse.resolve.record import GLOBAL
from hanse.semver import parse

__all__ = [
    "Names",
    "PackageRows",
    "PrivateRow",
    "VersionRow",
    "builds",
    "package_rows",
    "private_rows",
    "scope_name",
]

Tone = Literal["good", "quiet", "warn"]

ORDER: Final = {"share": 0, "scope": 1, "skip": 2}
# The builder's own files, shared between the modules of one remote: nobody chose them as packages.
INTERNAL: Final = "@nf-internal/"


@dataclass(frozen=True, slots=True)
class Names:
    """The first of some names, and how many more there are."""

    shown: tuple[str, ...]
    more: int

    @classmethod
    def of(cls, names: Iterable[str], cap: int | None = None) -> Names:
        """Keep the first `cap` names, all of them where it is None."""
        every = tuple(names)
        shown = every[:cap]
        return cls(shown, len(every) - len(shown))


@dataclass(frozen=True, slots=True)
class VersionRow:
    """Copies that have everything in common but their remote."""

    version: str
    required: str
    strict: bool
    verdict: str
    tone: Tone
    remotes: Names
    reason: str
    downloads: int


@dataclass(frozen=True, slots=True)
class PackageRows:
    """A package with its rows; `more` counts the rows that are left out.

    `scope` is empty for the share scope everybody is in. `loaded` counts the builds of it that a page may
    come to load, `partners` are the packages that move with it, and `leads` says that it is the
    first of them.
    """

    scope: str
    package: str
    version: str
    provider: str
    partners: Names
    remotes: int
    loaded: int
    downloads: int
    leads: bool
    warned: bool
    rows: tuple[VersionRow, ...]
    more: int


@dataclass(frozen=True, slots=True)
class PrivateRow:
    """A package that is not shared: each remote brings its own."""

    package: str
    version: str
    remotes: Names


def scope_name(plan: PackagePlan) -> str:
    """Return the share scope a package is in; empty is the one everybody is in."""
    return "" if plan.scope == GLOBAL else plan.scope


def builds(plan: PackagePlan) -> int:
    """Count the builds of a package that a page may come to load."""
    return len({copy.served_by for copy in plan.copies})


def package_rows(plan: PackagePlan, *, rows: int, names: int) -> PackageRows:
    """Describe a package in at most `rows` rows, with at most `names` names in a cell."""
    groups: dict[VersionRow, list[CopyPlan]] = defaultdict(list)
    for copy in plan.copies:
        groups[blank_row(copy)].append(copy)
    ordered = sorted(groups.items(), key=lambda item: rank(item[1][0]))
    every = [fill_row(row, copies, names) for row, copies in ordered]
    return PackageRows(
        scope=scope_name(plan),
        package=plan.package,
        version=plan.version or "",
        provider=plan.provider or "",
        partners=Names.of((name for name in plan.family if name != plan.package), names),
        remotes=len({copy.remote for copy in plan.copies}),
        loaded=builds(plan),
        downloads=plan.downloads,
        leads=plan.package == min(plan.family, default=plan.package),
        warned=any(row.tone == "warn" for row in every),
        rows=tuple(every[:rows]),
        more=max(0, len(every) - rows),
    )


def blank_row(copy: CopyPlan) -> VersionRow:
    """Describe a copy without its remote."""
    verdict, tone = verdict_of(copy)
    return VersionRow(
        version=copy.version,
        required=copy.required,
        strict=copy.strict,
        verdict=verdict,
        tone=tone,
        remotes=Names((), 0),
        reason=copy.reason.text,
        downloads=0,
    )


def fill_row(row: VersionRow, copies: Sequence[CopyPlan], names: int) -> VersionRow:
    """Put the remotes into a row."""
    return VersionRow(
        version=row.version,
        required=row.required,
        strict=row.strict,
        verdict=row.verdict,
        tone=row.tone,
        remotes=Names.of((copy.remote for copy in copies), names),
        reason=row.reason,
        downloads=sum(copy.downloads for copy in copies),
    )


def verdict_of(copy: CopyPlan) -> tuple[str, Tone]:
    """Say in two or three words what becomes of a copy, and how it is to be looked at."""
    if copy.action == "share":
        return "shared", "good"
    if copy.action == "scope" or copy.served_by == copy.remote:
        return "own copy", "warn"
    return f"uses {copy.served_by}", "warn" if copy.reason.code == "outside-range" else "quiet"


def rank(copy: CopyPlan) -> tuple[int, tuple[int, ...]]:
    """Order rows: what is shared first, then own copies, then who uses others'; newer before older."""
    found = parse(copy.version)
    newest = (0, 0, 0) if found is None else (-found.major, -found.minor, -found.patch)
    return ORDER[copy.action], newest


def private_rows(remotes: Iterable[Remote], *, names: int | None = None) -> tuple[PrivateRow, ...]:
    """List what is not shared, by package and version, with at most `names` names in a cell."""
    owners: dict[tuple[str, str], list[str]] = defaultdict(list)
    for remote in remotes:
        for item in remote.entry.shared or ():
            if not item.singleton and not item.package_name.startswith(INTERNAL):
                owners[item.package_name, item.version or ""].append(remote.name)
    return tuple(
        PrivateRow(package, version, Names.of(owners[package, version], names))
        for package, version in sorted(owners)
    )
