"""What a plan publishes, in the shape of Module Federation's share scopes.

Source of the shape: `getShared` of the native federation orchestrator 4.6, which hands its page's externals
to Module Federation's runtime: one row for each specifier, the published one; of the scope `strict`, in which
every version is published, all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from hanse.resolve.plan import PackagePlan, Plan
from hanse.resolve.record import GLOBAL, STRICT
from hanse.resolve.supply import supplies
from hanse.semver import parse

__all__ = ["DEFAULT", "Share", "Shares", "native_shares"]

DEFAULT = "default"
"""What Module Federation calls the share scope that everybody is in."""


class Share(msgspec.Struct, frozen=True):
    """One version of a package or specifier that the page has.

    Attributes:
        specifier: What to import it by, where the page's import map has it for everybody; else None.
        url: Where it lies; relative to the page where the manifest's URLs are.
        version: Its version.
        provider: The remote whose build it is.
        required: The range that all who share it agree on; its exact version where they do not.
        singleton: Whether it is meant to be the only one: not in the scope `strict`.
        strict: Whether a version outside a range is an error: in the scope `strict` only.
    """

    specifier: str | None
    url: str
    version: str
    provider: str
    required: str
    singleton: bool = True
    strict: bool = False


Shares = Mapping[str, Mapping[str, tuple[Share, ...]]]
"""Share scope, in Module Federation's words -> specifier -> its versions, the highest first."""


def native_shares(plan: Plan, *, leaving_out: Iterable[str] = ()) -> Shares:
    """Return what a plan publishes.

    Args:
        plan: The plan.
        leaving_out: Remotes whose copies are not handed on, for they come from containers themselves.
    """
    found: dict[str, dict[str, dict[str, Share]]] = {}
    got = supplies(plan)
    imports = plan.import_map.imports
    without = frozenset(leaving_out)
    for package in plan.packages.values():
        name = DEFAULT if package.scope == GLOBAL else package.scope
        for copy in package.copies:
            supply = got[package.scope, package.package, copy.remote]
            if copy.action != "share":
                continue
            for one in supply.got:
                if one.url is None or one.remote != copy.remote or one.remote in without:
                    continue
                public = package.scope == GLOBAL and imports.get(one.specifier) == one.url
                share = Share(
                    specifier=one.specifier if public else None,
                    url=one.url,
                    version=copy.version,
                    provider=copy.remote,
                    required=required_by_all(package, copy.version),
                    singleton=package.scope != STRICT,
                    strict=package.scope == STRICT,
                )
                rows = found.setdefault(name, {}).setdefault(one.specifier, {})
                if not rows or package.scope == STRICT:
                    rows.setdefault(copy.version, share)
    return {
        scope: {specifier: highest_first(rows.values()) for specifier, rows in sorted(table.items())}
        for scope, table in sorted(found.items())
    }


def required_by_all(package: PackagePlan, version: str) -> str:
    """Return the range that all copies of a package have; the exact version where they differ."""
    if package.scope == STRICT:
        return version
    ranges = {copy.required for copy in package.copies}
    return ranges.pop() if len(ranges) == 1 else version


def highest_first(rows: Iterable[Share]) -> tuple[Share, ...]:
    """Sort versions; those that are none come last."""
    listed = sorted(rows, key=lambda row: row.version)
    proper = [(version, row) for row in listed if (version := parse(row.version)) is not None]
    odd = [row for row in listed if parse(row.version) is None]
    ordered = sorted(proper, key=lambda pair: pair[0], reverse=True)
    return (*(row for _, row in ordered), *odd)
