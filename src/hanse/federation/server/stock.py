"""The last good server build of each remote, and who follows it.

Each supply is followed by a task of its own, so that a remote that hangs keeps nobody waiting. What fails
costs a notice; the last good build stays.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from hanse.errors import HanseError
from hanse.federation.server.plain import look_at
from hanse.federation.server.supplies import Supply
from hanse.federation.telling import tell
from hanse.limits import Limits
from hanse.net import Client
from hanse.stream import Announced, StreamCache, Supplier, key_ring, trust, watch
from hanse.stream.builds import Build
from hanse.stream.import_entries import Imported, ImportFinding
from hanse.stream.keys import read_keys
from hanse.stream.pull import pull_announced

__all__ = ["Held", "Stock", "supplier_of"]

# Seconds after which a build is written to the disk: by then it runs, most often.
CALM: Final = 0.25
LOG: Final = logging.getLogger("hanse.federation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is held of one remote's server side.

    Attributes:
        supply: Where it comes from.
        build: The last good build; None where there never was one.
        nested: Builds of remotes that it consumes and that are not of the federation, by their names.
        formats: File -> format, where that is not the build's own.
        open: Whether it is a delegate, which may expose more than its entry says.
        findings: What was odd about the build.
        error: Why the build could not be renewed, or that it was refused; None where all is well.
        since: When the build came, Unix time in seconds.
        asked: Whether its remote has been asked at all, so that waiting for it makes no sense any more.
    """

    supply: Supply
    build: Build | None = None
    nested: Mapping[str, Build] = field(default_factory=dict)
    formats: Mapping[str, Literal["esm", "cjs", "json"]] = field(default_factory=dict)
    open: bool = False
    findings: tuple[ImportFinding, ...] = ()
    error: HanseError | None = None
    since: float = 0.0
    asked: bool = False


class Stock:
    """Follows the server builds of a federation; all its methods belong to one event loop.

    Args:
        client: Whose connections are used, through a client beside it.
        cache: What was accepted before, for a start with everything down.
        changed: Called when a build has come, or what is wrong with one has changed.
        interval: Seconds between two looks at a plain build; None for never again.
        limits: The caps.
        clock: Unix time in seconds.
        trace: The trace of the request that made it necessary; publishers are told of it when first asked.
    """

    def __init__(
        self,
        client: Client,
        cache: StreamCache,
        *,
        changed: Callable[[], object],
        interval: float | None,
        limits: Limits,
        clock: Callable[[], float] = time.time,
        trace: str | None = None,
    ) -> None:
        self._parent = client
        self._client = client.beside(limits=following(limits))
        self._cache = cache
        self._changed = changed
        self._interval = interval
        self._limits = limits
        self._clock = clock
        self._trace = trace
        self._followers: dict[str, asyncio.Task[None]] = {}
        self._woken: dict[str, asyncio.Event] = {}
        self.held: dict[str, Held] = {}
        # Set, and replaced, when something else is held.
        self._news = asyncio.Event()

    def supply(self, supplies: Mapping[str, Supply]) -> None:
        """Follow these supplies, and no others; one that is followed already goes on."""
        self._client.access = self._parent.access.with_urls(
            [one.url for one in supplies.values() if one.local], local=True
        ).with_urls([one.url for one in supplies.values() if not one.local], local=False)
        gone = [name for name, held in self.held.items() if supplies.get(name) != held.supply]
        for name in gone:
            self._drop(name)
        for name, supply in supplies.items():
            if name not in self.held:
                self._follow(name, supply)
        if gone:
            self._changed()

    async def look(self) -> None:
        """Look at every plain build now, and wait for it; sealed ones are heard of by themselves."""
        await self.settled()
        plain = [name for name, held in self.held.items() if held.supply.kind != "sealed"]
        for name in plain:
            self.held[name] = replace(self.held[name], asked=False)
            self._woken[name].set()
        await self.settled(plain)

    async def settled(self, names: Collection[str] | None = None) -> None:
        """Wait until each of these remotes has been asked once, whatever came of it; all if not given."""
        while True:
            news = self._news
            waiting = [
                name
                for name, held in self.held.items()
                if not held.asked and (names is None or name in names)
            ]
            tasks = [self._followers[name] for name in waiting if not self._followers[name].done()]
            if not tasks:
                return
            heard = asyncio.ensure_future(news.wait())
            try:
                await asyncio.wait([heard, *tasks], return_when=asyncio.FIRST_COMPLETED)
            finally:
                heard.cancel()

    def refuse(self, remote: str, error: HanseError) -> None:
        """Note that a remote's build is not used, for it does not run."""
        held = self.held.get(remote)
        if held is not None:
            self._hold(remote, replace(held, error=error))

    async def aclose(self) -> None:
        """End all following."""
        for name in tuple(self.held):
            self._drop(name)
        tasks = [*self._followers.values()]
        if tasks:
            await asyncio.wait(tasks)
        await self._client.aclose()

    def _follow(self, name: str, supply: Supply) -> None:
        self.held[name] = Held(supply=supply)
        self._woken[name] = asyncio.Event()
        follow = self._follow_sealed if supply.kind == "sealed" else self._follow_plain
        task = asyncio.get_running_loop().create_task(self._guard(supply, follow(supply)))
        self._followers[name] = task
        task.add_done_callback(lambda done: self._forget(name, done))

    def _drop(self, name: str) -> None:
        del self.held[name]
        self._woken.pop(name, None)
        task = self._followers.get(name)
        if task is not None:
            task.cancel()

    def _forget(self, name: str, task: asyncio.Task[None]) -> None:
        if self._followers.get(name) is task:
            del self._followers[name]

    async def _guard(self, supply: Supply, following: Awaitable[None]) -> None:
        """Follow, and say so where that ends with a fault of the settings."""
        try:
            await following
        except HanseError as error:
            self._fail(supply, error)
        except OSError as error:
            LOG.exception("the server modules of %r are not followed any more", supply.remote)
            self._fail(supply, HanseError(f"what is stored cannot be used: {error}", subject=supply.remote))

    async def _follow_sealed(self, supply: Supply) -> None:
        supplier = supplier_of(supply, self._limits)
        cache = self._cache
        before = await asyncio.to_thread(cache.recall, supply.remote)
        if before is not None:
            self._put(supply, Imported(before), asked=False)

        async def take(known: Announced | None, asked: Supplier = supplier) -> str | None:
            """Pull a build, and return its tag."""
            build, announced = await pull_announced(
                self._client, asked, cache=cache, known=known, now=self._clock, limits=self._limits
            )
            # Nobody who waits for it has to wait for the disk.
            self._put(supply, Imported(build))
            try:
                await asyncio.sleep(CALM)
            finally:
                await asyncio.to_thread(cache.keep, build, announced.document)
            return announced.etag

        async def hear(news: Announced | HanseError) -> None:
            if isinstance(news, HanseError):
                self._fail(supply, news)
            elif self._has(supply, news):
                self._well(supply)
            else:
                await take(news)

        try:
            # At first it is asked for all at once: the entry and what it names, in one round trip.
            etag = await take(None, replace(supplier, trace=self._trace))
        except HanseError as error:
            self._fail(supply, error)
            etag = None
        await watch(self._client, supplier, hear, etag=etag, now=self._clock, limits=self._limits)

    async def _follow_plain(self, supply: Supply) -> None:
        known = ""
        while True:
            try:
                digest, imported = await look_at(
                    supply, self._client, known=known, others=[*self.held], limits=self._limits
                )
            except HanseError as error:
                self._fail(supply, error)
            else:
                if imported is not None:
                    self._put(supply, imported)
                else:
                    self._well(supply)
                known = digest
            woken = self._woken[supply.remote]
            try:
                async with asyncio.timeout(self._interval):
                    await woken.wait()
            except TimeoutError:
                pass
            woken.clear()

    def _put(self, supply: Supply, imported: Imported, *, asked: bool = True) -> None:
        """Hold a build that has come."""
        held = self.held.get(supply.remote)
        if held is None or held.supply is not supply:
            return
        entry = imported.build.entry
        LOG.info("remote %r has the server build %s…, serial %d", entry.name, entry.build[:23], entry.serial)
        now = Held(
            supply=supply,
            build=imported.build,
            nested=imported.nested,
            formats=imported.formats,
            open=imported.open,
            findings=imported.findings,
            since=self._clock(),
            asked=asked,
        )
        self._hold(supply.remote, now)
        self._changed()

    def _has(self, supply: Supply, news: Announced) -> bool:
        """Tell whether what is announced is the build that is held: a remote that was away says so again."""
        held = self.held.get(supply.remote)
        if held is None or held.supply is not supply or held.build is None:
            return False
        entry = held.build.entry
        return (entry.build, entry.serial) == (news.entry.build, news.entry.serial)

    def _well(self, supply: Supply) -> None:
        """Note that a remote that has failed to answer is there again, with the build that is held."""
        held = self.held.get(supply.remote)
        if held is None or held.supply is not supply:
            return
        self._hold(supply.remote, replace(held, error=None, asked=True))
        if held.error is not None:
            self._changed()

    def _fail(self, supply: Supply, error: HanseError) -> None:
        """Note why a build could not be had."""
        held = self.held.get(supply.remote)
        if held is None or held.supply is not supply:
            return
        if held.error is None or held.error.code != error.code:
            LOG.warning("the server modules of %r could not be had: %s", supply.remote, tell(error))
        self._hold(supply.remote, replace(held, error=error, asked=True))
        self._changed()

    def _hold(self, name: str, held: Held) -> None:
        """Hold something else, and tell whoever waits for it."""
        self.held[name] = held
        self._news.set()
        self._news = asyncio.Event()


def following(limits: Limits) -> Limits:
    """Return the limits of a client that asks again and again: an origin is left alone no longer than that.

    Whoever follows waits longer after each failure by himself. A breaker that stays open for minutes would
    keep him from hearing that the remote is there again.
    """
    return replace(
        limits,
        breaker_open=min(limits.breaker_open, limits.build_interval),
        breaker_open_most=min(limits.breaker_open_most, limits.build_interval_most),
    )


def supplier_of(supply: Supply, limits: Limits) -> Supplier:
    """Return the supplier of a sealed stream.

    Raises:
        FormatError: A key is none.
    """
    subject = f"[remotes.{supply.remote}]"
    ring = key_ring(read_keys(supply.key, "key", subject=f"{subject} key", limits=limits))
    public = read_keys(supply.public_key, "public", subject=f"{subject} public_key", limits=limits)
    return Supplier(
        remote=supply.remote,
        server=supply.url,
        ring=ring,
        publishers=trust({supply.remote: public}),
        deadline=supply.deadline,
    )
