"""What a loaded page has, seen as `coherent` sees it: rules, and the builds behind them."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar, cast

from hanse.resolve.families import group_families
from hanse.resolve.paths import scope_url
from hanse.resolve.plan import Plan
from hanse.resolve.policy import Policy
from hanse.resolve.pool_graph import Union
from hanse.resolve.record import GLOBAL, STRICT
from hanse.semver import satisfies

__all__ = ["Gap", "Need", "Offered", "Page", "families_of", "find_gap", "layer", "page_of", "scope_label"]

K = TypeVar("K")
V = TypeVar("V")

Shape = tuple[str, str, tuple[str, ...]]
"""A share scope, a package, and its specifiers."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A published entrypoint: which remote's build it is of, at which version, and its URL."""

    remote: str
    version: str
    url: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a loaded page has: its rules, the builds behind them, and the folders of its remotes.

    `offered` maps (share scope, specifier) to what is published there.
    """

    imports: Mapping[str, str]
    scopes: Mapping[str, Mapping[str, str]]
    offered: Mapping[tuple[str, str], Offered]
    shapes: frozenset[Shape]
    folders: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Need:
    """One package the newcomer shares; `files` maps its specifiers to files."""

    scope: str
    package: str
    version: str
    required: str
    strict: bool
    files: Mapping[str, str]
    bundle: str | None
    pool: str | None


def page_of(plan: Plan) -> Page:
    """Return the page that was made from a plan."""
    imports, scopes = plan.import_map.imports, plan.import_map.scopes
    folders = {name: scope_url(remote.entry.url or remote.url) for name, remote in plan.remotes.items()}
    offered: dict[tuple[str, str], Offered] = {}
    shapes: set[Shape] = set()
    for (scope, package), found in plan.packages.items():
        for copy in found.copies:
            label = scope_label(scope, copy.version)
            shapes.add((label, package, copy.specifiers))
            if copy.action != "share" or copy.served_by != copy.remote:
                continue
            table = imports if scope == GLOBAL else scopes.get(folders[copy.remote], {})
            for specifier in copy.specifiers:
                if specifier in table:
                    offered[label, specifier] = Offered(copy.remote, copy.version, table[specifier])
    return Page(imports, scopes, offered, frozenset(shapes), folders)


def scope_label(scope: str, version: str) -> str:
    """Return what a share scope is kept under: in the strict one every version is a scope of its own."""
    return f"{STRICT}@{version}" if scope == STRICT else scope


def layer(first: Mapping[K, V], second: Mapping[K, V]) -> Mapping[K, V]:
    """Return two mappings as one in which the first counts; a page of a large federation is not copied."""
    return ChainMap(cast("dict[K, V]", first), cast("dict[K, V]", second))


def families_of(needs: Iterable[Need], page: Page, policy: Policy) -> list[list[Need]]:
    """Group what the newcomer shares by what has to come from one build."""
    shapes = {*page.shapes, *((need.scope, need.package, tuple(need.files)) for need in needs)}
    families = group_families(sorted(shapes), (), policy)
    sets = Union()
    for need in needs:
        node = ("package", need.scope, need.package)
        sets.join(node, ("family", families[need.scope, need.package]))
        if need.pool:
            sets.join(node, ("pool", need.scope, need.pool))
    groups: dict[Hashable, list[Need]] = {}
    for need in needs:
        groups.setdefault(sets.find(("package", need.scope, need.package)), []).append(need)
    return [*groups.values()]


@dataclass(frozen=True, slots=True)
class Gap:
    """Why no published build can serve a family; `missing` if it lacks an entrypoint."""

    text: str
    missing: bool


def find_gap(page: Page, family: list[Need]) -> Gap | None:
    """Say what keeps a family from coming from one published build; None if nothing does."""
    providers: dict[str, str] = {}
    for need in family:
        for specifier in need.files:
            found = page.offered.get((need.scope, specifier))
            if found is None:
                return Gap(f"nobody publishes {specifier}", missing=True)
            if need.strict and not satisfies(found.version, need.required):
                text = f"{need.required} rejects {need.package} {found.version} from '{found.remote}'"
                return Gap(text, missing=False)
            providers[found.remote] = need.package
    if len(providers) > 1:
        parts = " and ".join(f"{package} from '{remote}'" for remote, package in sorted(providers.items()))
        return Gap(f"its family comes from several builds, {parts}", missing=False)
    return None
