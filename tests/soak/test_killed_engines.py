"""Engines whose processes are killed again and again under load: nothing is lost, and nothing is left."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hanse.engines import EngineLimits, Generation, Pool, PoolOptions, RenderCall, Source
from hanse.engines.deno import DenoEngine
from hanse.errors import EngineError
from tests.federation.server.memory import children, resident
from tests.soak.counts import often

pytestmark = pytest.mark.anyio

CYCLES = often(10, soak=1000)
# As many calls at a time, all the time.
LOAD = 4
TEXT = """
export async function render({ number }) {
  await new Promise((done) => setTimeout(done, number % 7));
  return `<p>${number}</p>`;
}
"""
GENERATION = Generation(
    id="killed", modules={"shop/card.js": Source(text=TEXT, remote="shop")}, warm=("shop/card.js",)
)
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGABRT)
# Megabytes that a thousand cycles may leave behind.
GROWTH = 20.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Load:
    """Renders all the time, and counts what it gets."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._done = False
        self.answers = 0
        self.lost: list[EngineError] = []

    async def run(self) -> None:
        """Render until it is ended."""
        while not self._done:
            number = self.answers + len(self.lost)
            try:
                rendered = await self._pool.render(
                    RenderCall(module="shop/card.js", props={"number": number})
                )
            except EngineError as error:
                self.lost.append(error)
            else:
                assert rendered.html == f"<p>{number}</p>"
                self.answers += 1

    def end(self) -> None:
        """Let the last call be the last."""
        self._done = True


async def under_load(pool: Pool, work: Callable[[], Awaitable[None]]) -> Load:
    """Do something while calls go on; return what became of them."""
    load = Load(pool)
    async with asyncio.TaskGroup() as group:
        for _ in range(LOAD):
            group.create_task(load.run())
        await work()
        load.end()
    return load


async def kill_again_and_again(pool: Pool, engine: DenoEngine, count: int) -> None:
    """Kill one of the processes, wait until another one has its place, and so on."""
    chance = random.Random(count)
    for _ in range(count):
        victim = chance.choice(engine.realms)
        os.kill(victim.pid, chance.choice(SIGNALS))
        async with asyncio.timeout(30):
            while victim.alive or pool.counts().ready < 2:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.005)
        await asyncio.sleep(chance.random() * 0.01)


def descriptors() -> int:
    """Return how many this process has open."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_processes_are_killed_under_load_and_nothing_is_lost_or_left(
    report: Callable[[str], None],
) -> None:
    before = children()
    engine = DenoEngine()
    pool = Pool(engine, EngineLimits(call=20.0, open=30.0), options=PoolOptions(size=2, backoff=0.001))
    try:
        await pool.switch(GENERATION)
        await under_load(pool, lambda: kill_again_and_again(pool, engine, 5))
        opened, held = descriptors(), resident()

        load = await under_load(pool, lambda: kill_again_and_again(pool, engine, CYCLES))

        grown = resident() - held
        report(f"{CYCLES} killed, {load.answers} answers, {len(load.lost)} lost, {grown:+.1f} MB")
        assert descriptors() <= opened
        assert grown < GROWTH
        assert len(set(children()) - set(before)) == 2
        # Those under way in a process that was killed are repeated; one that was killed twice may be lost.
        assert [error.reason for error in load.lost] == ["ended"] * len(load.lost)
        assert len(load.lost) <= CYCLES // 10 + 3
        assert load.answers > CYCLES
        counts = pool.counts()
        assert sum(counts.ended.values()) == CYCLES + 5
    finally:
        await pool.close()
        await engine.close()
    assert set(children()) <= set(before)
