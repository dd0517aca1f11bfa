"""Kinds of remotes: what one has of a family, each once, and which of several builds is preferred."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

import msgspec

from hanse.resolve.offers import Declaration

__all__ = ["Kind", "package_of_declaration", "prefer"]


class Kind(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What one remote has of a family, without its files: equal remotes are of one kind.

    `declarations` are in the order of packages, of which one may come twice. `tags` maps specifier ->
    version. `simple` says that there is one declaration, and that its range and specifiers
    are all that counts.
    """

    declarations: tuple[Declaration, ...]
    tags: dict[str, str]
    simple: bool

    @property
    def content(self) -> str:
        """Return the whole kind as a text that sorts."""
        return "\n\n".join([declaration.content for declaration in self.declarations])

    def find(self, package: str) -> Declaration | None:
        """Return its declaration of a package, the first where there are several."""
        return next(iter(self.find_all(package)), None)

    def find_all(self, package: str) -> tuple[Declaration, ...]:
        """Return its declarations of a package: one, or none, or several that differ in more than files."""
        declarations = self.declarations
        if self.simple:
            return declarations if declarations[0].package == package else ()
        start = stop = bisect_left(declarations, package, key=package_of_declaration)
        while stop < len(declarations) and declarations[stop].package == package:
            stop += 1
        return declarations[start:stop]

    @property
    def bound(self) -> str | None:
        """Return the private package that only its remote's own build stands beside, if there is one."""
        return next((d.bound for d in self.declarations if d.bound is not None), None)


def prefer(kinds: Iterable[Kind], packages: Sequence[str], hosts: Sequence[Kind]) -> list[Kind]:
    """Order equally good builds: the host's, the latest, the fullest; by package where there are more.

    What is left is ordered by the kinds' whole content, so that the order of remotes never matters.
    """
    ordered = list(kinds)
    if len(ordered) < 2:
        return ordered
    ordered.sort(key=lambda kind: kind.content)
    ordered.sort(key=lambda kind: (ranks_of(kind, packages), len(kind.tags)), reverse=True)
    if hosts:
        ordered.sort(key=lambda kind: kind not in hosts)
    return ordered


def ranks_of(kind: Kind, packages: Sequence[str]) -> tuple[tuple[object, ...], ...]:
    """Return the sort keys of the kind's versions of all packages; one that it lacks sorts lowest."""
    if len(packages) == 1:
        return (kind.declarations[0].rank,)
    ranks = {declaration.package: declaration.rank for declaration in kind.declarations}
    return tuple([ranks.get(package, ()) for package in packages])


def package_of_declaration(declaration: Declaration) -> str:
    """Return what the declarations of a kind are ordered by."""
    return declaration.package
