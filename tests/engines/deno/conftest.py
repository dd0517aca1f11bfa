"""What only this engine does."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hanse.engines import Engine
from hanse.engines.deno import DenoEngine


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    made = DenoEngine()
    yield made
    await made.close()
