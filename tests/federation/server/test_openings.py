"""Generations that run: lent, retired, and gone."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any, cast

import pytest

from hanse.engines import Realm
from hanse.federation.server.openings import Opened, Running

pytestmark = pytest.mark.anyio


class Quiet:
    """A realm that only counts how often it was closed."""

    closed = 0

    async def close(self) -> None:
        self.closed += 1


def running() -> Running:
    return Running(group="deno", members={}, assembly=cast("Any", object()), choices={})


async def test_a_generation_that_nobody_uses_is_let_go_at_once() -> None:
    what, realm = running(), Quiet()
    seen = weakref.ref(realm)
    opened = Opened(what, cast("Realm", realm), drain=1000.0)
    opened.retire()
    await asyncio.sleep(0.01)
    assert realm.closed == 1

    del opened, realm
    await asyncio.sleep(0.01)
    gc.collect()

    assert seen() is None


async def test_a_generation_in_use_is_closed_when_it_has_drained() -> None:
    realm = Quiet()
    opened = Opened(running(), cast("Realm", realm), drain=0.05)
    async with opened:
        opened.retire()
        assert realm.closed == 0
        await asyncio.sleep(0.2)
        assert realm.closed == 1
    await opened.aclose()
    assert realm.closed == 1


async def test_a_generation_is_closed_when_its_last_page_is_done() -> None:
    realm = Quiet()
    opened = Opened(running(), cast("Realm", realm), drain=1000.0)
    async with opened:
        opened.retire()
    await asyncio.sleep(0.01)
    assert realm.closed == 1
