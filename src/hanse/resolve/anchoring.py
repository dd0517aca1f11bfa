"""Which build serves which remote of a pool.

A remote needs no anchor when what the map would hand it is a combination some build shipped (a *witness*).
Else one build must have all its specifiers, at versions its own ranges accept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from hanse.resolve.acceptance import Acceptance
from hanse.resolve.pool_graph import Member, collation_key
from hanse.resolve.pool_views import Build

__all__ = ["Gap", "Tolerance", "Witnesses", "assign_anchors", "explain_gap"]


class Tolerance:
    """Which versions of which packages each remote accepts, by its own ranges."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.lines: dict[str, Acceptance] = {}
        self.ranges: dict[tuple[str, str], str] = {}
        for member in members:
            self.lines[member.name] = Acceptance(row.tag for row in member.external.rows)
            for row in member.external.rows:
                for copy in row.copies:
                    self.ranges.setdefault((copy.name, member.name), copy.required)

    def accepts(self, remote: str, package: str, tag: str | None) -> bool:
        """Tell whether the remote accepts that version of the package."""
        required = self.ranges.get((remote, package))
        return tag is not None and required is not None and self.lines[package].accepts(required, tag)

    def accepts_all(self, remote: str, packages: Iterable[str], build: Build) -> bool:
        """Tell whether the build offers every package at a version the remote accepts."""
        return all(self.accepts(remote, package, build.instance.get(package)) for package in packages)


class Witnesses:
    """Answers whether some build ships all of a set of specifiers at their published versions.

    A build witnesses the specifiers at which it agrees with what is published. Builds of one release
    agree on the same ones, so there are few such sets.
    """

    def __init__(self, published: dict[str, str], builds: Iterable[Build]) -> None:
        self.published = published
        agreeing = {
            frozenset(s for s, tag in build.tags.items() if published.get(s) == tag) for build in builds
        }
        self.agreeing = sorted(agreeing, key=len, reverse=True)
        self.known: dict[frozenset[str], bool] = {}
        self.any = bool(agreeing)

    def witnessed(self, specifiers: Iterable[str]) -> bool:
        """Tell whether one build ships them all as published."""
        wanted = frozenset(specifiers)
        answer = self.known.get(wanted)
        if answer is None:
            answer = any(wanted <= agreed for agreed in self.agreeing)
            self.known[wanted] = answer
        return answer


class Gap(msgspec.Struct, frozen=True):
    """What the closest build falls short of: an entrypoint, or a package at a version."""

    text: str
    closest: str | None


def explain_gap(
    remote: str,
    packages: Sequence[str],
    specifiers: Iterable[str],
    builds: dict[str, Build],
    tolerance: Tolerance,
) -> Gap:
    """Say why no build could serve the remote: by the build that misses the fewest entrypoints."""
    wanted = list(specifiers)
    gap = Gap(packages[0] if packages else "", None)
    fewest = len(wanted) + 1
    for name, build in builds.items():
        if name == remote:
            continue
        missing = [s for s in wanted if s not in build.files]
        if len(missing) >= fewest:
            continue
        fewest = len(missing)
        text = missing[0] if missing else rejected_package(remote, packages, build, tolerance)
        gap = Gap(text or gap.text, name)
        if not fewest:
            break
    return gap


def rejected_package(remote: str, packages: Sequence[str], build: Build, tolerance: Tolerance) -> str | None:
    """Return the first package the build lacks, or offers at a version the remote rejects."""
    for package in packages:
        tag = build.instance.get(package)
        if tag is None:
            return package
        if not tolerance.accepts(remote, package, tag):
            return f"{package}@{tag}"
    return None


def assign_anchors(
    builds: dict[str, Build],
    tolerance: Tolerance,
    *,
    needs: dict[str, tuple[list[str], dict[str, None]]],
    hosts: Iterable[str],
    arrival: dict[str, int],
) -> dict[str, str | None]:
    """Give each needy remote the build that serves it, None where it serves itself.

    Hosts serve all they can, first; then repeatedly the build that serves most of those left. Ties go by
    arrival, then by name. A build chosen as an anchor runs its own build, and so does a host.

    Args:
        builds: Remote -> its build.
        tolerance: Who accepts what.
        needs: Remote -> its packages and specifiers.
        hosts: The host remotes of the pool.
        arrival: Remote -> order of appearance.
    """

    def rank(name: str) -> tuple[int, object]:
        return arrival.get(name, len(arrival)), collation_key(name)

    can_serve = service_test(builds, tolerance, needs)
    pending = dict.fromkeys(sorted(needs, key=rank))
    assignment: dict[str, str | None] = {}
    anchored: set[str] = set()

    def elect(anchor: str, served: list[str]) -> None:
        pending.pop(anchor, None)
        assignment[anchor] = None
        for consumer in served:
            pending.pop(consumer, None)
            anchored.add(consumer)
            assignment[consumer] = anchor

    for host in sorted(hosts, key=rank):
        serves = host in builds
        elect(host, [c for c in pending if serves and c != host and can_serve(host, c)])
    candidates = {
        name: [c for c in pending if c != name and can_serve(name, c)] for name in sorted(builds, key=rank)
    }
    while True:
        best: str | None = None
        most: list[str] = []
        for name, could in candidates.items():
            if name in anchored or len(could) <= len(most):
                continue
            served = [c for c in could if c in pending]
            if len(served) > len(most):
                best, most = name, served
        if best is None:
            break
        elect(best, most)
    return assignment | dict.fromkeys(pending)


def service_test(
    builds: dict[str, Build],
    tolerance: Tolerance,
    needs: dict[str, tuple[list[str], dict[str, None]]],
) -> Callable[[str, str], bool]:
    """Return `can_serve(build, consumer)`, which asks each kind of build and consumer once."""
    offers = {name: (frozenset(build.files), tuple(build.instance.items())) for name, build in builds.items()}
    demands = {
        name: (frozenset(specifiers), tuple((p, tolerance.ranges.get((name, p))) for p in packages))
        for name, (packages, specifiers) in needs.items()
    }
    known: dict[tuple[object, object], bool] = {}

    def can_serve(build: str, consumer: str) -> bool:
        offer, demand = offers[build], demands[consumer]
        answer = known.get((offer, demand))
        if answer is None:
            answer = demand[0] <= offer[0] and tolerance.accepts_all(
                consumer, needs[consumer][0], builds[build]
            )
            known[offer, demand] = answer
        return answer

    return can_serve
