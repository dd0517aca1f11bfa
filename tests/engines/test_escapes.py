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

from hanse.engines import RenderCall
from hanse.errors import EngineError
from tests.engines.conftest import Open
from tests.engines.single import single

pytestmark = pytest.mark.anyio

SECRET = "barnacle-7f3a"
DENIED = "denied"
# Helps a probe to say what it found.
TOOLS = """
const absent = (...names) => {
  const found = names.filter((name) => { try { return typeof globalThis[name] !== 'undefined'; } catch { return false; } });
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

PROBES: dict[str, str] = {
    # --- The global object
    "global by Function": "return Function('return typeof this.Deno + typeof this.require')() === 'undefinedundefined' ? 'denied' : 'found';",
    "global by constructor.constructor": "return (() => 0).constructor.constructor('return typeof Deno')() === 'undefined' ? 'denied' : 'found';",
    "global by an async constructor": "return await (async () => 0).constructor('return typeof Deno')() === 'undefined' ? 'denied' : 'found';",
    "global by a generator's constructor": "return (function* () {}).constructor('yield typeof Deno')().next().value === 'undefined' ? 'denied' : 'found';",
    "global by indirect eval": "return (0, eval)('typeof Deno') === 'undefined' ? 'denied' : 'found';",
    "global by a sloppy this": "return new Function('return this === globalThis && typeof this.__hanse !== \"undefined\" ? \"found\" : \"denied\"')();",
    "Deno": "return absent('Deno');",
    "Bun and Node": "return absent('Bun', 'require', 'module', 'exports', '__filename', '__dirname', 'Buffer');",
    "names of the engine on the global object": """
        const named = Reflect.ownKeys(globalThis).filter((name) => /hanse|host|qjs|std$|^os$|bridge|internals/i.test(String(name)));
        return named.length ? 'found ' + named.map(String) : 'denied';""",
    "symbols on the global object": """
        const found = Object.getOwnPropertySymbols(globalThis).filter((name) => name !== Symbol.toStringTag).map(String);
        return found.length ? 'found ' + found : 'denied';""",
    "a walk through the global object": """
        const found = [...everything()].filter((item) => {
          try { return typeof item === 'function' && /^(host_?\\w*|opSync|op_\\w+|find|require|compile|script|text_piece|binary_piece|emit)$/.test(item.name) && /native code/.test(Function.prototype.toString.call(item)) && item !== Array.prototype.find && item !== Iterator.prototype?.find && item !== Object.getPrototypeOf(Uint8Array.prototype).find && item !== RegExp.prototype.compile; }
          catch { return false; }
        }).map((item) => item.name);
        return found.length ? 'found ' + found : 'denied';""",
    # --- Modules and files
    "import of node:fs": "const fs = await import('node:fs'); return fs.readFileSync('$FILE', 'utf8');",
    "import of fs": "const fs = await import('fs'); return fs.readFileSync('$FILE', 'utf8');",
    "import of node:child_process": "return String((await import('node:child_process')).execSync('cat $FILE'));",
    "import of node:module": "return typeof (await import('node:module')).createRequire;",
    "import of node:worker_threads": "return typeof (await import('node:worker_threads')).Worker;",
    "import of std and os": "return await fails(() => import('std')) === 'denied' ? fails(() => import('os')) : 'found';",
    "import of a file": "return Object.keys(await import('file://$FILE')).join() || 'loaded';",
    "import of a path": "return Object.keys(await import('$FILE')).join() || 'loaded';",
    "import of a path from below": "return Object.keys(await import('../../../../../../../../../../$FILE')).join() || 'loaded';",
    "import of http": "return Object.keys(await import('$ORIGIN/x.js')).join() || 'loaded';",
    "import of data": "return (await import('data:text/javascript,export default 1')).default;",
    "import of blob": "return Object.keys(await import(URL.createObjectURL(new Blob(['export default 1'])))).join();",
    "import of npm and jsr": "return await fails(() => import('npm:react')) === 'denied' ? fails(() => import('jsr:@std/path')) : 'found';",
    "import of JSON by a path": "return JSON.stringify((await import('file://$FILE', { with: { type: 'json' } })).default);",
    "import of the engine's own modules": """
        for (const name of ['hanse:quickjs.js', 'hanse:quickjs-own.js', 'hanse:quickjs-commonjs.js', 'hanse:commonjs/isle/main.js', 'ext:core/mod.js', 'ext:core/ops'])
          if ((await fails(() => import(name))) !== 'denied') return 'loaded ' + name;
        return 'denied';""",
    "import in code made at run time": "return await new Function('return import(\"hanse:quickjs-own.js\")')();",
    "import with the name of another module in an eval": "return await (0, eval)('import(\"./late.js\")\\n//# sourceURL=isle/main.js');",
    "require of child_process": "return String(require('child_process').execSync('cat $FILE'));",
    "require by the module that CommonJS is in": "return String((await import('./plain.cjs')).default.spy('fs').readFileSync('$FILE'));",
    "require of a path by CommonJS": "return String((await import('./plain.cjs')).default.spy('$FILE'));",
    "the module object's ways up": """
        const { module } = (await import('./plain.cjs')).default;
        return module.parent || module.constructor?._load || module.constructor?.createRequire || module.children ? 'found' : 'denied';""",
    "require.main and require.cache": """
        const { spy } = (await import('./plain.cjs')).default;
        return spy.main || spy.extensions || (spy.cache && Object.keys(spy.cache).length) ? 'found' : 'denied';""",
    "import.meta": """
        const { url = '', dirname = '', filename = '', resolve } = import.meta;
        const shown = String(url) + dirname + filename;
        return shown.includes('file:') || shown.includes('/src/') || (resolve && String(await fails(() => resolve('node:fs'))).includes('file:')) ? shown : 'denied';""",
    # --- The process
    "process.binding": "return String(process.binding('fs'));",
    "process.exit": "process.exit(1); return 'still here';",
    "process.kill": "process.kill(process.pid, 9); return 'still here';",
    "process.env": "return JSON.stringify(process.env).includes('$SECRET') || process.env.HANSE_SECRET ? 'found' : 'denied';",
    "process.mainModule": "return process.mainModule.require('fs').readFileSync('$FILE', 'utf8');",
    "process.dlopen": "process.dlopen({ exports: {} }, '$FILE'); return 'opened';",
    "environment by Deno": "return Deno.env.get('HANSE_SECRET');",
    # --- The network
    "fetch": "return await (await fetch('$ORIGIN/')).text();",
    "fetch of a file": "return await (await fetch('file://$FILE')).text();",
    "XMLHttpRequest": "const asked = new XMLHttpRequest(); asked.open('GET', '$ORIGIN/', false); asked.send(); return asked.responseText;",
    "WebSocket": "new WebSocket('$ORIGIN'.replace('http', 'ws')); await new Promise((resolve) => setTimeout(resolve, 50)); return 'opened';",
    "EventSource": "new EventSource('$ORIGIN/'); await new Promise((resolve) => setTimeout(resolve, 50)); return 'opened';",
    "WebTransport and beacons": "return absent('WebTransport', 'RTCPeerConnection') === 'denied' && !globalThis.navigator?.sendBeacon ? 'denied' : 'found';",
    # --- Other threads, other code
    "Worker": "new Worker('data:text/javascript,1', { type: 'module' }); return 'started';",
    "SharedWorker and ServiceWorker": "return absent('SharedWorker', 'ServiceWorker', 'ServiceWorkerContainer');",
    "BroadcastChannel": "return absent('BroadcastChannel');",
    "Atomics.wait": "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10); return 'waited';",
    "WebAssembly": "return String(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])));",
    "ShadowRealm": "return String(new ShadowRealm().evaluate('typeof Deno'));",
    "storage": "return absent('localStorage', 'sessionStorage', 'caches', 'indexedDB', 'cookieStore', 'document');",
    "prompts": "return absent('alert', 'confirm', 'prompt') === 'denied' ? 'denied' : fails(() => { throw 0; });",
    # --- Ways up the stack
    "Error.prepareStackTrace": """
        let frames = [];
        Error.prepareStackTrace = (_, stack) => { frames = stack; return ''; };
        void new Error('x').stack;
        Error.prepareStackTrace = undefined;
        const list = Array.isArray(frames) ? frames : [];
        const above = list.map((one) => { try { return [one.getThis?.(), one.getFunction?.()]; } catch { return []; } }).flat();
        return above.some((one) => one !== undefined && one !== null && one !== globalThis && typeof one === 'function' && /host|hanse/.test(one.name)) ? 'found' : 'denied';""",
    "the caller of a function": "return (function up() { return up.caller; })() ? 'found' : 'denied';",
    "arguments.callee.caller": "return new Function('return arguments.callee.caller')() ? 'found' : 'denied';",
    "paths in a stack": "const { stack } = new Error('x'); return /file:|\\/home\\/|\\/src\\/hanse|\\/usr\\//.test(stack) ? stack : 'denied';",
    # --- Games with what the host touches
    "a Proxy as properties' reader": """
        const seen = [];
        const spy = new Proxy({}, { get: (_, name, receiver) => (seen.push(receiver), undefined), has: () => true });
        await fails(() => JSON.stringify(spy));
        return seen.some((one) => one !== spy) ? 'found' : 'denied';""",
    "the host's objects in the arguments": "return Object.getPrototypeOf(given) === Object.prototype && given.constructor === Object ? 'denied' : 'another realm: ' + given.constructor;",
    "a getter on the frame functions": """
        let got;
        for (const name of ['host', 'emit', 'send', 'write', 'postMessage', 'start', 'tick']) {
          Object.defineProperty(Object.prototype, name, { configurable: true, get() { got ??= this === globalThis ? undefined : this; return undefined; }, set(value) { got ??= value; } });
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
        console.log('x');
        for (const name of ['host', 'emit', 'send', 'write', 'postMessage', 'start', 'tick']) delete Object.prototype[name];
        return typeof got === 'function' ? 'found ' + got : 'denied';""",
    "a thenable that takes the host's callbacks": """
        let taken;
        await { then(resolve) { taken = resolve; resolve(1); } };
        return taken.constructor('return typeof Deno')() === 'undefined' ? 'denied' : 'found';""",
    "finalizers": "return absent('FinalizationRegistry') === 'denied' ? 'denied' : (new FinalizationRegistry(() => 0), 'denied');",
    "gc and debugging": "return absent('gc', '__debug', 'print', 'load', 'quit', 'read', 'readFile', 'scriptArgs', 'bjson', 'navigator2');",
}  # fmt: skip


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


@pytest.mark.parametrize("name", PROBES)
async def test_a_probe_is_denied(name: str, open_realm: Open, trap: Trap) -> None:
    text = f"{TOOLS}\nexport async function attempt(given) {{ {trap.fill(PROBES[name])} }}\nexport const alive = () => 42;"
    realm = await open_realm(
        single(
            text,
            isle__plain_cjs="exports.spy = require; exports.module = module;",
            isle__late_js="export default 'late';",
        )
    )
    try:
        outcome = str(await realm.call("isle/main.js", "attempt", [{"a": 1}]))
    except EngineError as error:
        assert error.reason in {"threw", "import", "ended"}
        outcome = f"{DENIED} {error} {error.stack}" if error.reason != "ended" else DENIED
    assert outcome.startswith(DENIED), outcome
    assert SECRET not in outcome
    assert trap.calls == []
    assert trap.file.read_text() == f'"{SECRET}"'
    assert await realm.call("isle/main.js", "alive", []) == 42


FORGERIES: dict[str, str] = {
    "Array.prototype.push": "Array.prototype.push = function (...items) { this[this.length] = 'forged'; return 1; };",
    "setters on arrays": "Object.defineProperty(Array.prototype, '0', { set(value) { throw new Error('forged'); }, configurable: true });",
    "JSON.stringify": "JSON.stringify = () => '{\"html\":\"forged\",\"status\":500}';",
    "JSON.parse": "JSON.parse = () => ({ module: 'forged' });",
    "toJSON": "Object.prototype.toJSON = String.prototype.toJSON = () => 'forged';",
    "Promise.prototype.then": "Promise.prototype.then = function () { return Promise.reject(new Error('forged')); };",
    "Promise": "globalThis.Promise = class { constructor() { throw new Error('forged'); } };",
    "Promise's species": "try { Object.defineProperty(Promise, Symbol.species, { get() { throw new Error('forged'); } }); } catch {}",
    "Promise's constructor": "try { Promise.prototype.constructor = class { constructor() { throw new Error('forged'); } }; } catch {}",
    "Map.prototype.get": "Map.prototype.get = Map.prototype.set = Map.prototype.has = () => { throw new Error('forged'); };",
    "String.prototype": "String.prototype.slice = String.prototype.replace = String.prototype.split = () => 'forged';",
    "Symbol.iterator": "Array.prototype[Symbol.iterator] = function* () { yield 'forged'; };",
    "Reflect": "Reflect.apply = Reflect.ownKeys = () => { throw new Error('forged'); };",
    "Object": "Object.keys = Object.entries = Object.defineProperty = Object.hasOwn = () => { throw new Error('forged'); };",
    "Object.prototype": "Object.prototype.status = 500; Object.prototype.head = 'forged'; Object.prototype.kind = 'forged';",
    "Function.prototype": "Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => { throw new Error('forged'); };",
    "functions of the web": "globalThis.TextDecoder = globalThis.TextEncoder = globalThis.atob = globalThis.btoa = () => 'forged';",
    "console": "globalThis.console = new Proxy({}, { get() { throw new Error('forged'); } });",
    "globalThis": "for (const name of ['setTimeout', 'queueMicrotask', 'performance', 'escape']) globalThis[name] = () => { throw new Error('forged'); };",
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
async def test_what_a_module_overrides_neither_breaks_nor_forges_answers(name: str, open_realm: Open) -> None:
    text = (
        FORGERIES[name]
        + "\nexport const render = ({ name }) => `<p>${name}</p>`; export const add = (a, b) => a + b;"
    )
    realm = await open_realm(single(text, warm=("isle/main.js",)))
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
    export function named() { throw Object.assign(new Error("isle/main.js imports 'x'"), { reason: 'import' }); }
    export function hostile() { throw new Proxy(new Error('x'), { get() { throw 1; }, getPrototypeOf() { throw 2; } }); }
    export function symbol() { throw Symbol('s'); }
    export function nothing() { throw undefined; }
    """
    realm = await open_realm(single(text))
    for export in ("missing", "named", "hostile", "symbol", "nothing"):
        with pytest.raises(EngineError) as caught:
            await realm.call("isle/main.js", export, [])
        assert caught.value.reason == "threw", export
        assert caught.value.subject == "isle/main.js"
