"""Whatever a module uses up, its call ends with an error in time, and Python's memory stays as it was."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from hanse.engines import EngineLimits, RenderCall
from hanse.errors import EngineError
from tests.engines.conftest import Open, OpenPool
from tests.engines.single import read_blocks, single

pytestmark = pytest.mark.anyio

LIMITS = EngineLimits(call=0.8, open=30.0, memory=64 << 20)
# What never ends is the same after a short while.
SHORT = replace(LIMITS, call=0.4)
# A machine or process that is given back leaves no more than this behind in Python's own memory.
GROWTH = 32 << 20
# How late an end may be, on a machine that does other things too.
LATE = 1.5

BOMBS = read_blocks("bombs.js")
MEMORY = {name[8:]: body for name, body in BOMBS.items() if name.startswith("memory: ")}
TIME = {name[6:]: body for name, body in BOMBS.items() if name.startswith("time: ")}
DEPTH = {name[7:]: body for name, body in BOMBS.items() if name.startswith("depth: ")}


def resident() -> int:
    """Return this process's memory in bytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def module(body: str) -> str:
    return f"export async function go() {{ {body} }}\nexport const alive = () => 42;"


async def ends(open_pool: OpenPool, body: str, limits: EngineLimits = LIMITS) -> EngineError:
    """Run a bomb, and return the error it ended with; its pool must be of use after it."""
    realm = await open_pool(single(module(body)), limits)
    assert await realm.call("isle/main.js", "alive", []) == 42
    before, began = resident(), time.monotonic()
    with pytest.raises(EngineError) as caught:
        await realm.call("isle/main.js", "go", [])
    assert time.monotonic() - began < limits.call + LATE
    assert await realm.call("isle/main.js", "alive", []) == 42
    assert resident() - before < GROWTH
    await realm.close()
    return caught.value


@pytest.mark.parametrize("name", MEMORY)
async def test_a_bomb_of_memory_ends_alone(name: str, open_pool: OpenPool) -> None:
    error = await ends(open_pool, MEMORY[name])
    # What fills memory slowly may run into its deadline first; what asks for too much is told so.
    assert error.reason in {"memory", "threw", "timeout", "ended"}


async def test_running_out_of_memory_is_told_from_other_errors(open_pool: OpenPool) -> None:
    error = await ends(open_pool, MEMORY["buffers"])
    assert error.reason == "memory"
    assert error.hint


@pytest.mark.parametrize("name", TIME)
async def test_what_never_ends_is_ended(name: str, open_pool: OpenPool) -> None:
    assert (await ends(open_pool, TIME[name], SHORT)).reason == "timeout"


@pytest.mark.parametrize("name", DEPTH)
async def test_what_goes_too_deep_throws(name: str, open_pool: OpenPool) -> None:
    error = await ends(open_pool, DEPTH[name])
    assert error.reason in {"threw", "memory", "output", "syntax", "timeout"}


async def test_a_call_may_ask_for_less_time(open_realm: Open) -> None:
    realm = await open_realm(single(module("for (;;);")), LIMITS)
    began = time.monotonic()
    with pytest.raises(EngineError) as caught:
        await realm.call("isle/main.js", "go", [], deadline=0.2)
    assert caught.value.reason == "timeout"
    assert time.monotonic() - began < LATE


async def test_what_is_waited_for_in_vain_ends(open_pool: OpenPool) -> None:
    error = await ends(open_pool, "await new Promise(() => 0);")
    assert error.reason == "timeout"


async def test_a_bomb_at_opening_ends(open_realm: Open) -> None:
    limits = EngineLimits(call=1.0, open=1.5, memory=64 << 20)
    for body in ("for (;;);", "const kept = []; for (;;) kept.push(new ArrayBuffer(1e7));"):
        began = time.monotonic()
        with pytest.raises(EngineError) as caught:
            await open_realm(single(body, warm=("isle/main.js",)), limits)
        assert caught.value.reason in {"timeout", "memory", "threw"}
        assert time.monotonic() - began < limits.open + LATE


@pytest.mark.parametrize(
    "body",
    [
        "return 'x'.repeat(20_000_000);",
        "return { html: 'x', head: 'y'.repeat(20_000_000) };",
        "return (async function* () { for (;;) yield 'z'.repeat(100_000); })();",
        "return new ReadableStream({ pull(to) { to.enqueue(new Uint8Array(1 << 16).fill(97)); } });",
    ],
)
async def test_too_much_output_is_refused(body: str, open_realm: Open) -> None:
    limits = EngineLimits(call=20.0, open=30.0, output=1 << 20)
    realm = await open_realm(single(f"export const render = () => {{ {body} }}"), limits)
    before = resident()
    with pytest.raises(EngineError) as caught:
        await realm.render(RenderCall(module="isle/main.js"))
    assert caught.value.reason == "output"
    assert resident() - before < GROWTH


async def test_too_much_input_is_refused(open_realm: Open) -> None:
    realm = await open_realm(single("export const render = () => 'x'"), LIMITS)
    for props in ({"a": "x" * (2 << 20)}, {"a": "\ud800"}):
        with pytest.raises(EngineError) as caught:
            await realm.render(RenderCall(module="isle/main.js", props=props))
        assert caught.value.reason == "input"


async def test_a_flood_in_the_console_is_cut(open_realm: Open, caplog: pytest.LogCaptureFixture) -> None:
    limits = EngineLimits(call=10.0, open=30.0, log=5000)
    flood = "for (let at = 0; at < 2000; at += 1) console.warn('line', at);"
    text = f"export const render = () => {{ {flood} return 'x'; }}"
    realm = await open_realm(single(text), limits)
    assert (await realm.render(RenderCall(module="isle/main.js"))).html == "x"
    records = [record for record in caplog.records if record.name == "hanse.console"]
    assert {getattr(record, "remote", None) for record in records} == {"isle"}
    assert 0 < sum(len(record.getMessage()) for record in records) < 10_000
    assert "dropped" in records[-1].getMessage()
