"""What keeps the server side of a federation current: its stock, its groups, and the view pages get."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Final

from hanse.engines.base import EngineLimits
from hanse.engines.pool import PoolOptions
from hanse.federation.delegates import Decision, RequestContext
from hanse.federation.generation_checks import BrowserSide
from hanse.federation.holdings import Good
from hanse.federation.ledger import Ledger
from hanse.federation.server.casts import Cast
from hanse.federation.server.engines import Engines
from hanse.federation.server.groups import Surroundings
from hanse.federation.server.health import ServerHealth, Status
from hanse.federation.server.stock import Held, Stock
from hanse.federation.server.supplies import Supply, decided_supply, group_of, list_supplies
from hanse.federation.server.variants import Sources, Variants
from hanse.federation.server.verdicts import Verdict, load_delegates
from hanse.federation.server.views import Role, View
from hanse.federation.server.workers import Worker, part_of, workers_folder
from hanse.federation.settings import Settings
from hanse.federation.telling import tell
from hanse.formats.manifest import Manifest
from hanse.net import Client
from hanse.render.stage import Stage
from hanse.resolve import Notice
from hanse.stream import StreamCache

__all__ = ["Backstage"]

STREAMS: Final = "streams"
# Processes that one worker starts at most where nobody says how many.
PROCESSES: Final = 4


def make_engines(settings: Settings, worker: Worker) -> Engines:
    """Return the engines that the settings ask for; the workers of this machine share its processes."""
    said = settings.rendering
    limits = EngineLimits(open=said.opening, call=said.deadline, memory=said.memory << 20)
    size, most = said.processes or os.cpu_count() or 1, said.processes or PROCESSES
    return Engines(
        limits,
        PoolOptions(size=size, isolation=said.isolation),
        share=lambda processes: min(most, part_of(processes, worker.count())),
    )


class Backstage:
    """The server side of a federation, on the event loop of its keeper.

    Args:
        settings: What the federation goes by.
        ledger: What it knows of the browser's side.
        client: Whose connections are used.
        engines: Opens realms; made of the settings if not given.
        ask: Asks for a refresh of the browser's side, soon.
    """

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        client: Client,
        engines: Engines | None = None,
        *,
        ask: Callable[[], object] = lambda: None,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._worker = Worker(workers_folder())
        self._engines = engines or make_engines(settings, self._worker)
        self._client = client
        self._notices: tuple[Notice, ...] = ()
        self._ask = ask
        self._asked: set[tuple[str, str]] = set()
        self._view: View | None = None
        self.delegates = load_delegates(settings)
        # Without a folder of its own what was pulled is kept for as long as this process lives.
        self._passing = None if settings.cache_folder else TemporaryDirectory(prefix="hanse-streams-")
        folder = settings.cache_folder or Path(self._passing.name if self._passing else "")
        self._stock = self._make_stock(StreamCache(folder / STREAMS), changed=self._wake)
        around = self._surround()
        self._cast = Cast(lambda: self._stock.held, around)
        self._variants = Variants(
            Sources(
                base=self._cast,
                around=around,
                supply=self._supply_decided,
                stock=lambda cache, changed, trace: self._make_stock(cache, changed=changed, trace=trace),
                limits=settings.limits,
            )
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

    async def stage(self, request: RequestContext, stage: Stage) -> Stage:
        """Return what the page of a request is rendered from, which delegates decide.

        Args:
            request: What they decide by.
            stage: That of the moment the page was begun; it stays where they decide nothing.

        Raises:
            NotFoundError: There is no snapshot yet.
        """
        verdict = await Verdict.ask(self.delegates, request, limits=self._settings.limits)
        refused = {name: Role(name, refused=f"its delegate: {why}") for name, why in verdict.refused.items()}
        if verdict.decisions:
            variant = await self._variants.find(verdict, request.traceparent)
            return variant.view(self._ledger.require(), self._reasons(), refused, self._goods())
        return self._make_view(refused) if refused else stage

    def renew(self, manifest: Manifest | None = None) -> None:
        """Follow what the manifest says now: this one, or that which is held."""
        holdings = self._ledger.holdings
        if manifest is None and holdings is not None:
            manifest = holdings.manifest.manifest
        if manifest is None:
            return
        supplies, self._notices = list_supplies(self._settings, manifest)
        self._stock.supply(supplies)
        self._wake()

    async def look_and_settle(self) -> None:
        """Look at plain builds now, and wait until what came of it runs or was refused."""
        await self._stock.look()
        await self.settled()
        await self._variants.look()

    async def settled(self) -> None:
        """Wait until every remote has been asked, and what came of it runs or was refused."""
        await self._stock.settled()
        await self._cast.settled()

    def health(self) -> tuple[ServerHealth, ...]:
        """Return how the remotes that have server modules are."""
        # Asked for by any thread, while this one goes on.
        return tuple(self._health_of(name, held) for name, held in tuple(self._stock.held.items()))

    @property
    def variants(self) -> int:
        """How many sets of delegates' decisions run beside the federation as it is."""
        return len(self._variants)

    def notices(self) -> Iterator[Notice]:
        """Yield what the owners of remotes should know."""
        yield from self._notices
        for one in self.health():
            if one.error is not None:
                yield Notice(f"server-{one.status}", one.remote, "", f"server modules: {one.error}")
        for name, text in self._cast.torn(self._goods()).items():
            yield Notice("server-torn", name, "", f"{text}: until both agree, browsers render it")
        for held in tuple(self._stock.held.values()):
            for odd in held.findings:
                yield Notice(f"server-{odd.code}", odd.remote, "", f"{odd.file}: {odd.text}")
        for group in self._cast.groups:
            if group.opened is not None:
                for finding in group.opened.running.assembly.findings:
                    where = finding.module or finding.remote
                    text = f"{where}: {finding.text}"
                    yield Notice(f"server-{finding.code}", finding.remote, finding.specifier, text)

    async def aclose(self) -> None:
        """End everything."""
        self._unlisten()
        await self._stock.aclose()
        await self._variants.aclose()
        await self._cast.aclose()
        await self._engines.aclose()
        self._worker.close()
        if self._passing is not None:
            await asyncio.to_thread(self._passing.cleanup)

    def _surround(self) -> Surroundings:
        return Surroundings(
            engines=self._engines,
            policy=self._settings.policy,
            browser=self._browser,
            held=lambda _: {},
            changed=self._forget_view,
            limits=self._settings.limits,
        )

    def _browser(self) -> BrowserSide | None:
        snapshot = self._ledger.current
        return None if snapshot is None else BrowserSide(snapshot.plan, snapshot.containers)

    def _make_stock(
        self, cache: StreamCache, *, changed: Callable[[], object], trace: str | None = None
    ) -> Stock:
        """Make what follows builds."""
        settings = self._settings
        return Stock(
            self._client,
            cache,
            changed=changed,
            interval=settings.limits.plain_interval if settings.refresh_interval else None,
            limits=settings.limits,
            clock=self._ledger.clock,
            trace=trace,
        )

    def _supply_decided(self, remote: str, decision: Decision) -> Supply:
        """Return where the build of a delegate's decision comes from.

        Raises:
            HanseError: It may not come from there.
        """
        holdings = self._ledger.holdings
        manifest = {} if holdings is None else holdings.manifest.manifest
        return decided_supply(remote, decision, self._settings, manifest, access=self._client.access)

    def _wake(self) -> None:
        self._cast.renew()
        self._variants.renew()
        self._forget_view()

    def _forget_view(self) -> None:
        self._view = None
        self._variants.forget()
        self._catch_up()

    def _make_view(self, refused: Mapping[str, Role] = MappingProxyType({})) -> View:
        return self._cast.view(self._ledger.require(), self._reasons(), refused, self._goods())

    def _goods(self) -> dict[str, Good]:
        """Return the remotes' entries for browsers."""
        holdings = self._ledger.holdings
        remotes = {} if holdings is None else holdings.remotes
        goods = ((name, held.good) for name, held in remotes.items() if held.listed.trusted)
        return {name: good for name, good in goods if good is not None}

    def _catch_up(self) -> None:
        """Have browsers' builds looked at where a server build is ahead of them: once for each build."""
        running = {
            (name, held.build.entry.build)
            for name, held in self._stock.held.items()
            if held.build is not None
        }
        self._asked &= running
        behind = {*self._cast.torn(self._goods()), *self._lacking()}
        late = {one for one in running if one[0] in behind}
        if late - self._asked:
            self._asked |= late
            self._ask()

    def _lacking(self) -> set[str]:
        """Return the remotes that browsers should get something of, and do not."""
        holdings = self._ledger.holdings
        remotes = {} if holdings is None else holdings.remotes
        return {name for name, held in remotes.items() if held.good is None and held.listed.trusted}

    def _reasons(self) -> dict[str, str]:
        """Return why remotes have no server modules, as far as that was found out before asking for any."""
        return {notice.remote: notice.text for notice in self._notices}

    def _health_of(self, name: str, held: Held) -> ServerHealth:
        opened = self._cast.opened(name, held)
        member = None if opened is None else opened.running.members.get(name)
        error = self._cast.error(name, held)
        refusals = self._cast.refusals(name, held)
        status: Status = "starting"
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
            refusals=len(refusals),
            refusal=tell(refusals[-1]) if refusals else None,
            group=group_of(name, held.supply),
            pool=None if opened is None else opened.pool,
        )
