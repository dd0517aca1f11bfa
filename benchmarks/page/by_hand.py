"""The page a person would write who knew everything: one finished map, and every file preloaded.

It is the reference. It is made from what the generator knows, without Hanse: which versions there are, who
takes no other, and which module imports which.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from benchmarks.page.federation import CHUNK, Federation, Offer, Remote, folder_of
from benchmarks.page.sources import Script

__all__ = ["Table", "list_closure", "specifier_of", "write_map"]

Table = dict[str, str]


def write_map(federation: Federation, origins: Sequence[str]) -> tuple[Table, dict[str, Table]]:
    """Write the import map of the whole federation: its `imports` and its `scopes`.

    Of each package the version that turns the fewest away is published, among equals the highest, from the
    first remote that has it. Who is turned away keeps its own copy.
    """
    imports: Table = {}
    scopes: dict[str, Table] = {}
    for specifier in sorted({name for remote in federation.remotes for name in remote.shares}):
        offers = [
            (remote, remote.shares[specifier]) for remote in federation.remotes if specifier in remote.shares
        ]
        version = elect([offer for _, offer in offers])
        publisher, published = next(pair for pair in offers if pair[1].version == version)
        imports[specifier] = folder_of(publisher, origins) + published.file
        for remote, offer in offers:
            if turned_away(offer, version):
                scopes.setdefault(folder_of(remote, origins), {})[specifier] = (
                    folder_of(remote, origins) + offer.file
                )
        if specifier == "react":
            folder = folder_of(publisher, origins)
            scopes.setdefault(folder, {})[CHUNK] = folder + publisher.chunk
    for remote in federation.remotes:
        for key, file in remote.exposes.items():
            imports[specifier_of(remote, key)] = folder_of(remote, origins) + file
    return imports, scopes


def elect(offers: Sequence[Offer]) -> str:
    """Choose the version to publish."""

    def rank(version: str) -> tuple[int, list[int]]:
        return -sum(turned_away(offer, version) for offer in offers), [
            int(part) for part in version.split(".")
        ]

    return max({offer.version for offer in offers}, key=rank)


def turned_away(offer: Offer, version: str) -> bool:
    """Tell whether the version is not for who made this offer; there is one major alone."""
    return offer.insists and offer.version.split(".")[1] != version.split(".")[1]


def specifier_of(remote: Remote, key: str) -> str:
    """Return what the page imports."""
    return f"{remote.name}/{key.removeprefix('./')}"


def list_closure(
    federation: Federation, imports: Table, scopes: dict[str, Table], origins: Sequence[str]
) -> list[str]:
    """List the URL of every file that runs when the shown modules are imported, breadth first."""
    scripts = {
        folder_of(remote, origins) + file: (folder_of(remote, origins), script)
        for remote in federation.remotes
        for file, script in remote.scripts.items()
    }
    found = dict.fromkeys(imports[specifier_of(remote, key)] for remote, key in federation.shown)
    waiting = deque(found)
    while waiting:
        folder, script = scripts[waiting.popleft()]
        new = [url for url in targets(folder, script, imports, scopes.get(folder, {})) if url not in found]
        found |= dict.fromkeys(new)
        waiting += new
    return [*found]


def targets(folder: str, script: Script, imports: Table, scope: Table) -> Iterator[str]:
    """Yield the URLs of what a module imports."""
    for name in script.imports:
        yield folder + name.removeprefix("./") if name.startswith("./") else scope.get(name) or imports[name]
