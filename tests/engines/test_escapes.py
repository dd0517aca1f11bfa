"""Code in an engine can do nothing but compute: what it might reach for is not there.

Each probe is the body of an async function. It is denied when it throws, or when it returns exactly `denied`;
whatever else it returns is what it got hold of. Beside that stand the effects: a secret file that must stay
unread and unchanged, a secret in the environment, a server that nobody must have called.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hanse.engines import Generation, Realm, RenderCall
from hanse.errors import EngineError
from tests.engines.conftest import Open, Promises
from tests.engines.single import read_blocks, single

pytestmark = pytest.mark.anyio

SECRET = "barnacle-7f3a"
DENIED = "denied"
# Helps a probe to say what it found.
TOOLS = """
const absent = (...names) => {
  const found = names.filter((name) => name in globalThis && globalThis[name] !== undefined);
  return found.length ? 'found ' + found : 'denied';
};
const fails = async (work) => { try { return 'got ' + String(await work()); } catch { return 'denied'; } };
const everything = () => {
  const seen = new Set(), open = [globalThis];
  while (open.length && seen.size < 20000) {
    const item = open.pop();
    if ((typeof item !== 'object' && typeof item !== 'function') || item === null || seen.has(item)) continue;
    seen.add(item);
    let names = [];
    try { names = Reflect.ownKeys(item); open.push(Object.getPrototypeOf(item)); } catch {}
    for (const name of names) {
      try {
        const found = Object.getOwnPropertyDescriptor(item, name);
        open.push(found.value, found.get, found.set);
      } catch {}
    }
  }
  return seen;
};
"""

# What Deno leaves to be seen: where it is installed, in the stack of V8, and marks of its own events.
TRACES = {"paths in a stack": "deno.js", "symbols on the global object": "webidl.brand"}
PROBES = read_blocks("escapes.js")


@dataclass
class Trap:
    """What a probe must not touch."""

    file: Path
    origin: str
    calls: list[bytes] = field(default_factory=list)

    def fill(self, probe: str) -> str:
        """Write the trap's addresses into a probe."""
        return (
            probe.replace("$FILE", str(self.file)).replace("$ORIGIN", self.origin).replace("$SECRET", SECRET)
        )


@pytest.fixture
async def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Trap]:
    file = tmp_path / "secret.json"
    file.write_text(f'"{SECRET}"')
    monkeypatch.setenv("HANSE_SECRET", SECRET)
    calls: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(await reader.readline())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield Trap(file, f"http://127.0.0.1:{port}", calls)
    server.close()
    await server.wait_closed()


def test_there_are_enough_probes() -> None:
    assert len(PROBES) >= 40


async def attempt(realm: Realm) -> str:
    """Return what a probe got hold of, or `denied` and what it was told."""
    try:
        return str(await realm.call("isle/main.js", "attempt", [{"a": 1}]))
    except EngineError as error:
        reason = error.reason
        return f"{DENIED} {error} {error.stack}" if reason in {"threw", "import", "ended"} else reason


@pytest.mark.parametrize("name", PROBES)
async def test_a_probe_is_denied(name: str, open_realm: Open, promises: Promises, trap: Trap) -> None:
    body = trap.fill(PROBES[name])
    text = f"{TOOLS}\nexport async function attempt(given) {{ {body} }}\nexport const alive = () => 42;"
    realm = await open_realm(
        single(
            text,
            isle__plain_cjs="exports.spy = require; exports.module = module;",
            isle__late_js="export default 'late';",
            ferry__own_js="export default 'own';",
        )
    )
    outcome = await attempt(realm)
    if name in TRACES and not promises.hidden:
        assert TRACES[name] in outcome
        return
    assert outcome.startswith(DENIED), outcome
    assert SECRET not in outcome
    assert trap.calls == []
    assert trap.file.read_text() == f'"{SECRET}"'
    assert await realm.call("isle/main.js", "alive", []) == 42


async def stays_intact(open_realm: Open, made: Generation) -> None:
    """What modules of one realm do to each other, they do in there: Python is given HTML or an error."""
    call = RenderCall(module="isle/main.js", props={"name": "one"}, deadline=1.0)
    reason = ""
    modules: tuple[str, ...] = ()
    try:
        realm = await open_realm(made)
        rendered = await realm.render(call)
        modules = rendered.modules
    except EngineError as error:
        reason = error.reason
    assert reason in {"", "threw", "timeout", "ended", "missing"}
    assert modules in {(), ("isle/main.js",)}


FORGERIES = read_blocks("forgeries.js")


@pytest.mark.parametrize("name", FORGERIES)
async def test_what_a_module_overrides_neither_breaks_nor_forges_answers(
    name: str, open_realm: Open, promises: Promises
) -> None:
    text = (
        FORGERIES[name]
        + "\nexport const render = ({ name }) => `<p>${name}</p>`; export const add = (a, b) => a + b;"
    )
    made = single(text, warm=("isle/main.js",))
    if not promises.sturdy:
        await stays_intact(open_realm, made)
        return
    realm = await open_realm(made)
    for word in ("one", "two"):
        rendered = await realm.render(RenderCall(module="isle/main.js", props={"name": word}))
        assert (rendered.html, rendered.status, rendered.head) == (f"<p>{word}</p>", 200, "")
        assert rendered.modules == ("isle/main.js",)
    stream = await realm.stream(RenderCall(module="isle/main.js", props={"name": "three"}))
    assert "".join([piece async for piece in stream]) == "<p>three</p>"
    assert await realm.call("isle/main.js", "add", [1, 2]) == 3
    with pytest.raises(EngineError) as caught:
        await realm.call("isle/main.js", "nothing", [])
    assert caught.value.reason == "missing"


async def test_a_module_cannot_end_a_call_in_another_s_name(open_realm: Open) -> None:
    """What is thrown can look like the host's own refusals; it stays what a module threw."""
    text = """
    export function missing() { throw { reason: 'missing', message: 'forged', stack: 1 }; }
    export function named() { throw Object.assign(new Error('it imports x'), { reason: 'import' }); }
    const traps = { get() { throw 1; }, getPrototypeOf() { throw 2; } };
    export function hostile() { throw new Proxy(new Error('x'), traps); }
    export function symbol() { throw Symbol('s'); }
    export function nothing() { throw undefined; }
    """
    realm = await open_realm(single(text))
    for export in ("missing", "named", "hostile", "symbol", "nothing"):
        with pytest.raises(EngineError) as caught:
            await realm.call("isle/main.js", export, [])
        assert caught.value.reason == "threw", export
        assert caught.value.subject == "isle/main.js"
