"""From an argument to a resolved federation: a manifest, a hanse.toml, a folder, or a remote entry."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from hanse.cli.options import OriginOptions, PolicyOptions
from hanse.cli.output import progress
from hanse.errors import UsageError
from hanse.federation import Federation, RemoteHealth
from hanse.federation.containers import ServerPaper
from hanse.federation.reading import read_file
from hanse.formats.config import Modules
from hanse.formats.container import Container
from hanse.formats.remote_entry import decode_remote_entry
from hanse.limits import LIMITS
from hanse.net import Access, Client
from hanse.resolve import Plan, Policy, Remote, Strict, resolve
from hanse.resolve.supply import files_of
from hanse.urls import is_web

__all__ = ["Loaded", "is_toml", "load", "make_federation", "read_document"]

ENTRY: Final = "remoteEntry.json"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A federation as it was found; `remotes` are in the manifest's order, `health` knows those left out.

    `containers` are its Module Federation containers, `servers` the manifests of their builds for servers, by
    name; `origins` are those that documents may name.
    """

    remotes: tuple[Remote, ...]
    policy: Policy
    health: tuple[RemoteHealth, ...] = ()
    containers: tuple[Container, ...] = ()
    origins: frozenset[str] = frozenset()
    servers: Mapping[str, ServerPaper] = field(default_factory=dict)

    def plan(self) -> Plan:
        """Resolve it.

        Raises:
            ResolveError: A strict option forbids the outcome.
        """
        with progress("resolving"):
            return resolve(self.remotes, self.policy)

    @property
    def lost(self) -> tuple[RemoteHealth, ...]:
        """Return the remotes that could not be had."""
        return tuple(one for one in self.health if one.status == "failed")

    def troubles(self) -> Iterator[str]:
        """Yield a line for each remote that fails."""
        for one in self.health:
            if one.status != "ok":
                what = "left out" if one.status == "failed" else "an old copy is used"
                yield f"{one.name}: {what}: {one.error}"


def load(source: str, origin: OriginOptions, options: PolicyOptions, *, relaxed: bool = False) -> Loaded:
    """Fetch or read a federation.

    Args:
        source: What the user gave.
        origin: What the manifest does not say.
        options: How it is to be resolved.
        relaxed: Have it even if strict options forbid it; the policy returned has them nevertheless.

    Raises:
        HanseError: There is nothing to resolve, or a strict option forbids it.
    """
    document = find_document(source)
    if document is None:
        remotes = tuple(read_folder(Path(source)))
        return Loaded(remotes, options.over(Policy()))
    with progress(f"fetching {source}"), quiet_logs():
        return asyncio.run(fetch(document, origin, options, relaxed=relaxed))


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Keep the library's log off the terminal: the command itself says what went wrong."""
    logger, handler = logging.getLogger("hanse"), logging.NullHandler()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def find_document(source: str) -> str | None:
    """Return the document that stands for a source: itself, or the one in a folder; None for bare entries."""
    if is_web(source) or not Path(source).is_dir():
        return source
    found = (Path(source) / name for name in ("hanse.toml", "manifest.json"))
    return next((str(file) for file in found if file.is_file()), None)


def is_toml(source: str) -> bool:
    """Tell whether a source is a `hanse.toml`."""
    return not is_web(source) and source.endswith(".toml")


async def fetch(source: str, origin: OriginOptions, options: PolicyOptions, *, relaxed: bool) -> Loaded:
    """Start a federation, take its remotes, and end it."""
    federation, policy = make_federation(source, origin, options, relaxed=relaxed, refresh=None)
    async with federation:
        snapshot = federation.snapshot
        keeper = federation.keeper
        origins = frozenset() if keeper is None else frozenset(keeper.client.access.origins)
        servers = {} if keeper is None else keeper.server_papers()
    names = [one.name for one in snapshot.remotes]
    remotes = tuple(snapshot.plan.remotes[name] for name in names if name in snapshot.plan.remotes)
    containers = tuple(snapshot.containers.containers.values())
    return Loaded(remotes, policy, snapshot.remotes, containers, origins, servers)


def make_federation(
    source: str,
    origin: OriginOptions,
    options: PolicyOptions,
    *,
    refresh: float | None,
    relaxed: bool = False,
    cache_folder: str | None = None,
    modules: Modules | None = "skip",
) -> tuple[Federation, Policy]:
    """Make a federation, and the policy it is to be resolved by.

    The files behind its map are let be unless something else is asked for; None is for the default.

    Raises:
        HanseError: An argument is wrong, or belongs into the `hanse.toml` that is given.
    """
    if is_toml(source):
        if origin.any:
            raise UsageError(
                "a hanse.toml says itself what its origins are",
                subject=source,
                hint="set host_entry, allowed_origins and manifest_integrity in [federation]",
            )
        federation = Federation.from_toml(source, modules=modules)
        return federation, options.over(federation.policy)
    policy = options.over(Policy())
    federation = Federation(
        source,
        policy=msgspec.structs.replace(policy, strict=Strict()) if relaxed else policy,
        host=origin.host_entry,
        allowed_origins=origin.allow_origin,
        manifest_integrity=origin.integrity,
        refresh_interval=refresh,
        cache_folder=cache_folder,
        modules=modules or "read",
    )
    return federation, policy


def read_folder(folder: Path) -> Iterator[Remote]:
    """Read the remote entries in a folder and in those right below it, with the sizes of their files.

    Raises:
        HanseError: There are none, or one of them is wrong.
    """
    files = sorted([*folder.glob(ENTRY), *folder.glob(f"*/{ENTRY}")])
    if not files:
        raise UsageError(
            f"there is no hanse.toml, manifest.json or {ENTRY} in this folder", subject=str(folder)
        )
    for file in files:
        entry = decode_remote_entry(
            read_file(file, folder=folder, cap=LIMITS.remote_entry_bytes), subject=str(file)
        )
        url = f"./{file.relative_to(folder).as_posix()}"
        yield Remote(entry.name, url, entry, sizes=file_sizes(file.parent, Remote(entry.name, url, entry)))


def file_sizes(folder: Path, remote: Remote) -> dict[str, int]:
    """Return file -> bytes, for the files of a remote that are there."""
    found = ((name, folder / name.removeprefix("/")) for name in files_of(remote))
    return {name: file.stat().st_size for name, file in found if file.is_file()}


def read_document(source: str, *, cap: int) -> bytes:
    """Read a file, or fetch a URL that the user wrote down.

    Raises:
        HanseError: It cannot be had.
    """
    if not is_web(source):
        return read_file(Path(source), folder=None, cap=cap)
    with progress(f"fetching {source}"):
        return asyncio.run(fetch_document(source, cap))


async def fetch_document(url: str, cap: int) -> bytes:
    """Fetch one document."""
    async with Client(Access.for_urls([url], local=True)) as client:
        return (await client.fetch(url, cap=cap)).body
