"""Whether the two builds of a remote belong together: that which is rendered, and that which browsers run.

They are deployed one after the other, and not always both. What one build has rendered must not be taken over
by another one: its components may show something else, or want other properties.
"""

from __future__ import annotations

from collections.abc import Mapping

from hanse.federation.holdings import Good
from hanse.federation.server.supplies import Supply
from hanse.formats.server_entry import ServerEntry
from hanse.resolve.absence import Importer, find_absent, importer_of, remotes_in
from hanse.stream.import_entries import UNTOLD

__all__ = ["torn", "uneven"]


def torn(supply: Supply, entry: ServerEntry, good: Good | None) -> str | None:
    """Say how the builds of a remote differ; None where they belong together, or nobody can tell.

    Args:
        supply: Where the server build comes from.
        entry: That of the build that runs.
        good: What browsers get of the remote; None where they get nothing.
    """
    if good is None or not supply.trusted or supply.kind == "delegate":
        return None
    told = entry.browser and (supply.kind == "sealed" or supply.url == good.url)
    if told and entry.browser != good.digest:
        return (
            f"its server build belongs with the browser build {shown(entry.browser)}, "
            f"but browsers get {shown(good.digest)}"
        )
    there = None if good.container is None else good.container.build_version
    if there is not None and entry.version not in (UNTOLD, there):
        return f"its server build is {entry.version}, but browsers get {there}"
    return None


def uneven(goods: Mapping[str, Good], here: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Return the remotes that would render something else than browsers, with the reason.

    What is absent on one side alone has a stand-in there: whoever uses the importer, too, sees that.

    Args:
        goods: What browsers get.
        here: Remote -> the modules of others that are absent on the server.
    """
    if not here and not any(good.entry.absence for good in goods.values()):
        return {}
    importers = {name: importer_of(good.entry) for name, good in goods.items() if good.container is None}
    there = find_absent(importers, goods.keys() - importers.keys())
    found: dict[str, str] = {}
    for name in here.keys() | there.keys():
        odd = sorted(here.get(name, frozenset()) ^ there.get(name, {}).keys())
        if odd:
            side = "on the server" if odd[0] in here.get(name, ()) else "for browsers"
            found[name] = f"{odd[0]} is absent {side} alone"
    pass_on(importers, found)
    return found


def pass_on(importers: Mapping[str, Importer], found: dict[str, str]) -> None:
    """Add those who use what is uneven."""
    uses = {name: remotes_in(one.absence.stand_ins, importers) for name, one in importers.items()}
    while fresh := {
        name: next(found[one] for one in sorted(used & found.keys()))
        for name, used in uses.items()
        if name not in found and used & found.keys()
    }:
        found.update(fresh)


def shown(digest: str) -> str:
    """Shorten a digest."""
    return f"{digest[:19]}…"
