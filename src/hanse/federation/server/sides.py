"""Whether the two builds of a remote belong together: that which is rendered, and that which browsers run.

They are deployed one after the other, and not always both. What one build has rendered must not be taken over
by another one: its components may show something else, or want other properties.
"""

from __future__ import annotations

from hanse.federation.holdings import Good
from hanse.federation.server.supplies import Supply
from hanse.formats.server_entry import ServerEntry
from hanse.stream.import_entries import UNTOLD

__all__ = ["torn"]


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


def shown(digest: str) -> str:
    """Shorten a digest."""
    return f"{digest[:19]}…"
