"""What keeps the server side of a federation current: its stock, its groups, and the view pages get."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from hanse.engines.base import EngineLimits
from hanse.engines.pool import PoolOptions
from hanse.errors import HanseError
from hanse.federation.generation_checks import BrowserSide
from hanse.federation.ledger import Ledger
from hanse.federation.server.engines import Engines
from hanse.federation.server.groups import Group, Surroundings
from hanse.federation.server.openings import Opened
from hanse.federation.server.parts import NO_SERVER
from hanse.federation.server.stock import Held, Stock
from hanse.federation.server.supplies import group_of, list_supplies
from hanse.federation.server.views import View
from hanse.federation.settings import Settings
from hanse.federation.telling import tell
from hanse.formats.manifest import Manifest
from hanse.net import Client
from hanse.resolve import Notice
from hanse.stream import StreamCache

__all__ = ["Backstage", "ServerHealth"]

LOG: Final = logging.getLogger("hanse.federation")

STREAMS: Final = "streams"
# Processes at most where nobody says how many: web servers have several workers, each with its own.
PROCESSES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHealth:
    """How the server side of one remote is.

    Attributes:
        remote: Its name.
        status: `ok`; `starting` (a build is being opened, while the one before runs on); `stale` (the one
            before runs, for the latest could not be had or does not run); `failed` (none runs).
        engine: The kind of engine.
        trusted: Whether it shares a realm with others.
        build: The digest of the build that runs; empty where none does.
        serial: Its serial; 0 where it came without.
        generation: The id of the generation it runs in.
        since: When the latest build came, Unix time in seconds.
        error: What is wrong, on one line; None where nothing is.
    """

    remote: str
    status: Literal["ok", "stale", "failed", "starting"]
    engine: str
    trusted: bool
    build: str
    serial: int
    generation: str
    since: float
    error: str | None


def make_engines(settings: Settings) -> Engines:
    """Return the engines that the settings ask for."""
    said = settings.rendering
    limits = EngineLimits(call=said.deadline, memory=said.memory << 20)
    # Two at the least: a module that loops has its process to itself, and what is beside it needs another.
    size = said.processes or max(2, min(os.cpu_count() or 1, PROCESSES))
    return Engines(limits, PoolOptions(size=size, isolation=said.isolation, spares=size))


class Backstage:
    """The server side of a federation, on the event loop of its keeper.

    Args:
        settings: What the federation goes by.
        ledger: What it knows of the browser's side.
        client: Whose connections are used.
        engines: Opens realms; made of the settings if not given.
    """

    def __init__(
        self, settings: Settings, ledger: Ledger, client: Client, engines: Engines | None = None
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._engines = engines or make_engines(settings)
        self._groups: dict[str, Group] = {}
        self._notices: tuple[Notice, ...] = ()
        self._view: View | None = None
        self._stock = Stock(
            client,
            None if settings.cache_folder is None else StreamCache(settings.cache_folder / STREAMS),
            changed=self._wake,
            interval=settings.limits.plain_interval if settings.refresh_interval else None,
            limits=settings.limits,
            clock=ledger.clock,
        )
        self._unlisten = ledger.changes.add(lambda *_: self.renew())

    @property
    def view(self) -> View:
        """What pages are rendered from at the moment.

        Raises:
            NotFoundError: There is no snapshot yet.
        """
        snapshot = self._ledger.require()
        if self._view is None or self._view.snapshot is not snapshot:
            self._view = self._make_view()
        return self._view

    def renew(self, manifest: Manifest | None = None) -> None:
        """Follow what the manifest says now: this one, or that which is held."""
        holdings = self._ledger.holdings
        if manifest is None and holdings is not None:
            manifest = holdings.manifest.manifest
        if manifest is None:
            return
        supplies, self._notices = list_supplies(self._settings, manifest)
        self._stock.supply(supplies)
        wanted = {group_of(name, supply): supply.engine for name, supply in supplies.items()}
        for name, engine in wanted.items():
            if name not in self._groups:
                self._groups[name] = Group(name, engine, self._surround())
        self._wake()

    async def look_and_settle(self) -> None:
        """Look at plain builds now, and wait until what came of it runs or was refused."""
        await self._stock.look()
        await self.settled()

    async def settled(self) -> None:
        """Wait until every remote has been asked, and what came of it runs or was refused."""
        await self._stock.settled()
        for group in tuple(self._groups.values()):
            await group.settled()

    def health(self) -> tuple[ServerHealth, ...]:
        """Return how the remotes that have server modules are."""
        return tuple(self._health_of(name, held) for name, held in self._stock.held.items())

    def notices(self) -> Iterator[Notice]:
        """Yield what the owners of remotes should know."""
        yield from self._notices
        for one in self.health():
            if one.error is not None:
                yield Notice(f"server-{one.status}", one.remote, "", f"server modules: {one.error}")
        for held in self._stock.held.values():
            for odd in held.findings:
                yield Notice(f"server-{odd.code}", odd.remote, "", f"{odd.file}: {odd.text}")
        for group in self._groups.values():
            if group.opened is not None:
                for finding in group.opened.running.assembly.findings:
                    where = finding.module or finding.remote
                    text = f"{where}: {finding.text}"
                    yield Notice(f"server-{finding.code}", finding.remote, finding.specifier, text)

    async def aclose(self) -> None:
        """End everything."""
        self._unlisten()
        await self._stock.aclose()
        await asyncio.gather(*(group.aclose() for group in self._groups.values()))
        await self._engines.aclose()

    def _surround(self) -> Surroundings:
        return Surroundings(
            engines=self._engines,
            policy=self._settings.policy,
            browser=self._browser,
            held=self._held_by,
            changed=self._forget_view,
            limits=self._settings.limits,
        )

    def _browser(self) -> BrowserSide | None:
        snapshot = self._ledger.current
        return None if snapshot is None else BrowserSide(snapshot.plan, snapshot.containers)

    def _held_by(self, group: str) -> Mapping[str, Held]:
        return {name: held for name, held in self._stock.held.items() if group_of(name, held.supply) == group}

    def _wake(self) -> None:
        for group in self._groups.values():
            group.wake()
        self._forget_view()

    def _forget_view(self) -> None:
        self._view = None

    def _make_view(self) -> View:
        opened: dict[str, Opened] = {}
        reasons: dict[str, str] = {}
        for name, held in self._stock.held.items():
            group = self._groups.get(group_of(name, held.supply))
            if group is not None and group.opened is not None and name in group.opened.running.members:
                opened[name] = group.opened
            else:
                error = self._error_of(name, held)
                reasons[name] = NO_SERVER if error is None else f"its server modules: {tell(error)}"
        for notice in self._notices:
            reasons.setdefault(notice.remote, notice.text)
        supplies = {name: held.supply for name, held in self._stock.held.items()}
        return View(self._ledger.require(), supplies=supplies, opened=opened, reasons=reasons)

    def _error_of(self, name: str, held: Held) -> HanseError | None:
        """Return what is wrong with a remote: that its latest build could not be had, or does not run."""
        group = self._groups.get(group_of(name, held.supply))
        if held.error is not None or held.build is None or group is None:
            return held.error
        return group.refused.get((name, held.build.entry.build))

    def _health_of(self, name: str, held: Held) -> ServerHealth:
        group = self._groups.get(group_of(name, held.supply))
        opened = None if group is None else group.opened
        member = None if opened is None else opened.running.members.get(name)
        error = self._error_of(name, held)
        status: Literal["ok", "stale", "failed", "starting"] = "starting"
        if error is not None:
            status = "failed" if member is None else "stale"
        elif member is not None and member.build is held.build:
            status = "ok"
        return ServerHealth(
            remote=name,
            status=status,
            engine=held.supply.engine,
            trusted=held.supply.trusted,
            build="" if member is None else member.build.entry.build,
            serial=0 if member is None else member.build.entry.serial,
            generation="" if opened is None or member is None else opened.running.assembly.generation.id,
            since=held.since,
            error=None if error is None else tell(error),
        )
