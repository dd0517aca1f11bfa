"""A call that does not let go costs nobody else anything: not their answer, and not their good name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from hanse.engines import EngineLimits, Pool, Realm, RenderCall
from hanse.errors import EngineError
from tests.engines.conftest import Open, OpenPool
from tests.engines.towns import generation, modules

pytestmark = pytest.mark.anyio

T = TypeVar("T")
SHOP = """
const nap = (ms) => new Promise((done) => setTimeout(done, ms));
export const loop = () => { for (;;); };
export const later = async (ms) => { await nap(ms); for (;;); };
export const leave = (ms) => { setTimeout(() => { for (;;); }, ms); return 'left'; };
const now = () => performance.now();
export const work = (ms) => { const end = now() + ms; while (now() < end); return 'done'; };
export const ok = () => 'ok';
"""
HOME = """
export const ok = () => 'ok';
export const nap = (ms) => new Promise((done) => setTimeout(done, ms, 'ok'));
export async function* render({ ms }) { yield 'home'; if (ms) await nap(ms); yield ' is well'; }
"""
GENERATION = generation(
    modules(shop__a_js=SHOP, home__a_js=HOME), id="blame", warm=("shop/a.js", "home/a.js")
)
LIMITS = EngineLimits(call=10.0, open=30.0)
# Seconds in which whatever is to be noticed is noticed, on a busy machine.
NOTICED = 0.4


async def fault(call: Awaitable[object]) -> EngineError:
    with pytest.raises(EngineError) as caught:
        await call
    return caught.value


async def outcome(call: Awaitable[T]) -> T | EngineError:
    try:
        return await call
    except EngineError as error:
        return error


async def read(realm: Realm, ms: int = 0, *, deadline: float) -> str:
    """Return what the stream of `home` gives."""
    stream = await realm.stream(RenderCall(module="home/a.js", props={"ms": ms}, deadline=deadline))
    try:
        return "".join([piece async for piece in stream])
    finally:
        await stream.aclose()


def start(count: int, make: Callable[[], Awaitable[T]]) -> list[asyncio.Task[T | EngineError]]:
    """Begin several calls at once."""
    return [asyncio.create_task(outcome(make())) for _ in range(count)]


def is_blamed(error: object) -> bool:
    return isinstance(error, EngineError) and not error.blameless


@pytest.fixture
async def pool(open_pool: OpenPool) -> Pool:
    """Return a pool of two realms with a remote that loops, and one that is well."""
    return await open_pool(GENERATION, LIMITS, size=2)


@pytest.mark.parametrize("many", [1, 4])
async def test_neighbours_are_answered_though_they_have_the_same_deadline(pool: Pool, many: int) -> None:
    loops = start(many, lambda: pool.call("shop/a.js", "loop", [], deadline=1.5))
    oks = start(many, lambda: pool.call("home/a.js", "ok", [], deadline=1.5))
    naps = start(many, lambda: pool.call("home/a.js", "nap", [20], deadline=1.5))
    streams = start(many, lambda: read(pool, 20, deadline=1.5))
    assert await asyncio.gather(*oks, *naps) == ["ok"] * 2 * many
    assert await asyncio.gather(*streams) == ["home is well"] * many
    errors = await asyncio.gather(*loops)
    assert {getattr(error, "reason", None) for error in errors} == {"timeout"}
    assert any(map(is_blamed, errors))


async def test_whoever_comes_later_does_not_wait_for_it(pool: Pool) -> None:
    loop = asyncio.create_task(fault(pool.call("shop/a.js", "loop", [], deadline=3.0)))
    await asyncio.sleep(NOTICED)
    for _ in range(20):
        began = time.perf_counter()
        assert await pool.call("home/a.js", "ok", [], deadline=1.0) == "ok"
        assert await read(pool, deadline=1.0) == "home is well"
        assert time.perf_counter() - began < NOTICED
    assert not loop.done()
    assert (await loop).reason == "timeout"


async def test_a_realm_that_is_held_up_gets_no_calls_of_its_own_remote_either(open_pool: OpenPool) -> None:
    alone = generation(modules(shop__a_js=SHOP), id="alone", warm=("shop/a.js",))
    pool = await open_pool(alone, LIMITS, size=2)
    loop = asyncio.create_task(fault(pool.call("shop/a.js", "loop", [], deadline=2.0)))
    await asyncio.sleep(NOTICED)
    calls = start(7, lambda: pool.call("shop/a.js", "ok", [], deadline=1.0))
    assert await asyncio.gather(*calls) == ["ok"] * 7
    assert not loop.done()
    assert pool.counts().repeated == 0
    assert (await loop).reason == "timeout"


async def test_a_realm_is_opened_for_the_others_where_all_are_held_up(pool: Pool) -> None:
    loops = start(6, lambda: pool.call("shop/a.js", "loop", [], deadline=3.0))
    await asyncio.sleep(0.05)
    calls = start(6, lambda: pool.call("home/a.js", "ok", [], deadline=2.5))
    assert await asyncio.gather(*calls) == ["ok"] * 6
    assert not any(loop.done() for loop in loops)
    assert {getattr(error, "reason", None) for error in await asyncio.gather(*loops)} == {"timeout"}


async def test_a_realm_is_opened_for_whoever_comes_when_all_are_held_up(open_pool: OpenPool) -> None:
    pool = await open_pool(GENERATION, LIMITS, size=1)
    loop = asyncio.create_task(fault(pool.call("shop/a.js", "loop", [], deadline=6.0)))
    await asyncio.sleep(2 * NOTICED)
    assert await pool.call("home/a.js", "ok", [], deadline=4.0) == "ok"
    assert not loop.done()
    assert (await loop).reason == "timeout"


async def test_what_was_opened_for_the_others_ends_when_all_is_well(open_pool: OpenPool) -> None:
    pool = await open_pool(GENERATION, LIMITS, size=2, apart=0.3)
    works = start(2, lambda: pool.call("shop/a.js", "work", [1500]))
    oks = start(4, lambda: pool.call("home/a.js", "ok", []))
    assert await asyncio.gather(*oks) == ["ok"] * 4
    assert await asyncio.gather(*works) == ["done"] * 2
    async with asyncio.timeout(15):
        while pool.counts().ready != 2:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.05)
    assert pool.counts().ended.keys() <= {"spare"}
    assert sum(pool.counts().ended.values()) == pool.counts().started - 2


async def test_the_rest_of_the_remote_is_served_when_its_loop_has_ended(pool: Pool) -> None:
    assert (await fault(pool.call("shop/a.js", "loop", [], deadline=0.3))).reason == "timeout"
    calls = [pool.call("shop/a.js", "ok", [], deadline=5.0) for _ in range(20)]
    assert await asyncio.gather(*calls) == ["ok"] * 20


@pytest.mark.parametrize("export", ["loop", "later"])
async def test_only_the_call_that_does_not_let_go_is_blamed(open_realm: Open, export: str) -> None:
    realm = await open_realm(GENERATION, LIMITS)
    # Where calls have a thread each a nap may be late by itself, on a busy machine: a second is enough.
    naps = start(3, lambda: realm.call("home/a.js", "nap", [350], deadline=1.35))
    await asyncio.sleep(0.05)
    loop = asyncio.create_task(fault(realm.call("shop/a.js", export, [50], deadline=1.3)))
    await asyncio.sleep(0.01)
    more = start(3, lambda: realm.call("home/a.js", "ok", [], deadline=1.27))
    blamed = await loop
    assert (blamed.reason, blamed.blameless) == ("timeout", False)
    assert not any(map(is_blamed, await asyncio.gather(*naps, *more)))


async def test_a_stream_that_a_neighbour_breaks_off_is_not_to_blame(open_realm: Open) -> None:
    realm = await open_realm(GENERATION, LIMITS)
    stream = await realm.stream(RenderCall(module="home/a.js", props={"ms": 600}, deadline=5.0))
    await stream.shell()
    loop = asyncio.create_task(fault(realm.call("shop/a.js", "loop", [], deadline=0.3)))

    async def read_on() -> str:
        return "".join([piece async for piece in stream])

    assert not is_blamed(await outcome(read_on()))
    await stream.aclose()
    assert is_blamed(await loop)


async def test_a_loop_that_a_call_leaves_behind_costs_nobody_anything(pool: Pool) -> None:
    assert await pool.call("shop/a.js", "leave", [20]) == "left"
    await asyncio.sleep(0.1)
    for _ in range(4):
        calls = [pool.call("home/a.js", "ok", [], deadline=2.0) for _ in range(4)]
        assert await asyncio.gather(*calls) == ["ok"] * 4


async def test_a_short_deadline_does_not_end_what_another_call_does(
    open_realm: Open,
) -> None:
    realm = await open_realm(GENERATION, LIMITS)
    work = asyncio.create_task(realm.call("shop/a.js", "work", [600], deadline=5.0))
    await asyncio.sleep(0.05)
    short = await outcome(realm.call("home/a.js", "ok", [], deadline=0.1))
    assert not is_blamed(short)
    assert await work == "done"
    assert await realm.call("home/a.js", "ok", []) == "ok"
