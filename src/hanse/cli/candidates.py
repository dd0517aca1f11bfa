"""Where a candidate belongs: the remote it replaces, and the URL it will be served from."""

from __future__ import annotations

from hanse.cli.sources import Loaded
from hanse.formats.remote_entry import RemoteEntry
from hanse.names import check_remote_name
from hanse.resolve import Remote
from hanse.urls import is_web

__all__ = ["place_candidate"]


def place_candidate(
    loaded: Loaded, entry: RemoteEntry, source: str, *, name: str | None, url: str | None
) -> Remote:
    """Make a remote of a candidate's entry.

    Args:
        loaded: The federation as it is.
        entry: The candidate's entry.
        source: Where the entry was read.
        name: Its name in the manifest, where the user gave one.
        url: Where it will be served, where the user said so.

    Raises:
        FormatError: The name is none.
    """
    chosen = name or find_name(loaded, entry)
    check_remote_name(chosen, subject="--name")
    known = {one.name: one.url for one in loaded.health} | {one.name: one.url for one in loaded.remotes}
    own = source if is_web(source) else f"./{chosen}/remoteEntry.json"
    return Remote(chosen, url or known.get(chosen) or own, entry)


def find_name(loaded: Loaded, entry: RemoteEntry) -> str:
    """Return the manifest's name for an entry: its own, or that of the remote whose entry is called so."""
    names = {one.name for one in loaded.health} | {one.name for one in loaded.remotes}
    if entry.name in names:
        return entry.name
    aliases = [one.name for one in loaded.remotes if one.entry.name == entry.name]
    return aliases[0] if aliases else entry.name
