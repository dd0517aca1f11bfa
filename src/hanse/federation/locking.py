"""Locked maps: nothing is served of which some file has no digest in the map."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from hanse.errors import HanseError, ResolveError
from hanse.federation.files import Files, first_errors
from hanse.federation.holdings import Held, Holdings
from hanse.federation.snapshot import Snapshot, digest_of
from hanse.formats.import_map import ImportMap, serialise
from hanse.graph import Graph, place_on_page

__all__ = ["integrity_of", "lock", "lock_snapshot"]

Settle = Callable[[Holdings], Awaitable[Snapshot]]
"""Makes the snapshot of what is held."""

Read = Callable[[Holdings, Snapshot], Awaitable[Files]]
"""Reads the files behind a snapshot."""


async def lock(
    holdings: Holdings, earlier: Holdings | None, *, settle: Settle, read: Read, rounds: int
) -> tuple[Holdings, Snapshot]:
    """Make a locked snapshot of what is held; remotes whose files cannot all be read fail for now.

    Such a remote keeps the entry it had before. If it had none, or the files of that one cannot be read
    either, it is left out. What that changes may reach other files, so that this takes several rounds.

    Args:
        holdings: What is held now.
        earlier: What was held before, with entries whose files could all be read.
        settle: Makes a snapshot.
        read: Reads its files.
        rounds: How many rounds it may take.

    Returns:
        What is held with the failing remotes as they are, and the snapshot of it.

    Raises:
        ResolveError: It took too many rounds, or a file of nobody's cannot be read.
        HanseError: What `settle` raised.
    """
    for _ in range(rounds):
        snapshot = await settle(holdings)
        if snapshot.locked and snapshot.files.complete:
            return holdings, snapshot
        files = await read(holdings, snapshot)
        if files.complete:
            return holdings, await asyncio.to_thread(lock_snapshot, snapshot, files)
        failing = first_errors(files.unread)
        lost = failing.keys() - holdings.remotes.keys()
        if lost:
            error = failing[lost.pop()]
            raise ResolveError(f"a file that nobody owns cannot be read: {error}", subject=error.subject)
        holdings = hold_back(holdings, earlier, failing)
    raise ResolveError(
        f"in {rounds} rounds there was no import map whose files can all be read",
        hint="see the health of the remotes: several of them are being deployed, or have lost files",
    )


def hold_back(holdings: Holdings, earlier: Holdings | None, failing: Mapping[str, HanseError]) -> Holdings:
    """Put the entries of before in the place of those that fail, or nothing where they are the same."""
    before = {} if earlier is None else earlier.remotes
    remotes: dict[str, Held] = {}
    for name, held in holdings.remotes.items():
        error = failing.get(name)
        if error is None:
            remotes[name] = held
            continue
        known = before.get(name)
        good = None if known is None else known.good
        same = good is None or held.good is None or good.digest == held.good.digest
        remotes[name] = replace(held, good=None if same else good, error=error)
    return replace(holdings, remotes=remotes)


def lock_snapshot(snapshot: Snapshot, files: Files) -> Snapshot:
    """Return a snapshot whose import map has the integrity of each of its files."""
    plain = snapshot.plan.import_map
    locked = ImportMap(plain.imports, plain.scopes, integrity_of(files.graph, plain.integrity))
    body = serialise(locked)
    digest = digest_of(body, snapshot.plan.policy, snapshot.containers)
    return replace(snapshot, digest=digest, import_map_json=body, files=files, locked_map=locked)


def integrity_of(graph: Graph, plain: Mapping[str, str]) -> dict[str, str]:
    """Return the digest of each file of a graph, under the URLs that a map has for them already.

    Args:
        graph: The files.
        plain: The integrity the map has; its values have been checked against the files.
    """
    spelt = {place_on_page(url): url for url in plain}
    return {spelt.get(place_on_page(url), url): file.digest for url, file in graph.items()}
