"""A comparison for people: one line a change, what is many only counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from hanse.cli.explanations import say_cost
from hanse.cli.output import visible
from hanse.resolve.compare import Comparison, MappingChange, PackageChange, PackageState

__all__ = ["render"]

SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}
# The builder's own files: nobody imports them by hand, and one build has dozens.
CHUNK: Final = "@nf-internal/"


def render(found: Comparison) -> str:
    """Write a comparison."""
    if found.same:
        return "no difference"
    lines = [
        *remote_lines(found),
        *(line for change in found.packages for line in package_lines(change)),
        *mapping_lines("imports", found.imports),
        *mapping_lines("scopes", found.scopes),
        *mapping_lines("integrity", found.integrity),
    ]
    if found.cost_before is not None and found.cost_after is not None:
        before = say_cost(found.cost_before.downloads, found.cost_before.bytes)
        after = say_cost(found.cost_after.downloads, found.cost_after.bytes)
        lines.append(f"cost beyond one build of each package: {before} before, {after} after")
    return visible("\n".join(lines))


def remote_lines(found: Comparison) -> Iterator[str]:
    """Say which remotes came, went, and changed."""
    for sign, names in (
        ("+", found.remotes_added),
        ("-", found.remotes_removed),
        ("~", found.remotes_changed),
    ):
        yield from (f"{sign} remote {name}" for name in names)


def package_lines(change: PackageChange) -> Iterator[str]:
    """Say what became of a package: its published build, then the copies that have another verdict."""
    scope = f" [{change.scope}]" if change.scope else ""
    before, after = change.before, change.after
    sign = "+" if before is None else "-" if after is None else "~"
    yield f"{sign} package {change.package}{scope}: {arrow(build(before), build(after))}"
    old = {} if before is None else {copy.remote: copy for copy in before.copies}
    new = {} if after is None else {copy.remote: copy for copy in after.copies}
    for remote in sorted(old.keys() | new.keys()):
        if old.get(remote) != new.get(remote):
            words = [
                f"{copy.version} {copy.action} by '{copy.served_by}'" if copy else "nothing"
                for copy in (old.get(remote), new.get(remote))
            ]
            yield f"    {remote}: {arrow(words[0], words[1])}"


def build(state: PackageState | None) -> str:
    """Name a package's published build."""
    if state is None:
        return "nothing"
    return "no build" if state.version is None else f"{state.version} from '{state.provider}'"


def arrow(before: str, after: str) -> str:
    """Write what was and what is, once where they are equal."""
    return after if before == after else f"{before} -> {after}"


def mapping_lines(title: str, changes: Sequence[MappingChange]) -> Iterator[str]:
    """Write the rules that changed; chunks are counted only."""
    chunks = [change for change in changes if change.key.startswith(CHUNK)]
    for change in changes:
        if not change.key.startswith(CHUNK):
            yield mapping_line(title, change)
    if chunks:
        yield f"~ {title}: {summarise(chunks)} of the builders' own chunks"


def mapping_line(title: str, change: MappingChange) -> str:
    """Write one rule."""
    place = title if change.table == title else f"{title} {change.table}"
    what = arrow(change.before or "nothing", change.after or "nothing")
    owners = " -> ".join(dict.fromkeys(one for one in (change.owner_before, change.owner_after) if one))
    return f"{SIGNS[change.kind]} {place} {change.key}: {what}" + (f" ({owners})" if owners else "")


def summarise(changes: Iterable[MappingChange]) -> str:
    """Count changes by their kind."""
    kinds = [change.kind for change in changes]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in SIGNS if kind in kinds)
