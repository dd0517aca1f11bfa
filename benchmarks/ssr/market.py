"""The remotes of a site as the engines have them: pulled as streams, and rendered by one generation after another."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.ssr.builds import HERE
from benchmarks.ssr.streams import PUBLIC, REACT, SHARED
from hanse.engines import JSON, EngineLimits, Generation, RenderCall, Source, module_name
from hanse.engines.deno import DenoEngine
from hanse.engines.deno_realm import DenoRealm
from hanse.errors import HanseError
from hanse.net import Access, Client
from hanse.stream import Build, StreamCache, Supplier, key_ring, pull, read_entry, trust

__all__ = ["Market"]

ADAPTER = "home/adapter.js"


@dataclass(slots=True, eq=False)
class Stall:
    """A process with one generation, and how many renderings are under way in it."""

    realm: DenoRealm
    busy: int = 0


@dataclass(slots=True)
class Counter:
    """One generation in all its processes."""

    remotes: frozenset[str]
    stalls: Sequence[Stall]
    left: asyncio.Event = field(default_factory=asyncio.Event)


class Market:
    """Pulls builds and renders them."""

    def __init__(self, origin: str, remotes: Sequence[str], *, processes: int, folder: Path) -> None:
        self._processes = processes
        self._engine = DenoEngine()
        self._client = Client(Access.for_urls([origin], local=True))
        self._cache = StreamCache(folder / "cache")
        self._builds: dict[str, Build] = {}
        self._counter: Counter | None = None
        self._changing = asyncio.Lock()
        self._draining: set[asyncio.Task[None]] = set()
        self._suppliers = {
            remote: Supplier(
                remote=remote,
                server=f"{origin}/{remote}/",
                ring=key_ring([SHARED]),
                publishers=trust({remote: [PUBLIC]}),
            )
            for remote in remotes
        }

    async def open(self, remotes: Iterable[str]) -> None:
        """Pull these remotes, and open a generation with them."""
        for remote in remotes:
            self._builds[remote] = await pull(self._client, self._suppliers[remote], cache=self._cache)
        await self._switch()

    async def render(self, remote: str, key: str, props: Mapping[str, JSON]) -> str:
        """Render a module, in the process that has least to do; pull its remote where nobody has asked for it yet."""
        counter = self._counter
        if counter is None or remote not in counter.remotes:
            counter = await self._add(remote)
        stall = min(counter.stalls, key=lambda one: one.busy)
        stall.busy += 1
        try:
            call = RenderCall(module=f"{remote}/{key}", props=props, adapter=ADAPTER)
            return (await stall.realm.render(call)).html
        finally:
            stall.busy -= 1
            if counter is not self._counter and not any(one.busy for one in counter.stalls):
                counter.left.set()

    async def reload(self) -> bool:
        """Ask every remote for another build, and switch to a generation with it; tell whether there was one."""
        changed = False
        async with self._changing:
            for remote, build in tuple(self._builds.items()):
                supplier = self._suppliers[remote]
                found = await read_entry(self._client, supplier)
                if found is None or found.entry.build == build.entry.build:
                    continue
                self._builds[remote] = await pull(self._client, supplier, cache=self._cache, known=found)
                changed = True
            if changed:
                await self._switch()
        return changed

    async def close(self) -> None:
        """End everything."""
        for task in self._draining:
            task.cancel()
        await self._engine.close()
        await self._client.aclose()

    async def _add(self, remote: str) -> Counter:
        async with self._changing:
            if remote not in self._builds:
                self._builds[remote] = await pull(self._client, self._suppliers[remote], cache=self._cache)
                await self._switch()
        assert self._counter is not None
        return self._counter

    async def _switch(self) -> None:
        """Open the new generation in new processes, make it the current one, and let the old one drain."""
        generation = make_generation(self._builds)
        limits = EngineLimits(queue=4096)
        realms = await asyncio.gather(
            *(self._engine.open(generation, limits) for _ in range(self._processes))
        )
        old, self._counter = self._counter, Counter(frozenset(self._builds), [*map(Stall, realms)])
        if old is not None:
            task = asyncio.create_task(drain(old))
            self._draining.add(task)
            task.add_done_callback(self._draining.discard)


async def drain(counter: Counter) -> None:
    """End a generation when nobody is rendering in it any more."""
    if any(one.busy for one in counter.stalls):
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                await counter.left.wait()
    for stall in counter.stalls:
        with suppress(HanseError):
            await stall.realm.close()


def make_generation(builds: Mapping[str, Build]) -> Generation:
    """Put builds together: all modules, React for everybody, and what is exposed under its remote's name."""
    modules = {
        module_name(remote, file): Source(text=content.decode(), remote=remote)
        for remote, build in builds.items()
        for file, content in build.contents.items()
    }
    modules[ADAPTER] = Source(text=(HERE / "sources" / "adapter.js").read_text(), remote="home")
    react = {
        specifier: f"home/{file}" for entries in REACT.values() for specifier, file in entries.items()
    }
    exposed = {
        f"{remote}/{key}": module_name(remote, file)
        for remote, build in builds.items()
        for key, file in build.entry.exposes.items()
    }
    names = "".join(sorted(build.entry.build for build in builds.values()))
    return Generation(
        id=hashlib.sha256(names.encode()).hexdigest()[:32],
        modules=modules,
        imports={**react, **exposed},
        warm=(ADAPTER, *exposed),
    )
