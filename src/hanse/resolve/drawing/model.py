"""The graph behind the drawings: nodes and edges, each with the sentence it stands for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from hanse.resolve.plan import PackagePlan, Plan
from hanse.resolve.record import GLOBAL
from hanse.resolve.supply import Supply, supplies, supply_name

__all__ = ["Drawing", "Edge", "EdgeKind", "PackageNode", "RemoteNode", "draw"]

EdgeKind = Literal["serves", "uses", "strained", "keeps"]
"""`serves`: a remote's build is published. `uses`: a remote gets that build. `strained`: so it does, and its
range rejects it, or it gets the package in pieces. `keeps`: a remote loads a copy of its own."""


class RemoteNode(msgspec.Struct, frozen=True):
    """A remote."""

    id: str
    name: str
    host: bool


class PackageNode(msgspec.Struct, frozen=True):
    """A package in one share scope; `scope` is empty for the one everybody is in.

    `versions` are those that somebody serves: one, but for the strict share scope; none where everybody
    keeps their own.
    """

    id: str
    package: str
    scope: str
    versions: tuple[str, ...]


class Edge(msgspec.Struct, frozen=True):
    """A relation between a remote and a package; `label` is short or empty, `sentence` says it all."""

    kind: EdgeKind
    remote: str
    package: str
    label: str
    sentence: str


class Drawing(msgspec.Struct, frozen=True):
    """A federation as a graph; everything is in the order of names, edges by package."""

    title: str
    remotes: tuple[RemoteNode, ...]
    packages: tuple[PackageNode, ...]
    edges: tuple[Edge, ...]


def draw(plan: Plan) -> Drawing:
    """Make the graph of a plan; the same plan gives the same graph."""
    names = sorted((supply_name(remote, plan), remote.host) for remote in plan.remotes.values())
    remotes = tuple(RemoteNode(f"r{index}", name, host) for index, (name, host) in enumerate(names))
    ids = {remote.name: remote.id for remote in reversed(remotes)}
    supplied: dict[tuple[str, str], list[Supply]] = {}
    for (scope, package, _), supply in sorted(supplies(plan).items()):
        supplied.setdefault((scope, package), []).append(supply)
    packages, edges = [], []
    for index, key in enumerate(sorted(supplied)):
        node = package_node(f"p{index}", plan.packages[key], supplied[key])
        packages.append(node)
        edges += package_edges(node, supplied[key], ids)
    return Drawing(
        title=f"{count(remotes, 'remote')} and {count(packages, 'shared package')}",
        remotes=remotes,
        packages=tuple(packages),
        edges=tuple(edges),
    )


def count(things: Iterable[object], noun: str) -> str:
    """Write a number and its noun."""
    number = len(list(things))
    return f"{number} {noun}{'' if number == 1 else 's'}"


def package_node(name: str, plan: PackagePlan, supplied: list[Supply]) -> PackageNode:
    """Make the node of a package."""
    served = [version for supply in supplied if not supply.own for version in supply.versions]
    first = [] if plan.version is None else [plan.version]
    scope = "" if plan.scope == GLOBAL else plan.scope
    return PackageNode(name, plan.package, scope, tuple(dict.fromkeys(first + served)))


def package_edges(node: PackageNode, supplied: list[Supply], ids: dict[str, str]) -> list[Edge]:
    """Make the edges of one package: who serves, then who uses."""
    serving = dict.fromkeys(
        source for supply in supplied if not supply.own for source in supply.sources if source in ids
    )
    edges = [serving_edge(node, remote, supplied, ids) for remote in sorted(serving)]
    using = [s for s in supplied if s.remote in ids and (s.own or s.sources != (s.remote,))]
    return edges + [using_edge(node, supply, ids[supply.remote]) for supply in using]


def serving_edge(node: PackageNode, remote: str, supplied: list[Supply], ids: dict[str, str]) -> Edge:
    """Make the edge from a remote whose build is published."""
    own = next((supply.version for supply in supplied if supply.remote == remote), "")
    users = [s.remote for s in supplied if remote in s.sources and s.remote != remote]
    whom = f" to {', '.join(users)}" if users else ", and nobody else uses it"
    text = f"{remote} serves {node.package} {own}".rstrip() + whom
    return Edge("serves", ids[remote], node.id, own if len(node.versions) > 1 else "", text)


def using_edge(node: PackageNode, supply: Supply, remote: str) -> Edge:
    """Make the edge to a remote that gets the package, or keeps its own."""
    name, package = supply.remote, node.package
    if supply.own:
        text = f"{name} keeps its own {package} {supply.version}"
        return Edge("keeps", remote, node.id, f"own {supply.version}", text)
    versions, sources = " + ".join(supply.versions) or "nothing", " and ".join(supply.sources) or "nobody"
    text = f"{name} gets {package} {versions} of {sources}"
    if len(supply.versions) > 1 or supply.missing:
        lost = f", and nothing for {', '.join(supply.missing)}" if supply.missing else ""
        return Edge("strained", remote, node.id, "torn", f"{text}: torn{lost}")
    if supply.rejected:
        text += f", which its range {supply.required} rejects"
        return Edge("strained", remote, node.id, f"wants {supply.required}", text)
    return Edge("uses", remote, node.id, versions if len(node.versions) > 1 else "", text)
