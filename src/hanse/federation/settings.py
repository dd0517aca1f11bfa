"""What a federation is told when it is made: arguments and `hanse.toml`, checked and in one shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast, get_args

import msgspec
from msgspec import UNSET, UnsetType

from hanse.errors import FormatError, HanseError, UsageError
from hanse.federation.places import Folder, Place, ServerPlace, Web, check_origins, file_of, locate
from hanse.formats.config import Config, HostEntry, Modules, RemoteSettings, RenderingSettings
from hanse.formats.decoding import convert_value
from hanse.formats.manifest import SOME_PAGE, Manifest, Remote, decode_manifest, javascript_order
from hanse.formats.mf_places import manifest_reference
from hanse.limits import LIMITS, Limits
from hanse.names import check_remote_name
from hanse.net import Access
from hanse.resolve import FAMILIES, Policy, PolicyName
from hanse.resolve.facade import FACADES
from hanse.urls import is_web, join, normalise

__all__ = [
    "HostEntry",
    "Listed",
    "Settings",
    "Source",
    "access_of",
    "find_source",
    "overrule",
    "places_of",
    "read_policy",
    "settings_from",
]

Host = str | Mapping[str, object] | HostEntry


@dataclass(frozen=True, slots=True)
class Source:
    """Where the manifest comes from: a place, or (`place` is None) the operator's own hands.

    `label` names it in messages, `base` is what its relative URLs are relative to.
    """

    label: str
    base: Web | Folder
    place: Place | None = None
    given: Manifest = field(default_factory=dict)
    integrity: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One remote that the federation should have, and the place of its entry.

    `local` says that the operator wrote it down, `deadline` is in seconds, `fault` is why there is no such
    place. `server` is where a container's build for servers has its manifest. Of one that is not `trusted`
    browsers get nothing.
    """

    name: str
    remote: Remote
    place: Place
    host: bool = False
    local: bool = False
    deadline: float | None = None
    fault: HanseError | None = None
    server: ServerPlace | None = None
    trusted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a federation goes by.

    `own` are remotes given beside the manifest, which count before the manifest's; `folder` is what their
    and the host's relative URLs are relative to; `remotes` is what the configuration says of single ones.
    With `development`, remotes' build notifications are watched. `facade_base` is where facades are served.
    """

    source: Source
    policy: Policy = field(default_factory=Policy)
    host: HostEntry | None = None
    own: Manifest = field(default_factory=dict)
    folder: Folder = field(default_factory=lambda: Folder(Path.cwd()))
    allowed_origins: tuple[str, ...] = ()
    refresh_interval: float | None = None
    cache_folder: Path | None = None
    remotes: Mapping[str, RemoteSettings] = field(default_factory=dict)
    development: bool = False
    modules: Modules = "read"
    facade_base: str = FACADES
    rendering: RenderingSettings = field(default_factory=RenderingSettings)
    limits: Limits = LIMITS

    @property
    def identity(self) -> str:
        """A text that tells this federation from others, and stays the same when it is started again."""
        return "\n".join((self.source.label, *sorted({**self.source.given, **self.own})))

    def manifest_with_own(self, manifest: Manifest) -> dict[str, Remote]:
        """Return the manifest with the remotes given beside it, in the order JavaScript goes through it.

        A digest or server that the configuration has for a remote counts before the manifest's.
        """
        merged = javascript_order({**manifest, **self.own})
        for name, own in self.remotes.items():
            if name in merged:
                old = merged[name]
                merged[name] = msgspec.structs.replace(
                    old,
                    integrity=own.integrity or old.integrity,
                    server=own.server or old.server,
                    facade=own.facade or old.facade,
                )
        return merged

    def listing(self, manifest: Manifest) -> list[Listed]:
        """Return all remotes of a manifest, then the host.

        Raises:
            FormatError: A remote has the host's name.
        """
        merged = self.manifest_with_own(manifest)
        listed = [self.list_remote(name, remote) for name, remote in merged.items()]
        if self.host is None:
            return listed
        if self.host.name in merged:
            raise FormatError(
                "a remote has the name of the host", subject=self.source.label, found=repr(self.host.name)
            )
        remote = Remote(self.host.url, self.host.integrity)
        place, fault = find_place(self.host.name, remote.url, self.folder)
        return [*listed, Listed(self.host.name, remote, place, host=True, local=True, fault=fault)]

    def list_remote(self, name: str, remote: Remote) -> Listed:
        """Find the place of one remote's entry."""
        own = name in self.own
        base = self.folder if own else self.source.base
        place, fault = find_place(name, remote.url, base)
        local = own or isinstance(base, Folder)
        settings = self.remotes.get(name)
        deadline = None if settings is None else settings.deadline
        server = self.list_server(name, remote)
        return Listed(
            name,
            remote,
            place,
            local=local,
            deadline=deadline,
            fault=fault,
            server=server,
            trusted=settings is None or settings.trusted,
        )

    def list_server(self, name: str, remote: Remote) -> ServerPlace | None:
        """Find the place of the manifest of a container's build for servers, if one is named."""
        if remote.type != "mf" or remote.server is None:
            return None
        settings = self.remotes.get(name)
        own = name in self.own or (settings is not None and settings.server is not None)
        base = self.folder if own else self.source.base
        place, fault = find_place(name, manifest_reference(remote.server), base)
        return ServerPlace(place, own or isinstance(base, Folder), fault)


def places_of(listing: Sequence[Listed]) -> list[tuple[Place, bool]]:
    """Return the places that a listing names, and whether the operator wrote each of them down."""
    found = [(one.place, one.local) for one in listing]
    return found + [(one.server.place, one.server.local) for one in listing if one.server is not None]


def find_place(name: str, reference: str, base: Web | Folder) -> tuple[Place, HanseError | None]:
    """Find where a document of a remote lies, and what is wrong with that."""
    try:
        return locate(reference, base, subject=name), None
    except HanseError as error:
        return Place(reference), error


def access_of(settings: Settings) -> Access:
    """Allow the origins that the operator wrote down."""
    urls = [*settings.allowed_origins]
    if settings.source.place is not None and settings.source.place.file is None:
        urls.append(settings.source.place.url)
    if settings.host is not None:
        urls.append(find_place(settings.host.name, settings.host.url, settings.folder)[0].url)
    return Access.for_urls(urls, local=True)


def find_source(
    manifest: object,
    *,
    integrity: str | None = None,
    folder: Path | None = None,
    limits: Limits = LIMITS,
) -> Source:
    """Find out what was given as the manifest.

    Args:
        manifest: A URL, a path, or the manifest itself.
        integrity: Its digest, where it is a document.
        folder: What a relative path, or a relative URL of a manifest given in place, is relative to; the
            working directory if not given.
        limits: The caps on a manifest given in place.

    Raises:
        FormatError: It is a manifest, and not a proper one.
        UsageError: It is none of these, or there is a digest and no document.
    """
    folder = Path.cwd() if folder is None else folder
    if isinstance(manifest, Mapping):
        if integrity is not None:
            raise UsageError("a manifest given in place has no integrity", subject="manifest_integrity")
        given = decode_manifest(manifest, subject="manifest", limits=limits)
        return Source("manifest", Folder(folder), given=given)
    if isinstance(manifest, str):
        if is_web(manifest):
            url = cast("str", normalise(manifest)).partition("#")[0]
            return Source(url, Web(url), Place(url), integrity=integrity)
        if manifest.startswith("file:"):
            manifest = file_of(manifest)
    if not isinstance(manifest, str | Path) or not str(manifest).strip():
        raise UsageError(
            "this is no manifest", subject=repr(manifest)[:80], hint="give a URL, a path or a mapping"
        )
    path = folder / manifest
    return Source(str(manifest), Folder(path.parent), Place(str(manifest), path), integrity=integrity)


def read_policy(policy: Policy | PolicyName | None) -> Policy:
    """Return a policy for what was given as one.

    Raises:
        UsageError: There is no policy of that name.
    """
    if isinstance(policy, Policy):
        return policy
    if policy is None:
        return Policy()
    if policy not in get_args(PolicyName):
        raise UsageError("there is no such policy", subject=str(policy), hint="it is coherent or compatible")
    return Policy(name=policy)


def read_modules(modules: str) -> Modules:
    """Return what is to be done about modules, for what was given.

    Raises:
        UsageError: There is no such thing.
    """
    for known in get_args(Modules):
        if modules == known:
            return cast("Modules", known)
    raise UsageError(
        "this is not what can be done about modules", subject=modules, hint="it is read, skip or locked"
    )


def check_interval(seconds: float | None) -> float | None:
    """Return the time between two refreshes.

    Raises:
        UsageError: It is negative, or no number: the origins would be asked without a pause.
    """
    if seconds is not None and not seconds >= 0:
        raise UsageError(
            "there is no such time between two refreshes",
            subject=f"refresh_interval {seconds:g}",
            hint="give seconds, 0 for never",
        )
    return seconds


def read_rendering(given: RenderingSettings | Mapping[str, object] | None) -> RenderingSettings:
    """Return how rendering is set up.

    Raises:
        FormatError: A value is of the wrong kind.
    """
    if isinstance(given, RenderingSettings):
        return given
    return convert_value({} if given is None else dict(given), RenderingSettings, subject="rendering")


def check_facade_base(base: str | None) -> str:
    """Return the folder that facades are served in.

    Raises:
        UsageError: It is no folder of the site.
    """
    if base is None:
        return FACADES
    whole = join(SOME_PAGE, base)
    if not base.startswith("/") or not base.endswith("/") or whole != SOME_PAGE.removesuffix("/") + base:
        raise UsageError(
            "this is no folder of the site",
            subject=f"facade_base {base[:80]}",
            hint="write it as /_hanse/facade/",
        )
    return base


def read_host(host: Host | None) -> HostEntry | None:
    """Return the host's entry for what was given as one.

    Raises:
        FormatError: Its name, or the shape of it, is wrong.
    """
    if host is None or isinstance(host, HostEntry):
        return host
    found = HostEntry(url=host) if isinstance(host, str) else convert_value(host, HostEntry, subject="host")
    check_remote_name(found.name, subject="host", path="$.name")
    return found


def settings_from(config: Config, folder: Path, *, limits: Limits = LIMITS) -> Settings:
    """Turn a whole `hanse.toml` into settings.

    Args:
        config: What the file says.
        folder: The folder it lies in; its relative paths are relative to it.
        limits: The caps.

    Raises:
        HanseError: What it says does not fit together.
    """
    if config.manifest is None and not config.remotes:
        raise UsageError(
            "it names neither a manifest nor remotes",
            subject=str(folder / "hanse.toml"),
            hint="set manifest in [federation], or url in [remotes.NAME]",
        )
    source = find_source(
        {} if config.manifest is None else config.manifest,
        integrity=config.manifest_integrity,
        folder=folder,
        limits=limits,
    )
    options = dict(config.options)
    policy = Policy.coherent(**options) if config.policy == "coherent" else Policy.compatible(**options)
    interval = limits.refresh_interval if config.refresh is None else config.refresh
    return Settings(
        source=source,
        policy=msgspec.structs.replace(policy, families=(*FAMILIES, *config.families)),
        host=config.host_entry,
        own=config.remotes,
        folder=Folder(folder),
        allowed_origins=check_origins(config.allowed_origins),
        refresh_interval=interval,
        cache_folder=None if config.cache_folder is None else folder / config.cache_folder,
        remotes=config.settings,
        development=config.development,
        modules=config.modules,
        facade_base=check_facade_base(config.facade_base),
        rendering=config.rendering,
        limits=limits,
    )


def make_settings(
    manifest: str | Path | Mapping[str, object],
    *,
    policy: Policy | PolicyName | None,
    host: Host | None,
    allowed_origins: Iterable[str],
    refresh_interval: float | None,
    cache_folder: str | Path | None,
    manifest_integrity: str | None,
    development: bool,
    modules: Modules,
    facade_base: str | None,
    rendering: RenderingSettings | Mapping[str, object] | None,
    limits: Limits,
) -> Settings:
    """Check the arguments of a federation.

    Raises:
        HanseError: One of them is wrong.
    """
    return Settings(
        source=find_source(manifest, integrity=manifest_integrity, limits=limits),
        policy=read_policy(policy),
        host=read_host(host),
        allowed_origins=check_origins(allowed_origins),
        refresh_interval=check_interval(refresh_interval),
        cache_folder=None if cache_folder is None else Path(cache_folder),
        development=development,
        modules=read_modules(modules),
        facade_base=check_facade_base(facade_base),
        rendering=read_rendering(rendering),
        limits=limits,
    )


def overrule(
    settings: Settings,
    *,
    policy: Policy | PolicyName | None = None,
    allowed_origins: Iterable[str] = (),
    refresh_interval: float | UnsetType | None = UNSET,
    cache_folder: str | Path | UnsetType | None = UNSET,
    development: bool | UnsetType = UNSET,
    modules: Modules | None = None,
) -> Settings:
    """Let arguments count before what a file says.

    Args:
        settings: What the file says.
        policy: Counts before all that the file says of it; a name alone leaves options and families.
        allowed_origins: Allowed in addition to the file's.
        refresh_interval: Seconds; None or 0 for never.
        cache_folder: Where the last good documents are stored; None for nowhere.
        development: Whether builds of remotes are watched.
        modules: What is done about the files behind the import map.

    Raises:
        UsageError: One of them is wrong.
    """
    found = settings.policy if policy is None else read_policy(policy)
    if isinstance(policy, str):
        found = msgspec.structs.replace(settings.policy, name=policy)
    if refresh_interval is UNSET:
        refresh_interval = settings.refresh_interval
    if cache_folder is UNSET:
        cache_folder = settings.cache_folder
    return replace(
        settings,
        policy=found,
        allowed_origins=(*settings.allowed_origins, *check_origins(allowed_origins)),
        refresh_interval=check_interval(refresh_interval),
        cache_folder=None if cache_folder is None else Path(cache_folder),
        development=settings.development if development is UNSET else development,
        modules=settings.modules if modules is None else read_modules(modules),
    )
