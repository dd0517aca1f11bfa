"""Machines are started afresh, ended in time, and given back; what they may call is counted."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from hanse.engines import EngineLimits, Realm, RenderCall
from hanse.engines.wasm import WasmEngine
from hanse.engines.wasm.binary import find_binary
from hanse.errors import EngineError
from tests.engines.react_modules import TABLE, react_call, react_generation
from tests.engines.single import single

pytestmark = pytest.mark.anyio

MANY = """
import { createElement } from "react";
import { renderToString } from "react-dom/server.legacy";
import Table from "./table.js";
export function many(count) {
  let length = 0;
  for (let at = 0; at < count; at += 1) {
    length += renderToString(createElement(Table, { rows: 250, title: "T" })).length;
  }
  return length;
}
"""


async def test_a_fresh_machine_costs_little_more_than_a_warm_rendering() -> None:
    """In processor time, the least of several; half as much more is what the benchmark measures."""
    engine = WasmEngine()
    generation = react_generation(
        {"table.js": TABLE, "many.js": MANY}, warm=("react/adapter.js", "shop/table.js", "shop/many.js")
    )
    realm = await engine.open(generation, EngineLimits(call=30.0, open=30.0))

    async def many(count: int) -> float:
        began = time.process_time()
        await realm.call("shop/many.js", "many", [count])
        return time.process_time() - began

    async def fresh() -> float:
        began = time.process_time()
        await realm.render(react_call("shop/table.js", {"rows": 250, "title": "T"}, plain=True))
        return time.process_time() - began

    warm = (min([await many(6) for _ in range(4)]) - min([await many(1) for _ in range(6)])) / 5
    assert min([await fresh() for _ in range(8)]) <= 3 * warm
    await engine.close()


async def test_threads_and_machines_are_given_back() -> None:
    engine = WasmEngine()
    realm = await engine.open(single("export const render = () => 'x'"), EngineLimits(open=30.0))
    before = threading.active_count()
    for _ in range(30):
        await realm.render(RenderCall(module="isle/main.js"))
    assert threading.active_count() <= before + 1
    await engine.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "hanse-epochs"]


async def test_a_cancelled_call_is_ended_and_gives_its_turn_back() -> None:
    engine = WasmEngine()
    limits = EngineLimits(call=20.0, open=30.0, at_once=1, queue=1)
    wait = "export const wait = () => new Promise((done) => setTimeout(done, 15000));"
    realm = await engine.open(single(f"{wait} export const one = () => 1;"), limits)
    task = asyncio.create_task(realm.call("isle/main.js", "wait", []))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    began = time.monotonic()
    assert await realm.call("isle/main.js", "one", []) == 1
    assert time.monotonic() - began < 5.0
    await engine.close()


async def test_calls_wait_for_their_turn_and_no_more_than_may() -> None:
    engine = WasmEngine()
    limits = EngineLimits(call=20.0, open=30.0, at_once=2, queue=3)
    text = "export const wait = () => new Promise((done) => setTimeout(done, 300, 1));"
    realm = await engine.open(single(text), limits)
    tasks = [asyncio.create_task(realm.call("isle/main.js", "wait", [])) for _ in range(7)]
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert done.count(1) == 5
    assert [one.reason for one in done if isinstance(one, EngineError)] == ["busy", "busy"]
    await engine.close()


async def test_what_is_closed_is_closed() -> None:
    engine = WasmEngine()
    realm: Realm = await engine.open(single("export const one = () => 1;"), EngineLimits(open=30.0))
    await realm.close()
    with pytest.raises(EngineError) as caught:
        await realm.call("isle/main.js", "one", [])
    assert caught.value.reason == "ended"
    await engine.close()
    with pytest.raises(EngineError):
        await engine.open(single(""), EngineLimits())


def test_the_file_can_ask_for_twelve_things() -> None:
    """What QuickJS could call if it were linked: a new release with more of them is noticed here."""
    body = find_binary()
    names = (b"path_open", b"sock_", b"environ_get", b"args_get", b"proc_exit", b"poll_oneoff", b"fd_read")
    assert [name for name in names if name in body] == []
