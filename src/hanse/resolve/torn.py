"""The no-tear check: what a pool is about to hand each remote must be something one build shipped."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from hanse.resolve.pool_graph import Member
from hanse.resolve.pool_views import Build, live_builds, published_tags

__all__ = ["find_torn"]


def find_torn(
    members: Sequence[Member],
    islanded: Collection[str],
    basis: Mapping[str, str],
    served: Mapping[str, Mapping[str, str]],
    hosts: Collection[str],
) -> dict[str, str]:
    """Return remote -> the combination of versions it would get that nobody shipped together.

    Only remotes whose resolution pooling may have moved are judged, and never a host: it cannot be moved.
    Versions are compared, not origins: two builds of one version serve it equally well.
    """
    suspects, self_served = moved_remotes(members, islanded, basis, served, hosts)
    if not suspects:
        return {}
    builds = live_builds(members, islanded)
    published = published_tags(members, islanded)
    torn: dict[str, str] = {}
    for remote, copies in own_copies(members, suspects).items():
        own: dict[str, str] = {}
        resolved: dict[str, str] = {}
        for package, tag, specifiers in copies:
            itself = package in self_served.get(remote, ())
            source = remote if itself else served.get(remote, {}).get(package)
            for specifier in specifiers:
                own.setdefault(specifier, tag)
                got = resolved_tag(specifier, tag, remote, source, builds, published)
                if got is not None:
                    resolved.setdefault(specifier, got)
        if resolved and not any(
            ships(build, resolved) for build in (own, *(b.tags for b in builds.values()))
        ):
            torn[remote] = ", ".join(f"{specifier}@{tag}" for specifier, tag in resolved.items())
    return torn


def resolved_tag(
    specifier: str,
    own_tag: str,
    remote: str,
    source: str | None,
    builds: Mapping[str, Build],
    published: Mapping[str, str],
) -> str | None:
    """Return the version of a specifier that the remote would get."""
    if source == remote:
        return own_tag
    if source is None:
        return published.get(specifier)
    build = builds.get(source)
    return None if build is None else build.tags.get(specifier)


def ships(tags: Mapping[str, str], resolved: Mapping[str, str]) -> bool:
    """Tell whether a build has exactly these versions."""
    return all(tags.get(specifier) == tag for specifier, tag in resolved.items())


def own_copies(
    members: Sequence[Member], remotes: Collection[str]
) -> dict[str, list[tuple[str, str, Iterable[str]]]]:
    """Return remote -> its copies as (package, version, specifiers), scoped ones too; one a package."""
    own: dict[str, dict[str, tuple[str, str, Iterable[str]]]] = {}
    for member in members:
        for row in member.external.rows:
            for copy in row.copies:
                if copy.name in remotes:
                    copies = own.setdefault(copy.name, {})
                    copies.setdefault(member.name, (member.name, row.tag, copy.entries))
    return {remote: list(own[remote].values()) for remote in remotes if remote in own}


def moved_remotes(
    members: Sequence[Member],
    islanded: Collection[str],
    basis: Mapping[str, str],
    served: Mapping[str, Mapping[str, str]],
    hosts: Collection[str],
) -> tuple[dict[str, None], dict[str, set[str]]]:
    """Return the remotes pooling may have moved, and what each of them must serve itself."""
    suspects = {name: None for name in served if name not in islanded and name not in hosts}
    self_served: dict[str, set[str]] = {}
    for member in members:
        unpublished = member.name not in basis
        for row in member.external.rows:
            scoped = row.action == "scope"
            if not unpublished and not scoped:
                continue
            for copy in row.copies:
                if copy.name not in islanded and copy.name not in hosts:
                    suspects[copy.name] = None
                if scoped or member.name not in served.get(copy.name, {}):
                    self_served.setdefault(copy.name, set()).add(member.name)
    return suspects, self_served
