"""A process that nothing asks of rests, but not before all is done that its calls have left behind."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from hanse.engines import EngineLimits
from hanse.errors import EngineError
from tests.engines.conftest import Open
from tests.engines.towns import generation, modules

pytestmark = pytest.mark.anyio

TEXT = """
let count = 0;
const again = (begin) => begin(() => { count += 1; if (count < 10) again(begin); }, 5);
const repeat = () => {
  const timer = setInterval(() => { if (count >= 10) clearInterval(timer); else count += 1; }, 5);
};
const BEGIN = {
  setTimeout: () => again(setTimeout),
  setImmediate: () => again((work) => setImmediate(work)),
  setInterval: repeat,
};
export const begin = (name) => BEGIN[name]();
export const counted = () => count;
export const clear = () => {
  const timers = [setTimeout(() => {}, 1e6), setInterval(() => {}, 1e6), setTimeout(() => {}, 0)];
  for (const timer of timers) clearTimeout(timer);
  clearTimeout(Number(setTimeout(() => {}, 1e6)));
};
const arrays = Object.getPrototypeOf(Uint8Array.prototype);
export const blind = () => { Object.defineProperty(arrays, 'length', { get: () => 0 }); };
export const fail = () => { Promise.reject(new Error('left behind')); };
"""
LIMITS = EngineLimits(call=10.0, open=30.0)
FILES = generation(modules(home__a_js=TEXT), warm=("home/a.js",))


@pytest.mark.parametrize("name", ["setTimeout", "setInterval", "setImmediate"])
async def test_timers_run_while_nothing_is_asked(open_realm: Open, name: str) -> None:
    realm = await open_realm(FILES, LIMITS)
    await realm.call("home/a.js", "begin", [name])
    await asyncio.sleep(0.5)
    assert await realm.call("home/a.js", "counted", []) == 10


async def test_timers_that_were_cleared_are_forgotten(open_realm: Open) -> None:
    realm = await open_realm(FILES, LIMITS)
    for _ in range(3):
        await realm.call("home/a.js", "clear", [])
        await asyncio.sleep(0.05)
    assert await realm.call("home/a.js", "counted", []) == 0


async def test_a_process_that_can_read_no_more_ends(open_realm: Open) -> None:
    realm = await open_realm(FILES, LIMITS)
    began = time.monotonic()
    await realm.call("home/a.js", "blind", [])
    with pytest.raises(EngineError) as caught:
        await realm.call("home/a.js", "counted", [])
    assert caught.value.reason == "ended"
    assert time.monotonic() - began < LIMITS.call / 2


async def test_what_fails_with_nobody_waiting_is_told_at_once(
    open_realm: Open, caplog: pytest.LogCaptureFixture
) -> None:
    realm = await open_realm(FILES, LIMITS)
    with caplog.at_level(logging.ERROR):
        await realm.call("home/a.js", "fail", [])
        await asyncio.sleep(0.5)
    assert "left behind" in caplog.text
