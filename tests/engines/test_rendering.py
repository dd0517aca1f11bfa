"""Whatever `render` gives becomes HTML or pieces of it, and what goes wrong says where."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from hanse.engines import JSON, EngineLimits, RenderCall
from hanse.errors import EngineError
from tests.engines.conftest import Open, Promises
from tests.engines.towns import generation, modules

pytestmark = pytest.mark.anyio

KINDS = r"""
const bytes = new TextEncoder().encode('aé😀b');
const cut = [bytes.subarray(0, 2), bytes.subarray(2, 5), bytes.subarray(5)];
const start = (pieces) => (c) => { for (const piece of pieces) c.enqueue(piece); c.close(); };
const stream = (pieces) => new ReadableStream({ start: start(pieces) });
async function* iterate(pieces) { for (const piece of pieces) yield piece; }
class Own extends Uint8Array { get length() { return 2; } subarray() { return this; } }
const kinds = {
  string: () => 'aé😀b',
  array: () => bytes,
  part: () => new TextEncoder().encode('<aé😀b>').subarray(1, -1),
  own: () => Own.from(bytes),
  held: () => ({ html: bytes, head: '<title>é</title>', status: 404 }),
  promise: async () => 'aé😀b',
  stream: () => stream(['aé', '😀b']),
  bytes: () => stream(cut),
  iterable: () => iterate(cut),
  generator: async () => iterate(['a', 'é', '', '😀b']),
  html: () => ({ html: 'aé😀b', head: '<title>é</title>', status: 404 }),
  object: async () => ({ stream: iterate(cut), head: '<title>é</title>', status: 404 }),
};
export const render = ({ kind }) => kinds[kind]();
"""
WRONG = """
const later = () => new Promise((done) => setTimeout(done, 20));
const kinds = {
  nothing: () => undefined, number: () => 5, empty: () => ({}), status: () => ({ html: 'x', status: 9000 }),
  head: () => ({ html: 'x', head: 5 }),
  late: async function* () { yield 'a'; await later(); throw new Error('broken'); },
  thrown: () => { throw 'a string'; }, none: () => { throw null; },
  odd: () => { throw { get message() { throw 1; } }; },
};
export const render = ({ kind }) => kinds[kind]();
"""


@pytest.mark.parametrize(
    "kind",
    [
        *("string", "promise", "stream", "bytes", "iterable", "generator", "html", "object"),
        *("array", "part", "own", "held"),
    ],
)
async def test_everything_that_render_may_give(open_realm: Open, kind: str) -> None:
    realm = await open_realm(generation(modules(home__a_js=KINDS)))
    call = RenderCall(module="home/a.js", props={"kind": kind})
    rendered = await realm.render(call)
    stream = await realm.stream(call)
    shell = await stream.shell()
    assert rendered.html == "aé😀b"
    assert "".join([piece async for piece in stream]) == "aé😀b"
    expected = ("<title>é</title>", 404) if kind in {"html", "object", "held"} else ("", 200)
    assert (rendered.head, rendered.status) == expected
    assert (shell.head, shell.status) == expected
    assert {shell.modules, rendered.modules, stream.modules} == {("home/a.js",)}
    await stream.aclose()


@pytest.mark.parametrize(
    "kind", ["nothing", "number", "empty", "status", "head", "late", "thrown", "odd", "none"]
)
async def test_what_it_may_not_give_is_an_error(open_realm: Open, kind: str) -> None:
    realm = await open_realm(generation(modules(home__a_js=WRONG)))
    call = RenderCall(module="home/a.js", props={"kind": kind})
    with pytest.raises(EngineError) as caught:
        await realm.render(call)
    assert caught.value.reason == "threw"
    assert caught.value.subject == "home/a.js"
    stream = await realm.stream(call)
    if kind == "late":
        await stream.shell()
    with pytest.raises(EngineError):
        assert not [piece async for piece in stream]
    await stream.aclose()


async def test_large_properties_and_values_come_through(open_realm: Open) -> None:
    text = "export const echo = (value) => value; export const render = ({ text }) => text;"
    realm = await open_realm(generation(modules(home__a_js=text)), EngineLimits(call=10.0, input=4 << 20))
    value: dict[str, JSON] = {
        "text": "é\u2028\x00</script>😀" * 100_000,
        "deep": [[{"a": None}] * 50],
        "n": -1.5e300,
    }
    assert await realm.call("home/a.js", "echo", [value]) == value
    rendered = await realm.render(RenderCall(module="home/a.js", props=value))
    assert rendered.html == value["text"]
    assert await realm.call("home/a.js", "echo", []) is None


async def test_errors_say_where(open_realm: Open, promises: Promises) -> None:
    files = modules(
        home__a_js="export function f() {\n  const later = 1;\n  throw new TypeError('é');\n}\n",
        home__b_js="import { f } from './a.js';\nexport const run = async () => {\n  await 0;\n  f();\n};\n",
        home__dyn_js="const run = () => import('./a.js').then((a) => a.f()); export { run };",
        home__c_cjs="exports.f = () => {\n    throw new Error('cjs');\n};\n",
        home__bad_js="export const a = 1;\nconst b = ;\n",
        home__bad_cjs="exports.a = 1;\n  const b = ;\n",
    )
    realm = await open_realm(generation(files))

    async def fail(module: str, export: str) -> EngineError:
        with pytest.raises(EngineError) as caught:
            await realm.call(module, export, [])
        assert "hanse:" not in caught.value.stack + caught.value.message
        return caught.value

    error = await fail("home/b.js", "run")
    assert (error.reason, error.message) == ("threw", "TypeError: é")
    assert f"home/a.js:3:{9 if promises.columns else 13}" in error.stack
    assert "home/b.js:4:3" in error.stack
    # The `import()` on the line has been rewritten, which moves nothing.
    column = str(files["home/dyn.js"].text.index("f());") + 1) if promises.columns else ""
    assert f"home/dyn.js:1:{column}" in (await fail("home/dyn.js", "run")).stack
    assert "home/c.cjs:2:1" in (await fail("home/c.cjs", "f")).stack
    error = await fail("home/bad.js", "x")
    assert (error.reason, "home/bad.js:2:" in error.stack) == ("syntax", True)
    error = await fail("home/bad.cjs", "x")
    assert (error.reason, "home/bad.cjs:2:" in error.stack) == ("syntax", True)


async def test_console_is_logged_with_the_remotes_name(
    open_realm: Open, caplog: pytest.LogCaptureFixture
) -> None:
    files = modules(
        shop__a_js="export const say = () => { console.warn('careful %s', 'é', { a: [1] }); };",
        home__b_cjs="const { say } = require('shop/A');\n"
        "exports.f = () => { say(); console.log('own\\u001b[2J'); };",
    )
    realm = await open_realm(generation(files, imports={"shop/A": "shop/a.js"}))
    with caplog.at_level(logging.DEBUG, "hanse.console"):
        await realm.call("home/b.cjs", "f", [])
    records = [
        (record.levelname, record.getMessage(), record.__dict__["remote"], record.__dict__["module_name"])
        for record in caplog.records
        if record.name == "hanse.console"
    ]
    assert records == [
        ("WARNING", "shop: careful é {a: [1]}", "shop", "shop/a.js"),
        ("INFO", "home: own\\x1b[2J", "home", "home/b.cjs"),
    ]


async def test_what_nobody_waits_for_ends_nothing(open_realm: Open, caplog: pytest.LogCaptureFixture) -> None:
    text = """
    const fail = () => { throw new Error('alone'); };
    export const f = () => { Promise.reject(new Error('lost')); setTimeout(fail, 1); return ok(); };
    export const ok = () => new Promise((done) => setTimeout(done, 20, 'ok'));
    """
    realm = await open_realm(generation(modules(home__a_js=text)))
    with caplog.at_level(logging.DEBUG, "hanse.console"):
        assert await realm.call("home/a.js", "f", []) == "ok"
        assert await realm.call("home/a.js", "ok", []) == "ok"
    assert "lost" in caplog.text
    assert "alone" in caplog.text


async def test_calls_run_beside_each_other(open_realm: Open) -> None:
    text = "export const nap = (ms) => new Promise((done) => setTimeout(done, ms, ms));"
    realm = await open_realm(generation(modules(home__a_js=text)), EngineLimits(call=10.0, at_once=4))
    began = time.perf_counter()
    assert await asyncio.gather(*(realm.call("home/a.js", "nap", [400]) for _ in range(4))) == [400] * 4
    assert time.perf_counter() - began < 1.2


async def test_a_stream_makes_no_more_than_its_reader_takes(open_realm: Open) -> None:
    text = """
    export async function* render() {
      for (;;) { yield 'x'.repeat(50_000) + Date.now() + ';'; await 0; }
    }
    """
    realm = await open_realm(generation(modules(home__a_js=text)), EngineLimits(call=10.0, output=32 << 20))
    stream = await realm.stream(RenderCall(module="home/a.js"))
    await stream.shell()
    await asyncio.sleep(0.5)
    waited, read = time.time() * 1000 - 100, ""
    async for piece in stream:
        read += piece
        if len(read) > 4_000_000:
            break
    await stream.aclose()
    times = [int(part.rpartition("x")[2]) for part in read.split(";")[:-1]]
    assert sum(made < waited for made in times) < 40 < len(times)


async def test_the_context_has_a_signal(open_realm: Open) -> None:
    text = """
    export const render = (props, { signal, traceparent }) => {
      signal.addEventListener('abort', () => 0);
      return `${traceparent} ${signal.aborted}`;
    };
    """
    realm = await open_realm(generation(modules(home__a_js=text)))
    given = await realm.render(RenderCall(module="home/a.js", context={"traceparent": "00-1"}))
    assert given.html == "00-1 false"
