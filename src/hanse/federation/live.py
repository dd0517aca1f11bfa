"""The live federation: one object for everything a site asks of its remotes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

from msgspec import UNSET, UnsetType

from hanse.errors import UsageError
from hanse.federation.hub import Hub, News, Subscription
from hanse.federation.keeper import Keeper, outlast
from hanse.federation.ledger import Ledger, Listener
from hanse.federation.modules import RemoteModule, find_module
from hanse.federation.newcomers import Delta
from hanse.federation.places import check_origins
from hanse.federation.reading import read_file
from hanse.federation.refreshing import RefreshListener
from hanse.federation.rendering import Rendering, at_home
from hanse.federation.server.views import View
from hanse.federation.settings import Host, Settings, make_settings, overrule, settings_from
from hanse.federation.snapshot import Snapshot
from hanse.federation.sync import SyncFederation
from hanse.federation.verifying import PAGE, Report
from hanse.formats.config import Config, Modules, RenderingSettings, decode_config
from hanse.limits import LIMITS, Limits
from hanse.net import BreakerState, Client, Stats
from hanse.render import Renderer, RequestContext
from hanse.render.stage import Choose
from hanse.resolve import Policy, PolicyName
from hanse.resolve.facade import find_facade

__all__ = ["Federation"]

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

# Keepers of a parent process are kept and left alone: their sockets and their poll set are the parent's, too.
INHERITED: Final[list[Keeper]] = []


class Federation(Rendering):
    """A federation that is kept current: fetched, resolved, and served as snapshots.

    Args:
        manifest: A URL, the path or `file:` URL of a local file, or the manifest itself.
        policy: How to resolve: a policy or its name; `coherent` if not given.
        host: The host's own remote entry, whose versions take precedence: its URL, or a mapping with `url`,
            `name`, `integrity` and `cache_tag`.
        allowed_origins: More origins that may be asked; they may also be `http:` and have private addresses.
        refresh_interval: Seconds between two refreshes, a tenth more or less; None or 0 for never.
        cache_folder: Where the last good documents are stored for a restart; nowhere if not given.
        manifest_integrity: A subresource integrity value for the manifest.
        development: Watch the builds of remotes that notify of them, and tell pages; not for production.
        modules: What is done about the files behind the import map. `read`: they are read in the background,
            so that preloads are exact. `locked`: nothing is served before all of them have been read, and the
            map has the integrity of each. `skip`: they are let be.
        facade_base: The folder of the site that facades of Module Federation containers are served in;
            `/_hanse/facade/` if not given.
        rendering: What `[rendering]` of a `hanse.toml` says: `isolation`, `processes`, `memory` in MiB,
            `deadline` and `opening` in seconds.
        limits: Sizes, times and counts.
        client: Asks the web instead of a client of its own, and is closed by whoever made it; for tests.
        clock: Unix time in seconds; for tests.

    Attributes:
        renderer: Renders the fragments of pages on the server, or leaves them to browsers.

    Raises:
        HanseError: An argument is wrong; nothing is fetched before `start`.
    """

    def __init__(
        self,
        manifest: str | Path | Mapping[str, object],
        *,
        policy: Policy | PolicyName | None = None,
        host: Host | None = None,
        allowed_origins: Iterable[str] = (),
        refresh_interval: float | None = LIMITS.refresh_interval,
        cache_folder: str | Path | None = None,
        manifest_integrity: str | None = None,
        development: bool = False,
        modules: Modules = "read",
        facade_base: str | None = None,
        rendering: RenderingSettings | Mapping[str, object] | None = None,
        limits: Limits = LIMITS,
        client: Client | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        settings = make_settings(
            manifest,
            policy=policy,
            host=host,
            allowed_origins=allowed_origins,
            refresh_interval=refresh_interval,
            cache_folder=cache_folder,
            manifest_integrity=manifest_integrity,
            development=development,
            modules=modules,
            facade_base=facade_base,
            rendering=rendering,
            limits=limits,
        )
        self._set_up(settings, client, clock)

    @classmethod
    def from_toml(
        cls,
        path: str | Path,
        *,
        policy: Policy | PolicyName | None = None,
        allowed_origins: Iterable[str] = (),
        refresh_interval: float | UnsetType | None = UNSET,
        cache_folder: str | Path | UnsetType | None = UNSET,
        development: bool | UnsetType = UNSET,
        modules: Modules | None = None,
        environ: Mapping[str, str] | None = None,
        limits: Limits = LIMITS,
        client: Client | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Make a federation of a `hanse.toml`; its relative paths are relative to its folder.

        An argument that is given counts before what the file says.

        Args:
            path: The file.
            policy: A policy, in place of the file's `policy`, `options` and `families`; or its name, in
                place of `policy` alone.
            allowed_origins: As for `Federation`, in addition to the file's.
            refresh_interval: As for `Federation`: None or 0 for never.
            cache_folder: As for `Federation`, relative to the working directory: None for nowhere.
            development: As for `Federation`.
            modules: As for `Federation`.
            environ: What `env:NAME` is looked up in; the process's environment if not given.
            limits: As for `Federation`.
            client: As for `Federation`.
            clock: As for `Federation`.

        Raises:
            HanseError: The file cannot be read, or says something wrong (the message names line and key),
                or an argument is wrong.
        """
        file = Path(path)
        config = decode_config(
            read_file(file, folder=None, cap=limits.config_bytes),
            environment=os.environ if environ is None else environ,
            subject=str(file),
            limits=limits,
        )
        settings = overrule(
            settings_from(config, file.absolute().parent, limits=limits),
            policy=policy,
            allowed_origins=allowed_origins,
            refresh_interval=refresh_interval,
            cache_folder=cache_folder,
            development=development,
            modules=modules,
        )
        made = cls.__new__(cls)
        made._set_up(settings, client, clock)
        return made

    @classmethod
    def from_config(cls, config: Config, folder: Path, *, limits: Limits = LIMITS) -> Self:
        """Make a federation of what a `hanse.toml` in a folder says, once that was read.

        Raises:
            HanseError: Something in it does not fit together.
        """
        made = cls.__new__(cls)
        made._set_up(settings_from(config, folder, limits=limits), None, time.time)
        return made

    def _set_up(self, settings: Settings, client: Client | None, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._client = client
        self._ledger = Ledger(settings, clock)
        self._keeper: Keeper | None = None
        self._hub = (os.getpid(), Hub(settings.limits))
        self._closed = False
        self.renderer = Renderer(
            self._stage, choose=self._choose, limits=settings.limits, development=settings.development
        )
        self._sync = SyncFederation(self)

    @property
    def policy(self) -> Policy:
        """How the federation is resolved."""
        return self._settings.policy

    @property
    def modules(self) -> Modules:
        """What is done about the files behind the import map."""
        return self._settings.modules

    @property
    def source(self) -> str:
        """Where the manifest comes from: a URL, a path, or `manifest` where it was given in place."""
        return self._settings.source.label

    @property
    def development(self) -> bool:
        """Whether builds of remotes are watched, and pages told of them."""
        return self._settings.development

    @property
    def sync(self) -> SyncFederation:
        """The same for code that does not await."""
        return self._sync

    @property
    def snapshot(self) -> Snapshot:
        """The current snapshot; never waits.

        Raises:
            NotFoundError: There is none yet.
        """
        return self._ledger.require()

    def facade(self, path: str) -> str | None:
        """Return the text of a facade that some page in use may import; None where there is none.

        Args:
            path: The file's path below the folder that facades are served in.
        """
        for snapshot in self._ledger.history.every():
            found = find_facade(snapshot.containers.containers.values(), path)
            if found is not None:
                return found
        return None

    @property
    def has_snapshot(self) -> bool:
        """Whether there is a snapshot to serve."""
        return self._ledger.current is not None

    @property
    def closed(self) -> bool:
        """Whether the federation was closed, and not started since."""
        return self._closed

    @property
    def keeper(self) -> Keeper | None:
        """What keeps the federation current in this process; None where nothing does."""
        keeper = self._keeper
        return keeper if keeper is not None and keeper.alive else None

    async def start(self) -> None:
        """Restore the last good documents, refresh once, and go on in the background; idempotent.

        Raises:
            HanseError: The manifest cannot be had, or a strict option forbids what is there, and nothing
                was stored that could be served instead.
        """
        self._closed = False
        self._news().open()
        keeper = self.keeper
        if keeper is None:
            if self._keeper is not None and self._keeper.inherited:
                INHERITED.append(self._keeper)
            hub = self._news() if self.development else None
            keeper = self._keeper = Keeper(self._settings, self._ledger, self._client, hub)
        await at_home(keeper, lambda: outlast(keeper.started))

    async def aclose(self) -> None:
        """End what keeps the federation current; the last snapshot stays readable."""
        self._closed = True
        self.hang_up()
        keeper = self.keeper
        if keeper is not None:
            await at_home(keeper, self.renderer.aclose)
            await at_home(keeper, keeper.aclose)

    async def refresh(self) -> Snapshot:
        """Ask every origin now, and return what came of it; concurrent calls share one refresh.

        Raises:
            HanseError: There is no manifest, or a strict option forbids what is there; the last snapshot
                is served on.
            UsageError: The federation is not started.
        """
        keeper = self._require_keeper()
        return await at_home(keeper, keeper.refresh)

    async def modules_read(self) -> None:
        """Wait until the files behind the current snapshot have been read, as far as they can be.

        Those that cannot be are named in the snapshot's notices. With `modules="skip"` nothing is waited for.

        Raises:
            UsageError: The federation is not started.
        """
        keeper = self._require_keeper()
        await at_home(keeper, keeper.modules_read)

    async def reread(self, remote: str) -> Snapshot:
        """Read a remote's files again, although its entry may be the same, as after a rebuild.

        Files whose integrity is known are not: they are what they are.

        Raises:
            NotFoundError: There is no such remote.
            HanseError: The map is locked, and a file cannot be read; the snapshot stays as it is.
            UsageError: The federation is not started.
        """
        keeper = self._require_keeper()
        return await at_home(keeper, lambda: keeper.reread(remote))

    async def verify(self, *, locked: bool = False, page_origin: str | None = None) -> Report:
        """Read every file that the import map reaches, and report what would fail in a browser.

        Args:
            locked: Ask for the integrity of every file, as a locked federation does.
            page_origin: The origin of the pages that import the files, as `https://shop.example`; that of a
                stranger if not given, so that files have to be open to all.

        Raises:
            UsageError: That is no origin, or the federation is not started.
        """
        page = check_origins([page_origin])[0] if page_origin is not None else PAGE
        keeper = self._require_keeper()
        return await at_home(keeper, lambda: keeper.verify(page=page, locked=locked))

    def wake(self) -> None:
        """Ask for a refresh soon and return at once; from any thread, signal handler or web hook."""
        keeper = self.keeper
        if keeper is not None:
            keeper.wake()

    def load_remote_module(self, remote: str, key: str) -> RemoteModule:
        """Return where an exposed module lies, by the current snapshot.

        Args:
            remote: The remote's name.
            key: The module's key, with or without `./`.

        Raises:
            NotFoundError: There is no such remote or module, or the remote is left out because it fails.
        """
        return find_module(self.snapshot, remote, key)

    async def init_remote_entry(
        self, url: str, name: str | None = None, *, integrity: str | None = None, snapshot: str | None = None
    ) -> Delta:
        """Return what a loaded page may add to its map for one more remote.

        Args:
            url: Where its remote entry lies, on an origin that may be asked.
            name: Its name; the one its entry has, if not given.
            integrity: The digest the entry should have.
            snapshot: The digest of the page; that of the current snapshot if not given.

        Raises:
            GoneError: That snapshot is not kept any more.
            HanseError: The entry cannot be had, or a strict option forbids the outcome.
            UsageError: The federation is not started.
        """
        keeper = self._require_keeper()
        return await at_home(keeper, lambda: keeper.add(url, name, integrity=integrity, snapshot=snapshot))

    async def override(self, remotes: Mapping[str, str]) -> Snapshot:
        """Return the current snapshot with some remotes replaced, or added, for one developer's pages.

        It is kept: a second call gives the same, until an entry or the federation has changed. The caller
        decides who may: the URLs' origins need not be allowed otherwise, and `http:` ones may be private.

        Args:
            remotes: Name -> URL of a remote entry.

        Raises:
            OverrideError: An entry cannot be had, or a strict option forbids the outcome.
            UsageError: The federation is not started, or there are too many.
        """
        keeper = self._require_keeper()
        return await at_home(keeper, lambda: keeper.overriding.snapshot(remotes))

    def snapshot_by_digest(self, digest: str) -> Snapshot | None:
        """Return the current snapshot or an earlier one; None if it is not kept."""
        return self._ledger.history.get(digest)

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Call a listener after each change of the map or of somebody's health.

        Args:
            listener: Called with the new snapshot and the one before, in the event loop's thread. What it
                raises is logged.

        Returns:
            A function that ends it.
        """
        return self._ledger.changes.add(listener)

    def on_refresh(self, listener: RefreshListener) -> Callable[[], None]:
        """Call a listener after each refresh, also one that changed nothing, and one that failed.

        Args:
            listener: Called with what came of the refresh, in the event loop's thread, after the listeners
                of `on_change`. What it raises is logged.

        Returns:
            A function that ends it.
        """
        return self._ledger.refreshes.add(listener)

    def subscribe(self, overrides: Mapping[str, str] = NOTHING) -> Subscription:
        """Hear of builds and of who fails, on the running event loop; close the subscription in the end.

        What fails at the moment comes first. It ends by itself when the federation is closed, and when its
        reader falls behind.

        Args:
            overrides: Those of the listener's pages, whose builds are of interest, too.

        Raises:
            UsageError: The federation is closed or does not watch builds, or as many listen as may.
        """
        if not self.development:
            raise UsageError(
                "no builds are watched", subject=self.source, hint="make it with development=True"
            )
        return self._news().subscribe(overrides.items())

    def tell(self, news: News) -> None:
        """Tell the pages that are being developed; nobody listens to any others."""
        self._news().publish(news)

    def hang_up(self) -> None:
        """End all subscriptions, since the server that serves them is about to end; from any thread."""
        self._news().close()

    def _stage(self) -> View:
        """Return what pages are rendered from now; where nothing runs here, browsers do it all.

        Raises:
            NotFoundError: There is no snapshot yet.
        """
        keeper = self.keeper
        if keeper is not None and keeper.backstage is not None:
            return keeper.backstage.view
        return View(self._ledger.require(), supplies={}, opened={}, reasons={})

    def _choose(self, request: RequestContext) -> Choose | None:
        """Return what finds the stage of a request; None where nothing depends on it."""
        keeper = self.keeper
        backstage = None if keeper is None else keeper.backstage
        if backstage is None or not backstage.delegates:
            return None
        return partial(backstage.stage, request)

    def _news(self) -> Hub:
        """Return this process's hub: those who listened to the parent of a forked process are not here."""
        process, hub = self._hub
        if process != os.getpid():
            hub = Hub(self._settings.limits)
            self._hub = (os.getpid(), hub)
        return hub

    def fetches(self) -> Stats:
        """Return the counts of what was fetched in this process."""
        keeper = self.keeper
        if keeper is not None:
            return keeper.client.stats()
        return Stats(0, 0, 0, 0, errors={}, in_flight=0, cache_entries=0, cache_bytes=0)

    def breakers(self) -> dict[str, BreakerState]:
        """Return the breaker's state of each origin that has been asked."""
        keeper = self.keeper
        return {} if keeper is None else keeper.client.breakers()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _require_keeper(self) -> Keeper:
        """Return the keeper.

        Raises:
            UsageError: There is none in this process.
        """
        keeper = self.keeper
        if keeper is None:
            raise UsageError(
                "the federation is not started in this process",
                subject=self.source,
                hint="await start(), enter it with `async with`, or use its `sync` face",
            )
        return keeper
