"""Every limit holds, costs the call that meets it and nobody else, and says which one it was."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from hanse.engines import EngineLimits, RenderCall
from hanse.errors import EngineError
from tests.engines.conftest import Open
from tests.engines.towns import generation, modules

pytestmark = pytest.mark.anyio

HOSTILE = """
export const loop = () => { for (;;); };
export const spin = async () => { for (;;) await 0; };
export const never = () => new Promise(() => {});
export const long = () => new Promise((done) => setTimeout(done, 60_000));
export const ok = () => 'ok';
export const nap = (ms) => new Promise((done) => setTimeout(done, ms, 'ok'));
export const large = (n) => 'x'.repeat(n);
export const shout = (n) => { for (let i = 0; i < n; i += 1) console.log('y'.repeat(100)); return 'done'; };
export async function* render({ n }) { for (let i = 0; i < n; i += 1) yield 'x'.repeat(1000); }
"""
FILES = modules(home__a_js=HOSTILE)
# A neighbour may take the processor; the promise is one tenth of a second.
LATE = 0.5


async def fail(call: object) -> EngineError:
    with pytest.raises(EngineError) as caught:
        await call  # type: ignore[misc]
    return caught.value


@pytest.mark.parametrize("export", ["loop", "spin", "long"])
async def test_a_call_ends_at_its_deadline(open_realm: Open, export: str) -> None:
    realm = await open_realm(generation(FILES), EngineLimits(call=5.0))
    assert await realm.call("home/a.js", "ok", []) == "ok"
    started = time.perf_counter()
    error = await fail(realm.call("home/a.js", export, [], deadline=0.3))
    assert (error.reason, error.subject) == ("timeout", "home/a.js")
    assert 0.25 < time.perf_counter() - started < 0.3 + LATE


async def test_what_never_settles_ends_at_its_deadline_or_as_soon_as_that_is_seen(open_realm: Open) -> None:
    realm = await open_realm(generation(FILES), EngineLimits(call=5.0))
    started = time.perf_counter()
    assert (await fail(realm.call("home/a.js", "never", [], deadline=0.3))).reason == "timeout"
    assert time.perf_counter() - started < 0.3 + LATE


async def test_a_promise_that_never_settles_costs_its_call_alone(open_realm: Open) -> None:
    realm = await open_realm(generation(FILES), EngineLimits(call=5.0))
    others = [asyncio.create_task(realm.call("home/a.js", "nap", [600])) for _ in range(3)]
    assert (await fail(realm.call("home/a.js", "never", [], deadline=0.2))).reason == "timeout"
    assert await asyncio.gather(*others) == ["ok"] * 3
    assert await realm.call("home/a.js", "ok", []) == "ok"


async def test_a_call_asks_for_no_more_than_there_is(open_realm: Open) -> None:
    realm = await open_realm(generation(FILES), EngineLimits(call=0.2))
    started = time.perf_counter()
    assert (await fail(realm.call("home/a.js", "never", [], deadline=60))).reason == "timeout"
    assert time.perf_counter() - started < 0.2 + LATE


async def test_output_is_bounded(open_realm: Open) -> None:
    realm = await open_realm(generation(FILES), EngineLimits(call=5.0, output=10_000))
    assert len(str(await realm.call("home/a.js", "large", [9_000]))) == 9_000
    assert (await fail(realm.call("home/a.js", "large", [20_000]))).reason == "output"
    assert len((await realm.render(RenderCall(module="home/a.js", props={"n": 10}))).html) == 10_000
    assert (await fail(realm.render(RenderCall(module="home/a.js", props={"n": 10**9})))).reason == "output"
    stream = await realm.stream(RenderCall(module="home/a.js", props={"n": 10**9}))
    read = 0

    async def read_on() -> None:
        nonlocal read
        async for piece in stream:
            read += len(piece)

    assert (await fail(read_on())).reason == "output"
    assert read <= 10_000
    assert await realm.call("home/a.js", "ok", []) == "ok"


async def test_input_is_bounded(open_realm: Open) -> None:
    realm = await open_realm(generation(FILES), EngineLimits(call=5.0, input=10_000))
    assert (await fail(realm.call("home/a.js", "ok", ["x" * 10_000]))).reason == "input"
    call = RenderCall(module="home/a.js", props={"n": "x" * 10_000})
    assert (await fail(realm.render(call))).reason == "input"
    assert (await fail(realm.stream(call))).reason == "input"
    for odd in (object(), "\ud800"):
        error = await fail(realm.call("home/a.js", "ok", [odd]))  # type: ignore[list-item]
        assert error.reason == "input"
    assert await realm.call("home/a.js", "ok", []) == "ok"


async def test_logging_is_bounded_and_says_so(open_realm: Open, caplog: pytest.LogCaptureFixture) -> None:
    realm = await open_realm(generation(FILES), EngineLimits(call=10.0, log=10_000))
    with caplog.at_level(logging.DEBUG, "hanse.console"):
        assert await realm.call("home/a.js", "shout", [100_000]) == "done"
        written = [record for record in caplog.records if record.name == "hanse.console"]
        assert sum(len(record.getMessage()) for record in written) < 20_000
        assert "dropped" in written[-1].getMessage()
        caplog.clear()
        assert await realm.call("home/a.js", "shout", [1]) == "done"
        assert len(caplog.records) == 1


async def test_the_queue_is_bounded(open_realm: Open) -> None:
    realm = await open_realm(generation(FILES), EngineLimits(call=5.0, at_once=2, queue=3))
    calls = [asyncio.create_task(realm.call("home/a.js", "nap", [200])) for _ in range(7)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert results[:5] == ["ok"] * 5
    assert [getattr(error, "reason", None) for error in results[5:]] == ["busy", "busy"]
    assert await realm.call("home/a.js", "ok", []) == "ok"


async def test_who_waits_in_the_queue_has_a_deadline_too(open_realm: Open) -> None:
    realm = await open_realm(generation(FILES), EngineLimits(call=5.0, at_once=1))
    first = asyncio.create_task(realm.call("home/a.js", "nap", [600]))
    await asyncio.sleep(0)
    assert (await fail(realm.call("home/a.js", "ok", [], deadline=0.1))).reason == "timeout"
    assert await first == "ok"
    assert await realm.call("home/a.js", "ok", []) == "ok"


async def test_a_caller_who_leaves_frees_its_place(open_realm: Open) -> None:
    realm = await open_realm(generation(FILES), EngineLimits(call=5.0, at_once=1))
    for _ in range(3):
        call = asyncio.create_task(realm.call("home/a.js", "long", []))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await realm.call("home/a.js", "ok", [], deadline=2.0) == "ok"


async def test_opening_has_a_deadline(open_realm: Open) -> None:
    files = modules(home__a_js="for (;;);", home__b_js="await new Promise(() => {});")
    for name in files:
        error = await fail(open_realm(generation(files, warm=(name,)), EngineLimits(open=1.0)))
        assert error.reason == "timeout"


@pytest.mark.parametrize(
    "bomb",
    [
        "const a = []; for (;;) a.push(new Array(1e5).fill(a.length));",
        "let s = 'xxxxxxxx'; const a = []; for (;;) a.push((s += s).split(''));",
    ],
)
async def test_a_heap_that_grows_without_end(open_realm: Open, bomb: str) -> None:
    files = modules(home__a_js=f"export const f = () => {{ {bomb} }};")
    realm = await open_realm(generation(files), EngineLimits(call=20.0, memory=48 << 20))
    error = await fail(realm.call("home/a.js", "f", []))
    assert error.reason in {"memory", "threw"}


async def test_buffers_count_as_memory(open_realm: Open) -> None:
    text = "const a = []; export const f = () => { for (;;) a.push(new Uint8Array(1e7).fill(1)); };"
    realm = await open_realm(generation(modules(home__a_js=text)), EngineLimits(call=20.0, memory=64 << 20))
    error = await fail(realm.call("home/a.js", "f", []))
    assert error.reason in {"memory", "threw"}


async def test_a_closed_realm_says_so(open_realm: Open) -> None:
    realm = await open_realm(generation(FILES), EngineLimits(call=5.0))
    under_way = asyncio.create_task(realm.call("home/a.js", "long", []))
    await asyncio.sleep(0.05)
    await realm.close()
    await realm.close()
    assert (await fail(under_way)).reason == "ended"
    assert (await fail(realm.call("home/a.js", "ok", []))).reason == "ended"


async def test_two_users_alternate_and_nothing_crosses(open_realm: Open) -> None:
    text = """
    const wait = (ms) => new Promise((done) => setTimeout(done, ms));
    export async function render({ user }, context) {
      const before = JSON.stringify([user, context.user]);
      await wait(Math.random() * 3);
      const { own } = await import('./own.js');
      return before + own(user);
    }
    """
    own = "export const own = (user) => `<i>${user}</i>`;"
    realm = await open_realm(generation(modules(home__a_js=text, home__own_js=own)))

    async def visit(number: int) -> None:
        user = ("ann", "bob")[number % 2]
        rendered = await realm.render(
            RenderCall(module="home/a.js", props={"user": user}, context={"user": user})
        )
        assert rendered.html == f'["{user}","{user}"]<i>{user}</i>'

    for start in range(0, 200, 40):
        await asyncio.gather(*(visit(number) for number in range(start, start + 40)))
