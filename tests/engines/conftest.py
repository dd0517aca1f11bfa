"""Every promise of engines is tested against every engine; here they are made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from hanse.engines import Engine, EngineLimits, Generation, Realm
from hanse.engines.deno import DenoEngine
from hanse.engines.wasm import WasmEngine

MAKERS: dict[str, Callable[[], Engine]] = {
    "deno": DenoEngine,
    "wasm": WasmEngine,
}

Open = Callable[..., Awaitable[Realm]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=MAKERS)
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    made = MAKERS[request.param]()
    yield made
    await made.close()


@pytest.fixture
def open_realm(engine: Engine) -> Open:
    """Return what opens a realm for a generation; it ends with the engine."""

    async def open_one(generation: Generation, limits: EngineLimits | None = None) -> Realm:
        return await engine.open(generation, limits or EngineLimits(call=10.0, open=30.0))

    return open_one
