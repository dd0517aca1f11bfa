"""A pool keeps its realms alive, switches as a whole, repeats what others have ruined, and leaks nothing."""

from __future__ import annotations

import asyncio
import gc
import os
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hanse.engines import Engine, EngineLimits, Generation, Pool, PoolOptions, Realm, RenderCall
from hanse.engines.deno_realm import DenoRealm
from hanse.errors import EngineError
from tests.engines.conftest import Promises
from tests.engines.towns import generation, modules

pytestmark = pytest.mark.anyio

# The long version of what leaks little by little.
SOAK = os.environ.get("HANSE_SOAK") == "1"

TEXT = """
let count = 0;
export const build = () => 'BUILD';
export const counted = () => (count += 1);
export const nap = (ms) => new Promise((done) => setTimeout(done, ms, 'BUILD'));
export const loop = () => { for (;;); };
export const long = () => nap(60_000);
export async function* render({ ms }) { yield 'BUILD'; await nap(ms); yield ' end'; }
"""

Make = Callable[..., Awaitable[Pool]]


def build(name: str, extra: str = "") -> Generation:
    return generation(modules(home__a_js=TEXT.replace("BUILD", name) + extra), id=name, warm=("home/a.js",))


@pytest.fixture
async def make_pool(engine: Engine) -> AsyncIterator[Make]:
    """Return what makes a pool with a generation; it is closed in the end."""
    pools: list[Pool] = []

    async def make(limits: EngineLimits | None = None, **options: object) -> Pool:
        pool = Pool(
            engine,
            limits or EngineLimits(call=10.0, open=30.0),
            options=PoolOptions(backoff=0.01, **options),  # type: ignore[arg-type]
        )
        pools.append(pool)
        await pool.switch(build("one"))
        return pool

    yield make
    for pool in pools:
        await pool.close()


def children() -> list[Path]:
    """Return the processes that this one has started, zombies too."""
    own = str(os.getpid())
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields[1] == own:
            found.append(entry.parent)
    return found


def resident() -> int:
    """Return this process's memory in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def descriptors() -> int:
    """Return how many this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, for fifteen seconds at most."""
    for _ in range(1500):
        if holds():
            return
        await asyncio.sleep(0.01)
    assert holds()


async def test_it_spreads_calls_and_counts_them(make_pool: Make) -> None:
    pool = await make_pool(EngineLimits(call=10.0, open=30.0, at_once=2))
    assert pool.counts().ready == 2
    calls = [asyncio.create_task(pool.call("home/a.js", "nap", [300])) for _ in range(4)]
    await asyncio.sleep(0.1)
    assert pool.counts().busy == 4
    assert await asyncio.gather(*calls) == ["one"] * 4
    assert pool.counts().busy == 0
    assert pool.counts().calls == {"ok": 4}
    assert pool.counts().started == 2


async def test_the_queue_of_all_is_bounded(make_pool: Make) -> None:
    pool = await make_pool(EngineLimits(call=10.0, open=30.0, at_once=1, queue=1), size=1)
    calls = [asyncio.create_task(pool.call("home/a.js", "nap", [200])) for _ in range(3)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert results[:2] == ["one", "one"]
    assert getattr(results[2], "reason", "") == "busy"


async def test_calls_beside_one_that_loops_are_repeated_elsewhere(make_pool: Make) -> None:
    pool = await make_pool()
    naps = [asyncio.create_task(pool.call("home/a.js", "nap", [600])) for _ in range(6)]
    await asyncio.sleep(0.1)
    with pytest.raises(EngineError) as caught:
        await pool.call("home/a.js", "loop", [], deadline=0.2)
    assert caught.value.reason == "timeout"
    assert await asyncio.gather(*naps) == ["one"] * 6
    await until(lambda: pool.counts().ready == 2)


async def test_request_isolation_gives_every_call_a_realm_of_its_own(make_pool: Make) -> None:
    pool = await make_pool(isolation="request", spares=2)
    for _ in range(4):
        assert await pool.call("home/a.js", "counted", []) == 1
    assert sorted(await asyncio.gather(*(pool.call("home/a.js", "counted", []) for _ in range(3)))) == [1] * 3  # type: ignore[type-var]
    await until(lambda: pool.counts().ended.get("request") == 7)


async def test_module_state_lives_no_longer_than_its_generation(make_pool: Make, promises: Promises) -> None:
    pool = await make_pool(size=1)
    counted = [await pool.call("home/a.js", "counted", []) for _ in range(3)]
    assert counted == ([1, 1, 1] if promises.fresh else [1, 2, 3])
    await pool.switch(build("two"))
    assert await pool.call("home/a.js", "counted", []) == 1


async def test_a_switch_loses_nothing_and_mixes_nothing(make_pool: Make) -> None:
    pool = await make_pool()
    running = True
    seen: list[str] = []

    async def load() -> None:
        while running:
            async with pool.held() as page:
                first = await page.call("home/a.js", "build", [])
                second = await page.call("home/a.js", "nap", [20])
                assert first == second
                seen.append(str(first))

    loads = [asyncio.create_task(load()) for _ in range(4)]
    for name in ("two", "three"):
        await asyncio.sleep(0.1)
        await pool.switch(build(name))
        assert await pool.call("home/a.js", "build", []) == name
    await asyncio.sleep(0.2)
    running = False
    await asyncio.gather(*loads)
    assert seen.index("one") < seen.index("two") < seen.index("three")
    await until(lambda: pool.counts().ended.get("switched") == 4)
    assert pool.counts().calls.keys() == {"ok"}
    assert pool.counts().switches == 2


async def test_a_broken_build_leaves_the_old_one_in_use(make_pool: Make) -> None:
    pool = await make_pool()
    with pytest.raises(EngineError, match="broken"):
        await pool.switch(build("two", "throw new Error('broken');"))
    assert await pool.call("home/a.js", "build", []) == "one"
    assert pool.counts().failed >= 1


async def test_streams_have_their_place_until_they_end(make_pool: Make) -> None:
    pool = await make_pool(EngineLimits(call=10.0, open=30.0, at_once=1), size=1)
    stream = await pool.stream(RenderCall(module="home/a.js", props={"ms": 10}))
    assert (await stream.shell()).modules == ("home/a.js",)
    assert pool.counts().busy == 1
    assert [piece async for piece in stream] == ["one", " end"]
    await stream.aclose()
    assert pool.counts().busy == 0
    early = await pool.stream(RenderCall(module="home/a.js", props={"ms": 60_000}))
    await early.shell()
    await early.aclose()
    unread = await pool.stream(RenderCall(module="home/a.js", props={"ms": 60_000}))
    await unread.aclose()
    assert await pool.call("home/a.js", "build", [], deadline=5.0) == "one"
    missing = await pool.stream(RenderCall(module="home/b.js"))
    with pytest.raises(EngineError, match="home/b"):
        await missing.shell()
    await missing.aclose()


async def test_realms_that_end_are_replaced_and_nothing_is_left_of_them(
    make_pool: Make, engine: Engine
) -> None:
    pool = await make_pool(EngineLimits(call=10.0, open=30.0), size=2)

    async def cycle(number: int) -> None:
        assert await pool.call("home/a.js", "build", []) == "one"
        if number % 2:
            with pytest.raises(EngineError):
                await pool.call("home/a.js", "loop", [], deadline=0.02)
        else:
            for realm in getattr(engine, "realms", ()):
                if isinstance(realm, DenoRealm):
                    # One that was ended by the call before may be gone by itself.
                    with suppress(ProcessLookupError):
                        os.kill(realm.pid, 9)
                    break

    async def rounds(count: int) -> None:
        for number in range(count):
            await cycle(number)

    await rounds(6)
    await until(lambda: pool.counts().ready == 2)
    gc.collect()
    opened, memory = descriptors(), resident()
    await rounds(1000 if SOAK else 20)
    await until(lambda: pool.counts().ready == 2)
    gc.collect()
    assert descriptors() <= opened
    assert resident() - memory < (5 if SOAK else 10) * 1024
    await pool.close()
    await engine.close()
    assert [entry for entry in children() if "deno" in (entry / "comm").read_text()] == []


class Registrar:
    """An engine that notes the realms it opens, and does not keep them.

    Args:
        engine: What opens them.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.opened: list[weakref.ref[Realm]] = []

    async def open(self, generation: Generation, limits: EngineLimits) -> Realm:
        """Open a realm."""
        realm = await self._engine.open(generation, limits)
        self.opened.append(weakref.ref(realm))
        return realm

    async def close(self) -> None:
        """Leave the engine to whom it belongs."""

    def count(self) -> int:
        """Return how many realms there are."""
        return sum(one() is not None for one in self.opened)


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Have nobody look for what nobody holds."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
async def test_what_has_ended_is_forgotten_at_once(engine: Engine) -> None:
    registrar = Registrar(engine)
    pool = Pool(registrar, EngineLimits(call=10.0, open=30.0), options=PoolOptions(size=2))
    for name in ("one", "two", "three"):
        await pool.switch(build(name))
        assert await pool.call("home/a.js", "build", []) == name
        with pytest.raises(EngineError):
            await pool.call("home/a.js", "missing", [])
    await until(lambda: registrar.count() == 2)
    assert len(registrar.opened) == 6
    await pool.close()
    await until(lambda: registrar.count() == 0)


async def test_a_closed_pool_says_so(make_pool: Make) -> None:
    pool = await make_pool()
    under_way = asyncio.create_task(pool.call("home/a.js", "long", []))
    await asyncio.sleep(0.05)
    await pool.close()
    with pytest.raises(EngineError) as caught:
        await under_way
    assert caught.value.reason == "ended"
    with pytest.raises(EngineError):
        await pool.call("home/a.js", "build", [])
    with pytest.raises(EngineError):
        await pool.switch(build("two"))
