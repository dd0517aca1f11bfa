"""Calls of one realm of Deno share its modules: they meet there, and a call that is given up is told so."""

from __future__ import annotations

import asyncio

import pytest

from hanse.engines import EngineLimits, Realm, RenderCall
from hanse.errors import EngineError
from tests.engines.conftest import Open
from tests.engines.towns import generation, modules

pytestmark = pytest.mark.anyio


async def test_calls_meet_in_their_module(open_realm: Open) -> None:
    text = """
    let waiting = [];
    export const meet = (n) => new Promise((done) => {
      waiting.push(done);
      if (waiting.length === n) { for (const one of waiting) one(n); waiting = []; }
    });
    """
    realm = await open_realm(generation(modules(home__a_js=text)), EngineLimits(call=10.0, at_once=4))
    assert await asyncio.gather(*(realm.call("home/a.js", "meet", [4]) for _ in range(4))) == [4] * 4


async def count(realm: Realm, export: str) -> int:
    """Return what a module of these tests has counted."""
    counted = await realm.call("home/a.js", export, [])
    assert isinstance(counted, int)
    return counted


async def test_a_stream_waits_for_its_reader_and_is_cancelled_when_closed(open_realm: Open) -> None:
    text = """
    let made = 0, ended = 0;
    export async function* render() {
      try { for (;;) { made += 1; yield 'x'.repeat(50_000); await 0; } } finally { ended += 1; }
    }
    export const pieces = () => made;
    export const ends = () => ended;
    """
    realm = await open_realm(generation(modules(home__a_js=text)), EngineLimits(call=10.0, output=32 << 20))
    stream = await realm.stream(RenderCall(module="home/a.js"))
    await stream.shell()
    await asyncio.sleep(0.2)
    assert await count(realm, "pieces") < 10
    assert await count(realm, "ends") == 0
    read = 0
    async for piece in stream:
        read += len(piece)
        if read > 2_000_000:
            break
    assert 40 <= await count(realm, "pieces") < 60
    await stream.aclose()
    await asyncio.sleep(0.2)
    assert await count(realm, "ends") == 1


async def test_the_signal_is_aborted_when_nobody_waits(open_realm: Open) -> None:
    text = """
    let aborted = 0;
    export const render = (props, { signal, traceparent }) => {
      signal.addEventListener('abort', () => { aborted += 1; });
      return new Promise((done) => { if (traceparent) done(traceparent); });
    };
    export const state = () => aborted;
    """
    realm = await open_realm(generation(modules(home__a_js=text)))
    given = await realm.render(RenderCall(module="home/a.js", context={"traceparent": "00-1"}))
    assert given.html == "00-1"
    with pytest.raises(EngineError):
        await realm.render(RenderCall(module="home/a.js", deadline=0.1))
    assert await realm.call("home/a.js", "state", []) == 1
