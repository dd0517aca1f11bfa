// What code might reach for, each the body of an async function; `test_escapes.py` says what is denied.

//# global by Function
return Function('return typeof this.Deno + typeof this.require')() === 'undefinedundefined' ? 'denied' : 'found';

//# global by constructor.constructor
return (() => 0).constructor.constructor('return typeof Deno')() === 'undefined' ? 'denied' : 'found';

//# global by an async constructor
return await (async () => 0).constructor('return typeof Deno')() === 'undefined' ? 'denied' : 'found';

//# global by a generator's constructor
return (function* () {}).constructor('yield typeof Deno')().next().value === 'undefined' ? 'denied' : 'found';

//# global by indirect eval
return (0, eval)('typeof Deno') === 'undefined' ? 'denied' : 'found';

//# global by a sloppy this
return new Function('return this === globalThis && typeof this.__hanse !== "undefined" ? "found" : "denied"')();

//# Deno
return absent('Deno');

//# Bun and Node
return absent('Bun', 'require', 'module', 'exports', '__filename', '__dirname', 'Buffer');

//# names of the engine on the global object
const named = Reflect.ownKeys(globalThis).filter((name) => /hanse|host|qjs|std$|^os$|bridge|internals/i.test(String(name)));
return named.length ? 'found ' + named.map(String) : 'denied';

//# symbols on the global object
const found = Object.getOwnPropertySymbols(globalThis).filter((name) => name !== Symbol.toStringTag).map(String);
return found.length ? 'found ' + found : 'denied';

//# a walk through the global object
const found = [...everything()].filter((item) => {
  try { return typeof item === 'function' && /^(host_?\w*|opSync|op_\w+|find|require|compile|script|text_piece|binary_piece|emit)$/.test(item.name) && /native code/.test(Function.prototype.toString.call(item)) && item !== Array.prototype.find && item !== Iterator.prototype?.find && item !== Object.getPrototypeOf(Uint8Array.prototype).find && item !== RegExp.prototype.compile; }
  catch { return false; }
}).map((item) => item.name);
return found.length ? 'found ' + found : 'denied';

//# import of node:fs
const fs = await import('node:fs'); return fs.readFileSync('$FILE', 'utf8');

//# import of fs
const fs = await import('fs'); return fs.readFileSync('$FILE', 'utf8');

//# import of node:child_process
return String((await import('node:child_process')).execSync('cat $FILE'));

//# import of node:module
return typeof (await import('node:module')).createRequire;

//# import of node:worker_threads
return typeof (await import('node:worker_threads')).Worker;

//# import of std and os
return await fails(() => import('std')) === 'denied' ? fails(() => import('os')) : 'found';

//# import of a file
return Object.keys(await import('file://$FILE')).join() || 'loaded';

//# import of a path
return Object.keys(await import('$FILE')).join() || 'loaded';

//# import of a path from below
return Object.keys(await import('../../../../../../../../../../$FILE')).join() || 'loaded';

//# import of http
return Object.keys(await import('$ORIGIN/x.js')).join() || 'loaded';

//# import of data
return (await import('data:text/javascript,export default 1')).default;

//# import of blob
return Object.keys(await import(URL.createObjectURL(new Blob(['export default 1'])))).join();

//# import of npm and jsr
return await fails(() => import('npm:react')) === 'denied' ? fails(() => import('jsr:@std/path')) : 'found';

//# import of JSON by a path
return JSON.stringify((await import('file://$FILE', { with: { type: 'json' } })).default);

//# import of the engine's own modules
for (const name of ['hanse:quickjs.js', 'hanse:quickjs-own.js', 'hanse:quickjs-commonjs.js', 'hanse:commonjs/isle/main.js', 'ext:core/mod.js', 'ext:core/ops'])
  if ((await fails(() => import(name))) !== 'denied') return 'loaded ' + name;
return 'denied';

//# import in code made at run time
return await new Function('return import("hanse:quickjs-own.js")')();

//# import with the name of another module in an eval
return await (0, eval)('import("./own.js")\n//# sourceURL=ferry/main.js');

//# require of child_process
return String(require('child_process').execSync('cat $FILE'));

//# require by the module that CommonJS is in
return String((await import('./plain.cjs')).default.spy('fs').readFileSync('$FILE'));

//# require of a path by CommonJS
return String((await import('./plain.cjs')).default.spy('$FILE'));

//# the module object's ways up
const { module } = (await import('./plain.cjs')).default;
return module.parent || module.constructor?._load || module.constructor?.createRequire || module.children ? 'found' : 'denied';

//# require.main and require.cache
const { spy } = (await import('./plain.cjs')).default;
return spy.main || spy.extensions || (spy.cache && Object.keys(spy.cache).length) ? 'found' : 'denied';

//# import.meta
const { url = '', dirname = '', filename = '', resolve } = import.meta;
const shown = String(url) + dirname + filename;
return shown.includes('file:') || shown.includes('/src/') || (resolve && String(await fails(() => resolve('node:fs'))).includes('file:')) ? shown : 'denied';

//# process.binding
return String(process.binding('fs'));

//# process.exit
process.exit(1); return 'still here';

//# process.kill
process.kill(process.pid, 9); return 'still here';

//# process.env
return JSON.stringify(process.env).includes('$SECRET') || process.env.HANSE_SECRET ? 'found' : 'denied';

//# process.mainModule
return process.mainModule.require('fs').readFileSync('$FILE', 'utf8');

//# process.dlopen
process.dlopen({ exports: {} }, '$FILE'); return 'opened';

//# environment by Deno
return Deno.env.get('HANSE_SECRET');

//# fetch
return await (await fetch('$ORIGIN/')).text();

//# fetch of a file
return await (await fetch('file://$FILE')).text();

//# XMLHttpRequest
const asked = new XMLHttpRequest(); asked.open('GET', '$ORIGIN/', false); asked.send(); return asked.responseText;

//# WebSocket
new WebSocket('$ORIGIN'.replace('http', 'ws')); await new Promise((resolve) => setTimeout(resolve, 50)); return 'opened';

//# EventSource
new EventSource('$ORIGIN/'); await new Promise((resolve) => setTimeout(resolve, 50)); return 'opened';

//# WebTransport and beacons
return absent('WebTransport', 'RTCPeerConnection') === 'denied' && !globalThis.navigator?.sendBeacon ? 'denied' : 'found';

//# Worker
new Worker('data:text/javascript,1', { type: 'module' }); return 'started';

//# SharedWorker and ServiceWorker
return absent('SharedWorker', 'ServiceWorker', 'ServiceWorkerContainer');

//# BroadcastChannel
return absent('BroadcastChannel');

//# Atomics.wait
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10); return 'waited';

//# WebAssembly
return String(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])));

//# ShadowRealm
return String(new ShadowRealm().evaluate('typeof Deno'));

//# storage
return absent('localStorage', 'sessionStorage', 'caches', 'indexedDB', 'cookieStore', 'document');

//# prompts
return absent('alert', 'confirm', 'prompt') === 'denied' ? 'denied' : fails(() => { throw 0; });

//# Error.prepareStackTrace
let frames = [];
Error.prepareStackTrace = (_, stack) => { frames = stack; return ''; };
void new Error('x').stack;
Error.prepareStackTrace = undefined;
const list = Array.isArray(frames) ? frames : [];
const above = list.map((one) => { try { return [one.getThis?.(), one.getFunction?.()]; } catch { return []; } }).flat();
return above.some((one) => one !== undefined && one !== null && one !== globalThis && typeof one === 'function' && /host|hanse/.test(one.name)) ? 'found' : 'denied';

//# the caller of a function
return (function up() { return up.caller; })() ? 'found' : 'denied';

//# arguments.callee.caller
return new Function('return arguments.callee.caller')() ? 'found' : 'denied';

//# paths in a stack
const { stack } = new Error('x'); return /file:|\/home\/|\/src\/hanse|\/usr\//.test(stack) ? stack : 'denied';

//# a Proxy as properties' reader
const seen = [];
const spy = new Proxy({}, { get: (_, name, receiver) => (seen.push(receiver), undefined), has: () => true });
await fails(() => JSON.stringify(spy));
return seen.some((one) => one !== spy) ? 'found' : 'denied';

//# the host's objects in the arguments
return Object.getPrototypeOf(given) === Object.prototype && given.constructor === Object ? 'denied' : 'another realm: ' + given.constructor;

//# a getter on the frame functions
let got;
for (const name of ['host', 'emit', 'send', 'write', 'postMessage', 'start', 'tick']) {
  Object.defineProperty(Object.prototype, name, { configurable: true, get() { got ??= this === globalThis ? undefined : this; return undefined; }, set(value) { got ??= value; } });
}
await new Promise((resolve) => setTimeout(resolve, 5));
console.log('x');
for (const name of ['host', 'emit', 'send', 'write', 'postMessage', 'start', 'tick']) delete Object.prototype[name];
return typeof got === 'function' ? 'found ' + got : 'denied';

//# a thenable that takes the host's callbacks
let taken;
await { then(resolve) { taken = resolve; resolve(1); } };
return taken.constructor('return typeof Deno')() === 'undefined' ? 'denied' : 'found';

//# finalizers
return absent('FinalizationRegistry') === 'denied' ? 'denied' : (new FinalizationRegistry(() => 0), 'denied');

//# gc and debugging
return absent('gc', '__debug', 'print', 'load', 'quit', 'read', 'readFile', 'scriptArgs', 'bjson', 'navigator2');
