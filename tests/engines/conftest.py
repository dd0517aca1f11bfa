"""Every promise of engines is tested against every engine; here they are made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from hanse.engines import Engine, EngineLimits, Generation, Pool, PoolOptions, Realm
from hanse.engines.deno import DenoEngine
from hanse.engines.wasm import WasmEngine

MAKERS: dict[str, Callable[[], Engine]] = {
    "deno": DenoEngine,
    "wasm": WasmEngine,
}


@dataclass(frozen=True, slots=True)
class Promises:
    """What engines promise each in its own way; all else is the same for all.

    Attributes:
        fresh: Every call begins with what opening left, and nothing of a call is there for the next.
        columns: Places in stacks have the columns of V8.
        hidden: Nothing of the engine's own is to be seen: no path in a stack, no mark on the global object.
        sturdy: Whatever a module puts in the place of what the language has, calls are answered as ever.
    """

    fresh: bool
    columns: bool
    hidden: bool
    sturdy: bool


PROMISES: dict[type[object], Promises] = {
    DenoEngine: Promises(fresh=False, columns=True, hidden=False, sturdy=False),
    WasmEngine: Promises(fresh=True, columns=False, hidden=True, sturdy=True),
}

Open = Callable[..., Awaitable[Realm]]
OpenPool = Callable[..., Awaitable[Pool]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=MAKERS)
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    made = MAKERS[request.param]()
    yield made
    await made.close()


@pytest.fixture
def promises(engine: Engine) -> Promises:
    """Return what the engine promises."""
    return PROMISES[type(engine)]


@pytest.fixture
async def open_pool(engine: Engine) -> AsyncIterator[OpenPool]:
    """Return what opens a pool for a generation, of one realm unless told otherwise."""
    pools: list[Pool] = []

    async def open_one(generation: Generation, limits: EngineLimits, **options: Any) -> Pool:
        pools.append(Pool(engine, limits, options=PoolOptions(**{"size": 1, "backoff": 0.01, **options})))
        await pools[-1].switch(generation)
        return pools[-1]

    yield open_one
    for pool in pools:
        await pool.close()


@pytest.fixture
def open_realm(engine: Engine) -> Open:
    """Return what opens a realm for a generation; it ends with the engine."""

    async def open_one(generation: Generation, limits: EngineLimits | None = None) -> Realm:
        return await engine.open(generation, limits or EngineLimits(call=10.0, open=30.0))

    return open_one
