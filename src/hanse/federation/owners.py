"""Whose files lie where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hanse.federation.files import Owner, Owners
from hanse.federation.holdings import Holdings
from hanse.graph import place_on_page
from hanse.resolve.facade import Facades
from hanse.resolve.paths import join, scope_url

__all__ = ["make_owner", "owners_of"]


def owners_of(holdings: Holdings) -> Owners:
    """Return the owners of the folders of all that is held; of two remotes in one folder, the first."""
    found: dict[str, Owner] = {}
    for name, held in holdings.remotes.items():
        if held.good is not None and held.good.container is not None:
            if held.good.facades is not None:
                owner = own_facades(name, held.good.digest, held.good.facades)
                found.setdefault(owner.scope, owner)
        elif held.good is not None:
            entry, place, deadline = held.good.entry, held.listed.place, held.listed.deadline
            folder = None if place.file is None else place.folder
            scope = scope_url(entry.url or held.good.url)
            owner = make_owner(
                name, scope, held.good.digest, entry.integrity or {}, folder=folder, deadline=deadline
            )
            found.setdefault(owner.scope, owner)
    return Owners(found)


def own_facades(name: str, digest: str, facades: Facades) -> Owner:
    """Make the owner of a container's facades, whose texts are at hand."""
    remote = facades.remote
    owner = make_owner(name, scope_url(remote.url), digest, remote.entry.integrity or {})
    placed = ((place_on_page(url) or url, text.encode()) for url, text in facades.texts.items())
    return replace(owner, texts=dict(placed))


def make_owner(
    name: str,
    scope: str,
    digest: str,
    integrity: Mapping[str, str],
    *,
    folder: Path | None = None,
    deadline: float | None = None,
) -> Owner:
    """Make the owner of a folder, with the absolute URLs of its files."""
    placed = ((place_on_page(join(scope, file)), value) for file, value in integrity.items())
    known = {url: value for url, value in placed if url is not None}
    return Owner(name, place_on_page(scope) or scope, digest, known, folder, deadline)
