"""Where the server modules of each remote come from: what the manifest and `hanse.toml` say about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from hanse.errors import HanseError, UsageError
from hanse.federation.delegates import Decision, is_python
from hanse.federation.places import is_loopback
from hanse.federation.settings import Settings
from hanse.formats.config import RemoteSettings
from hanse.formats.config_structs import Layer
from hanse.formats.manifest import Manifest, Remote
from hanse.net.guard import Access, check_url
from hanse.resolve import Notice
from hanse.urls import is_web, join, origin

__all__ = ["Kind", "Supply", "decided_supply", "group_of", "list_supplies"]

Kind = Literal["sealed", "native", "container", "delegate"]
"""How modules travel: as a sealed stream, as the files of a native remote, as those of a container; or not at
all, for a delegate in JavaScript is the operator's own."""

MF_MANIFEST = "mf-manifest.json"
DOCUMENTS = (".json", ".js", ".mjs", ".cjs")
NOTHING = RemoteSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """Where one remote's server modules come from, and what may be done with them.

    Two that are equal are the same supply: whoever follows one goes on following it.

    Attributes:
        remote: The remote's name.
        kind: How they travel.
        url: The base of its endpoints, or its document: `remoteEntry.json`, `mf-manifest.json` or the script;
            of a delegate, its file as the configuration writes it.
        trusted: Whether they may share a realm with others'.
        engine: The kind of engine that runs them.
        layer: What they are built for.
        deadline: Seconds that the remote has to answer; None for the default.
        key: The shared key, as text; several are separated by spaces.
        public_key: The keys whose signatures count, likewise.
        local: Whether its address may be a private one.
        folder: The folder that a delegate's files lie in.
    """

    remote: str
    kind: Kind
    url: str
    trusted: bool = True
    engine: Literal["deno", "wasm"] = "deno"
    layer: Layer = "ssr"
    deadline: float | None = None
    key: str = field(default="", repr=False)
    public_key: str = field(default="", repr=False)
    local: bool = False
    folder: Path | None = None


def list_supplies(settings: Settings, manifest: Manifest) -> tuple[dict[str, Supply], tuple[Notice, ...]]:
    """Return the supplies of a federation by remote, and a notice for each that cannot be one.

    Args:
        settings: What the federation goes by.
        manifest: The manifest that is held, without the remotes of the settings.
    """
    found: dict[str, Supply] = {}
    notices: list[Notice] = []
    for name, remote in with_delegates(settings, manifest).items():
        try:
            if (supply := choose_supply(name, remote, settings)) is not None:
                found[name] = supply
        except HanseError as error:
            notices.append(Notice("server-unusable", name, "", f"its server modules are not used: {error}"))
    return found, tuple(notices)


def with_delegates(settings: Settings, manifest: Manifest) -> dict[str, Remote | None]:
    """Return all remotes by name; those that are nothing but a delegate are in no manifest."""
    delegates = [name for name, own in settings.remotes.items() if own.delegate is not None]
    return {**dict.fromkeys(delegates), **settings.manifest_with_own(manifest)}


def choose_supply(name: str, remote: Remote | None, settings: Settings) -> Supply | None:
    """Return where a remote's server modules come from; None where it has none, or others decide.

    Raises:
        UsageError: Something it needs is missing, or does not fit together.
    """
    own = settings.remotes.get(name, NOTHING)
    if own.delegate is not None and not is_python(own.delegate):
        return delegate_supply(name, own, settings)
    return None if remote is None or remote.server is None else make_supply(name, remote, settings)


def delegate_supply(name: str, own: RemoteSettings, settings: Settings) -> Supply:
    """Return the supply of a remote that a module of the operator's own connects to."""
    return Supply(
        remote=name,
        kind="delegate",
        url=own.delegate or "",
        trusted=own.trusted,
        engine=own.engine or ("deno" if own.trusted else "wasm"),
        layer=own.layer or "ssr",
        deadline=own.deadline,
        folder=settings.folder.path,
    )


def decided_supply(
    name: str, decision: Decision, settings: Settings, manifest: Manifest, *, access: Access
) -> Supply:
    """Return the supply of what a delegate has decided by a URL.

    Args:
        name: The remote that it was asked about.
        decision: What it decided.
        settings: What the federation goes by; all but the address is as they say of the remote.
        manifest: The manifest that is held.
        access: The origins that may be asked.

    Raises:
        HanseError: The origin may not be asked, or something that is needed is missing.
    """
    check_url(decision.value, access)
    known = settings.manifest_with_own(manifest).get(name)
    usual: Literal["native", "mf"] = "native" if known is None else known.type
    kind: Kind = "sealed"
    if decision.kind == "entry":
        kind = "container" if is_container(decision.value, usual) else "native"
    supply = make_supply(name, Remote(decision.value, server=decision.value), settings, kind=kind)
    return replace(supply, local=origin(decision.value) in access.local_origins)


def is_container(url: str, usual: Literal["native", "mf"]) -> bool:
    """Tell whether a document is that of a container: its script or manifest, or what the remote has else."""
    path = url.partition("?")[0]
    if path.endswith((".js", ".mjs", ".cjs", MF_MANIFEST)):
        return True
    return usual == "mf"


def make_supply(name: str, remote: Remote, settings: Settings, *, kind: Kind | None = None) -> Supply:
    """Find out what a remote's `server` is.

    Args:
        name: The remote.
        remote: What the manifest says of it.
        settings: What the federation goes by.
        kind: How its modules travel, where the address does not tell.

    Raises:
        UsageError: Something it needs is missing, or does not fit together.
    """
    own = settings.remotes.get(name, NOTHING)
    url = locate_server(name, remote, settings)
    if kind is not None:
        pass
    elif remote.type == "mf":
        kind = "container"
        url = f"{url}{MF_MANIFEST}" if url.endswith("/") else url
    else:
        kind = "native" if is_document(url) else "sealed"
    if kind == "sealed":
        require_keys(name, own)
    return Supply(
        remote=name,
        kind=kind,
        url=url,
        trusted=own.trusted,
        engine=own.engine or ("deno" if own.trusted else "wasm"),
        layer=own.layer or "ssr",
        deadline=own.deadline,
        key=own.key or "",
        public_key=own.public_key or "",
        local=name in settings.own or is_loopback(url) or own.server is not None,
    )


def locate_server(name: str, remote: Remote, settings: Settings) -> str:
    """Return the absolute URL of a remote's `server`.

    Raises:
        UsageError: It is none.
    """
    text = remote.server or ""
    base = settings.source.place.url if settings.source.place is not None else ""
    url = text if is_web(text) else join(base, text) if is_web(base) else None
    if url is None or origin(url) is None:
        raise UsageError(
            f"its `server` is no URL: {text!r}", subject=name, hint="write it with https://, or http:// here"
        )
    return url


def is_document(url: str) -> bool:
    """Tell whether a URL is that of a document of a plain build, and not of a folder of endpoints."""
    return url.partition("?")[0].endswith(DOCUMENTS)


def require_keys(name: str, own: RemoteSettings) -> None:
    """Raise where a sealed stream could not be opened, or anybody could have signed it.

    Raises:
        UsageError: A key is missing.
    """
    for key, value in (("key", own.key), ("public_key", own.public_key)):
        if not value:
            raise UsageError(
                f"it has a `server`, but no `{key}`",
                subject=f"[remotes.{name}]",
                hint="`hanse keys new` makes the keys; `env:NAME` keeps them out of the file",
            )


def supplies_by_group(supplies: Mapping[str, Supply]) -> Iterator[tuple[str, tuple[Supply, ...]]]:
    """Yield the groups of remotes that share a generation: the trusted by engine, every stranger alone."""
    groups: dict[str, list[Supply]] = {}
    for name, supply in supplies.items():
        groups.setdefault(group_of(name, supply), []).append(supply)
    for group, members in groups.items():
        yield group, tuple(members)


def group_of(name: str, supply: Supply) -> str:
    """Name the group of a remote: `deno`, `wasm`, or `wasm of NAME`."""
    return supply.engine if supply.trusted else f"{supply.engine} of {name}"
