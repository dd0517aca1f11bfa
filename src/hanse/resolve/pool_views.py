"""Read-only projections of a pool: what each build has, what each remote needs, what the map publishes.

Everything is keyed by specifier, not by package: a flat entry lists as a package what a dense one has as an
entrypoint of another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import msgspec

from hanse.resolve.pool_graph import Member
from hanse.resolve.record import Copy, Row

__all__ = [
    "Build",
    "arrival_order",
    "basis_of_members",
    "consumed_members",
    "consumed_specifiers",
    "global_claims",
    "host_remotes",
    "live_builds",
    "published_tags",
    "served_whole",
    "serving_builds",
]


class Build(msgspec.Struct):
    """One remote's build of a pool: specifier -> file, specifier -> version, package -> version."""

    files: dict[str, str] = {}
    tags: dict[str, str] = {}
    instance: dict[str, str] = {}


def live_builds(
    members: Sequence[Member], islanded: Collection[str] = (), *, with_scoped: bool = False
) -> dict[str, Build]:
    """Return remote -> its build, without islands.

    Args:
        members: The pool.
        islanded: Remotes that serve themselves and so nobody else.
        with_scoped: Count scoped copies too, as the committed record of a loaded page does.
    """
    builds: dict[str, Build] = {}
    for member in members:
        for row in member.external.rows:
            if row.action == "scope" and not with_scoped:
                continue
            for copy in row.copies:
                if copy.name not in islanded:
                    add_to_build(builds.setdefault(copy.name, Build()), member.name, row.tag, copy)
    return builds


def add_to_build(build: Build, package: str, tag: str, copy: Copy) -> None:
    """Add one copy; of a package or specifier that comes twice the first version counts."""
    build.instance.setdefault(package, tag)
    for specifier, file in copy.entries.items():
        build.files[specifier] = file
        build.tags.setdefault(specifier, tag)


def consumed_members(members: Sequence[Member]) -> dict[str, list[str]]:
    """Return remote -> the packages of the pool it declares."""
    consumed: dict[str, list[str]] = {}
    for member in members:
        for name in {copy.name: None for row in member.external.rows for copy in row.copies}:
            consumed.setdefault(name, []).append(member.name)
    return consumed


def consumed_specifiers(members: Sequence[Member]) -> dict[str, dict[str, None]]:
    """Return remote -> the specifiers it imports, in order."""
    consumed: dict[str, dict[str, None]] = {}
    for member in members:
        for row in member.external.rows:
            for copy in row.copies:
                consumed.setdefault(copy.name, {}).update(dict.fromkeys(copy.entries))
    return consumed


def serving_builds(members: Sequence[Member], islanded: Collection[str]) -> dict[str, str]:
    """Return package -> the remote that serves its shared version; nothing where nobody is left."""
    return basis_of_members(members, lambda name: name not in islanded)


def basis_of_members(members: Sequence[Member], accepts: Callable[[str], bool]) -> dict[str, str]:
    """Return package -> the first remote of its shared version that `accepts` lets through."""
    basis: dict[str, str] = {}
    for member in members:
        shared = shared_row(member)
        if shared is not None:
            name = next((copy.name for copy in shared.copies if accepts(copy.name)), None)
            if name is not None:
                basis[member.name] = name
    return basis


def shared_row(member: Member) -> Row | None:
    """Return the shared version of a package."""
    return next((row for row in member.external.rows if row.action == "share"), None)


def served_whole(members: Sequence[Member], build: str, islanded: Collection[str]) -> bool:
    """Tell whether one build has every specifier that anybody of the pool wants."""
    served: set[str] = set()
    wanted: set[str] = set()
    for member in members:
        for row in member.external.rows:
            for copy in row.copies:
                if copy.name == build:
                    served.update(copy.entries)
                elif copy.name not in islanded and not copy.entries.keys() <= wanted:
                    wanted.update(copy.entries)
    return wanted <= served


def host_remotes(members: Sequence[Member]) -> dict[str, None]:
    """Return the hosts among the pool's remotes: the first copy of a row the host contributed."""
    return {
        row.copies[0].name: None
        for member in members
        for row in member.external.rows
        if row.host and row.copies
    }


def arrival_order(members: Sequence[Member]) -> dict[str, int]:
    """Return remote -> its place in the order of first appearance."""
    arrival: dict[str, int] = {}
    for member in members:
        for row in member.external.rows:
            for copy in row.copies:
                arrival.setdefault(copy.name, len(arrival))
    return arrival


def global_claims(members: Sequence[Member], islanded: Collection[str]) -> Iterator[tuple[str, Copy]]:
    """Walk (version, copy) in the order in which `imports` is filled: shared versions, then gaps."""
    for member in members:
        shared = shared_row(member)
        skipping = [row for row in member.external.rows if row.action == "skip"]
        for row in ([shared] if shared is not None else []) + skipping:
            for copy in row.copies:
                if not copy.served_by and copy.name not in islanded:
                    yield row.tag, copy


def published_tags(members: Sequence[Member], islanded: Collection[str]) -> dict[str, str]:
    """Return specifier -> the version `imports` publishes it at."""
    published: dict[str, str] = {}
    for tag, copy in global_claims(members, islanded):
        if not copy.entries.keys() <= published.keys():
            for specifier in copy.entries:
                published.setdefault(specifier, tag)
    return published
