"""Which packages must come from one build: families.

Linked are: an entrypoint and the package that owns it, and so all entrypoints of a package, whether anybody
shares the package itself or not; packages that provide one specifier; packages of one line of the policy's
table; pool tags, within the remote that sets them; and packages of one npm scope where pooling is automatic.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from hanse.resolve.offers import Declaration, Shape
from hanse.resolve.policy import Policy
from hanse.resolve.pool_graph import Union, npm_scope, owning_package

__all__ = ["Family", "group_families"]

Family = tuple[str, tuple[str, ...]]
"""A share scope and its packages, sorted."""


def group_families(
    shapes: Iterable[Shape], tags: Iterable[tuple[Declaration, str]], policy: Policy
) -> dict[tuple[str, str], Family]:
    """Return (scope, package) -> its family.

    Args:
        shapes: Every shape of declaration in the federation.
        tags: Pairs of a declaration with a pool tag and the remote that makes it.
        policy: Its table of families, and whether pooling is automatic.
    """
    sets = Union()
    packages: dict[tuple[str, str], set[str]] = {}
    for scope, package, specifiers in shapes:
        packages.setdefault((scope, package), set()).update(specifiers)
    for (scope, package), provided in packages.items():
        link_specifiers(sets, scope, package, provided)
    for declaration, remote in tags:
        node = ("package", declaration.scope, declaration.package)
        sets.join(node, ("tag", declaration.scope, remote, declaration.pool))
    for scope, package in packages:
        link_package(sets, scope, package, policy)
    components: dict[Hashable, list[tuple[str, str]]] = {}
    for scope, package in packages:
        components.setdefault(sets.find(("package", scope, package)), []).append((scope, package))
    families: dict[tuple[str, str], Family] = {}
    for members in components.values():
        family = (members[0][0], tuple(sorted(package for _, package in members)))
        families.update(dict.fromkeys(members, family))
    return families


def link_specifiers(sets: Union, scope: str, package: str, specifiers: Iterable[str]) -> None:
    """Link a package with the specifiers it provides, and with the packages that own those."""
    node = ("package", scope, package)
    own = (owning_package(package) or package) + "/"
    for specifier in specifiers:
        sets.join(("specifier", scope, specifier), node)
        owner = None if specifier.startswith(own) else owning_package(specifier)
        if owner is not None:
            sets.join(node, ("package", scope, owner))


def link_package(sets: Union, scope: str, package: str, policy: Policy) -> None:
    """Link a package with its owner, its line of the table and its npm scope."""
    node = ("package", scope, package)
    owner = owning_package(package) or package
    if owner != package:
        sets.join(node, ("package", scope, owner))
    for line in policy.families:
        if owner in line:
            sets.join(node, ("family", scope, line))
    npm = npm_scope(package) if policy.feature.use_auto_external_pooling else None
    if npm is not None:
        sets.join(node, ("npm", scope, npm))
