"""Processes that wait for a generation."""

from __future__ import annotations

import asyncio

from hanse.engines.deno import DenoEngine

__all__ = ["spare_of"]


async def spare_of(engine: DenoEngine) -> int:
    """Wait until a process waits for a generation, and return its number."""
    async with asyncio.timeout(10):
        while not engine.spares:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)
    return engine.spares[0]
