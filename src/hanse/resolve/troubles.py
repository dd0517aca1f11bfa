"""What is wrong with what remotes get, in a plan as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hanse.resolve.finding import Kind
from hanse.resolve.plan import CopyPlan, Plan
from hanse.resolve.supply import Key, Supply

__all__ = ["Troubles", "find_troubles"]

Troubles = Mapping[Kind, str]
"""Kind of trouble -> its particulars."""


def find_troubles(plan: Plan, supplied: Mapping[Key, Supply]) -> dict[Key, dict[Kind, str]]:
    """Return what is wrong with each remote's packages; those with nothing wrong are left out."""
    copies = {
        (package.scope, package.package, copy.remote): copy
        for package in plan.packages.values()
        for copy in package.copies
    }
    found = {key: package_troubles(supply, copies[key]) for key, supply in supplied.items()}
    for key, text in family_tears(plan.policy.families, supplied):
        found[key].setdefault("torn", text)
    return {key: troubles for key, troubles in found.items() if troubles}


def package_troubles(supply: Supply, copy: CopyPlan) -> dict[Kind, str]:
    """Find what is wrong with one remote's package."""
    troubles: dict[Kind, str] = {}
    if supply.missing:
        troubles["missing-entrypoint"] = ", ".join(supply.missing)
    if len(supply.versions) > 1:
        troubles["torn"] = ", ".join(
            f"{one.specifier} {one.version} from '{one.remote}'" for one in supply.got if one.version
        )
    if supply.rejected:
        troubles["outside-range"] = f"{supply.required} rejects {', '.join(supply.rejected)}"
    if supply.own:
        alone = copy.reason.code in ("family", "pool")
        troubles["island" if alone else "duplicate"] = copy.reason.text
    return troubles


def family_tears(
    families: Sequence[Sequence[str]], supplied: Mapping[Key, Supply]
) -> Iterable[tuple[Key, str]]:
    """Yield the packages that a remote brought in equal versions with its family, and gets in others.

    React's renderer, for one, refuses to run beside another version of React.
    """
    family_of = {package: index for index, family in enumerate(families) for package in family}
    groups: dict[tuple[str, str, int], list[Key]] = {}
    for key in supplied:
        if key[1] in family_of:
            groups.setdefault((key[0], key[2], family_of[key[1]]), []).append(key)
    for keys in groups.values():
        brought = {supplied[key].version for key in keys}
        got = {version for key in keys for version in supplied[key].versions}
        if len(brought) == 1 and len(got) > 1:
            text = ", ".join(f"{key[1]} {'/'.join(supplied[key].versions)}" for key in keys)
            for key in keys:
                yield key, f"its family comes in different versions: {text}"
