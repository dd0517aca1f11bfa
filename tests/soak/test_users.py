"""Two users in turn, ten thousand times in the soak: nothing of one is ever found in what the other gets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from hanse.engines import Engine, EngineLimits, Generation, Pool, PoolOptions, Realm, RenderCall, Source
from hanse.engines.deno import DenoEngine
from hanse.engines.wasm import WasmEngine
from tests.soak.counts import often

pytestmark = pytest.mark.anyio

TEXT = (Path(__file__).parent / "users.js").read_text()
# Warm, so that there is a place for state before the first user comes.
GENERATION = Generation(
    id="users", modules={"shop/users.js": Source(text=TEXT, remote="shop")}, warm=("shop/users.js",)
)
LIMITS = EngineLimits(call=20.0, open=30.0)
# Calls at a time, in the second half.
AT_ONCE = 4


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def open_pool(engine: Engine, **options: object) -> AsyncIterator[Pool]:
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.close)
        pool = Pool(engine, LIMITS, options=PoolOptions(**options))  # type: ignore[arg-type]
        stack.push_async_callback(pool.close)
        await pool.switch(GENERATION)
        yield pool


async def alternate(realm: Realm, count: int, *, way: str) -> None:
    """Render for two users in turn, and a few at a time; each finds its own secret and no other."""

    async def one(number: int) -> None:
        user = ("anna", "ben")[number % 2]
        secret = f"secret of {user} {number}"
        call = RenderCall(
            module="shop/users.js",
            props={"user": user, "secret": secret, "way": way},
            context={"token": f"secret of {user}'s context {number}"},
        )
        assert (await realm.render(call)).html == f"<p>{user}: {secret}</p><i></i>"

    for number in range(count // 2):
        await one(number)
    for start in range(count // 2, count, AT_ONCE):
        await asyncio.gather(*(one(number) for number in range(start, start + AT_ONCE)))


async def test_users_of_a_machine_for_each_call_never_meet() -> None:
    engine = WasmEngine()
    try:
        await alternate(await engine.open(GENERATION, LIMITS), often(100, soak=10_000), way="keep")
    finally:
        await engine.close()


async def test_users_of_a_process_for_each_call_never_meet() -> None:
    async with open_pool(DenoEngine(spares=2), size=2, isolation="request", spares=2) as pool:
        await alternate(pool, often(24, soak=10_000), way="keep")


async def test_users_of_one_process_are_not_remembered_by_what_is_around_the_modules() -> None:
    async with open_pool(DenoEngine(), size=1) as pool:
        await alternate(pool, often(50, soak=10_000), way="search")


async def test_what_modules_keep_would_be_found() -> None:
    async with open_pool(DenoEngine(), size=1) as pool:
        with pytest.raises(AssertionError, match="anna"):
            await alternate(pool, 4, way="keep")
