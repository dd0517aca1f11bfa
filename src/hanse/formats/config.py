"""`hanse.toml`, read: every fault with its file, line and key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal

import msgspec

from hanse.errors import FormatError
from hanse.formats.config_structs import (
    Config,
    HostEntry,
    Layer,
    Modules,
    Options,
    RemoteSettings,
    RenderingSettings,
)
from hanse.formats.decoding import shorten
from hanse.formats.digests import integrity_fault
from hanse.formats.manifest import SOME_PAGE, Remote, facade_faults
from hanse.formats.toml_source import (
    Path,
    Source,
    check_keys,
    open_source,
    read_struct,
    read_table,
)
from hanse.limits import LIMITS, Limits
from hanse.names import package_name_fault, remote_name_fault
from hanse.urls import join, origin

__all__ = [
    "Config",
    "HostEntry",
    "Layer",
    "Modules",
    "Options",
    "RemoteSettings",
    "RenderingSettings",
    "decode_config",
    "read_config",
]

TABLES: Final = ("federation", "remotes", "rendering", "app", "exposes", "shared")


class FederationTable(msgspec.Struct, frozen=True, kw_only=True):
    """`[federation]` as it stands in the file; tables inside it are read on their own."""

    manifest: str | None = None
    manifest_integrity: str | None = None
    remotes: dict[str, object] = {}
    policy: Literal["coherent", "compatible"] = "coherent"
    options: dict[str, object] = {}
    families: list[list[str]] = []
    host_entry: str | dict[str, object] | None = None
    allowed_origins: list[str] = []
    refresh: Annotated[float, msgspec.Meta(ge=0)] | None = None
    cache_folder: str | None = None
    development: bool = False
    modules: Modules = "read"
    facade_base: str | None = None


def decode_config(
    data: bytes | str,
    *,
    environment: Mapping[str, str],
    subject: str = "hanse.toml",
    limits: Limits = LIMITS,
) -> Config:
    """Decode a `hanse.toml`.

    Args:
        data: The file.
        environment: What `env:NAME` is looked up in.
        subject: The file's name, for messages.
        limits: The cap on its size.

    Raises:
        FormatError: Not TOML, an unknown key, a value of the wrong kind, a variable that is not set. Its
            subject is `hanse.toml:LINE`, its path the key.
    """
    config, faults = read_config(data, environment=environment, subject=subject, limits=limits)
    if faults:
        raise faults[0]
    return config


def read_config(
    data: bytes | str,
    *,
    environment: Mapping[str, str] | None,
    subject: str = "hanse.toml",
    limits: Limits = LIMITS,
) -> tuple[Config, list[FormatError]]:
    """Read as much of a `hanse.toml` as can be read, and list every fault, in the file's order.

    Without an environment, values that stand in one are left at their defaults.

    Raises:
        FormatError: It is too large, or not TOML, so that nothing can be read.
    """
    source = open_source(data, environment, subject, limits)
    tables = {
        key: table
        for key in check_keys(source, (), source.document, TABLES)
        if (table := read_table(source, (key,), source.document[key])) is not None
    }
    settings = read_settings(source, tables.get("remotes", {}))
    federation = read_federation(source, tables.get("federation", {}), settings)
    rendering = read_struct(source, ("rendering",), tables.get("rendering", {}), RenderingSettings)
    config = msgspec.structs.replace(
        federation,
        settings=settings,
        rendering=rendering or RenderingSettings(),
        app=tables.get("app", {}),
        exposes=tables.get("exposes", {}),
        shared=tables.get("shared", {}),
    )
    return config, source.in_order()


def read_federation(
    source: Source, table: Mapping[str, object], settings: Mapping[str, RemoteSettings]
) -> Config:
    """Read `[federation]`, and put the remotes that have a URL of their own into its remotes."""
    path = ("federation",)
    raw = read_struct(source, path, table, FederationTable) or FederationTable()
    options = read_struct(source, (*path, "options"), raw.options, Options) or Options()
    remotes = read_remotes(source, (*path, "remotes"), raw.remotes)
    for name, item in settings.items():
        if name in remotes and item.url is not None:
            source.complain(("remotes", name, "url"), "this remote's URL is also in `[federation.remotes]`")
        elif item.url is not None:
            remotes[name] = Remote(item.url, item.integrity, item.server, item.type, item.facade)
    check(source, (*path, "manifest_integrity"), raw.manifest_integrity, integrity_fault, "a digest")
    check_origins(source, (*path, "allowed_origins"), raw.allowed_origins)
    for family in raw.families:
        for package in family:
            check(source, (*path, "families"), package, package_name_fault, "a package's name")
    return Config(
        manifest=raw.manifest,
        manifest_integrity=raw.manifest_integrity,
        remotes=remotes,
        policy=raw.policy,
        options=options.given(),
        families=tuple(map(tuple, raw.families)),
        host_entry=read_host(source, (*path, "host_entry"), raw.host_entry),
        allowed_origins=tuple(raw.allowed_origins),
        refresh=raw.refresh,
        cache_folder=raw.cache_folder,
        development=raw.development,
        modules=raw.modules,
        facade_base=raw.facade_base,
    )


def read_remotes(source: Source, path: Path, table: Mapping[str, object]) -> dict[str, Remote]:
    """Read remotes given in place: a URL, or a table as in a manifest."""
    remotes: dict[str, Remote] = {}
    for name, value in table.items():
        place = (*path, name)
        check(source, place, name, remote_name_fault, "a remote's name")
        item = {"url": value} if isinstance(value, str) else read_table(source, place, value)
        remote = None if item is None else read_struct(source, place, item, Remote)
        if remote is not None:
            check_addresses(source, place, url=remote.url, server=remote.server, integrity=remote.integrity)
            check_facade(source, place, remote.facade or {}, remote.type)
            remotes[name] = remote
    return remotes


def read_settings(source: Source, table: Mapping[str, object]) -> dict[str, RemoteSettings]:
    """Read `[remotes.NAME]`."""
    settings: dict[str, RemoteSettings] = {}
    for name, value in table.items():
        place = ("remotes", name)
        check(source, place, name, remote_name_fault, "a remote's name")
        item = read_table(source, place, value)
        remote = None if item is None else read_struct(source, place, item, RemoteSettings)
        if remote is not None:
            check_addresses(source, place, url=remote.url, server=remote.server, integrity=remote.integrity)
            # A remote without a URL here is one of the manifest's, which says what it was built for.
            kind = "mf" if remote.url is None else remote.type
            check_facade(source, place, remote.facade or {}, kind)
            settings[name] = remote
    return settings


def read_host(source: Source, path: Path, value: str | Mapping[str, object] | None) -> HostEntry | None:
    """Read the host's entry: a URL, or a table."""
    if value is None:
        return None
    item = {"url": value} if isinstance(value, str) else value
    host = read_struct(source, path, item, HostEntry)
    if host is not None:
        check(source, (*path, "name"), host.name, remote_name_fault, "a remote's name")
        check_addresses(source, path, url=host.url, server=None, integrity=host.integrity)
    return host


def check(
    source: Source, path: Path, value: str | None, fault: Callable[[str], str | None], kind: str
) -> None:
    """Complain where a value that is there has a fault."""
    if value is not None and (reason := fault(value)):
        source.complain(
            path, f"this cannot be {kind}: {reason}", found=source.show(path, value), expected=kind
        )


def check_addresses(
    source: Source, path: Path, *, url: str | None, server: str | None, integrity: str | None
) -> None:
    """Complain about URLs that cannot be parsed, and about a malformed digest."""
    check(source, (*path, "url"), url, url_fault, "a URL")
    check(source, (*path, "server"), server, url_fault, "a URL")
    check(source, (*path, "integrity"), integrity, integrity_fault, "a digest")


def check_facade(source: Source, path: Path, facade: Mapping[str, list[str]], kind: str) -> None:
    """Complain about facades that nobody can write."""
    for place, text, fault in facade_faults(facade, kind):
        source.complain(
            (*path, "facade"),
            f"this cannot be a facade: {fault}",
            found=repr(shorten(text)),
            expected=f"a package and the names that it exports (at {place or '.'})",
        )


def url_fault(url: str) -> str | None:
    """Say why no browser could follow this URL."""
    return None if url.strip() and join(SOME_PAGE, url) else "it cannot be parsed"


def check_origins(source: Source, path: Path, origins: list[str]) -> None:
    """Complain about what is more or less than scheme, host and port."""
    for item in origins:
        if origin(item) is None or item.rstrip("/").count("/") != 2:
            source.complain(
                path,
                "this is not an origin",
                found=source.show(path, item),
                expected="scheme, host and port: `https://cdn.example`",
            )
