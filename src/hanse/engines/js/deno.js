// The guest of a Deno process: takes one generation over standard input, and answers calls over standard output.
// It has no permissions, keeps what it needs for itself, and takes everything else away before it loads a module.

import { AsyncLocalStorage } from 'node:async_hooks';
import { registerHooks } from 'node:module';
import vm from 'node:vm';
import { expose } from './bridge.js';
import { makeConsole } from './console.js';
import { makeContainers } from './containers.js';
import { describe } from './failing.js';
import { FRAMES, WIDEST, makeReader, makeWriter, sizeOf } from './frames.js';
import { makeLoader, makeProcess } from './loading.js';
import { KEPT } from './names.js';
import { nextPiece, makeRenderer, opened, stopped } from './rendering.js';
import { makePrepared } from './preparing.js';
import { makeTable } from './table.js';
import { makeTurns, watchTimers } from './turns.js';
import { makeUsage } from './usage.js';

const { captureStackTrace } = Error;
const { parse, stringify } = JSON;
const now = performance.now.bind(performance);
const encoder = new TextEncoder();
const encode = encoder.encode.bind(encoder);
const { write, signed } = makeWriter(Deno.stdout.writeSync.bind(Deno.stdout));
const { stdin } = Deno;
const frames = makeReader({ read: stdin.read.bind(stdin), readSync: stdin.readSync.bind(stdin) }, signed);
const exit = Deno.exit.bind(Deno);
const later = globalThis.setImmediate;
const SELF = import.meta.url;
const BRIDGE = new URL('./bridge.js', SELF).href;
const storage = new AsyncLocalStorage();
const current = storage.getStore.bind(storage);
const within = storage.run.bind(storage);

const takeAway = () => {
  for (const key of Object.getOwnPropertyNames(globalThis)) if (!KEPT.has(key)) Reflect.deleteProperty(globalThis, key);
};

const realm = { checked: new Map(), prepared: makePrepared(), table: undefined, loader: undefined, renderer: undefined, usage: undefined, limits: undefined, waits: () => true };
const outside = { id: 0, logged: 0, used: new Set(), ended: false };

// The module that writes to the console is the first of this generation on the stack.
const writer = () => {
  const { prepareStackTrace } = Error;
  const { stackTraceLimit } = Error;
  const trace = {};
  try {
    Error.prepareStackTrace = undefined;
    Error.stackTraceLimit = 20;
    captureStackTrace(trace, writer);
    const url = new RegExp(`${realm.table.begins}[^\\s()]*?(?=:\\d+:\\d+)`).exec(String(trace.stack))?.[0];
    return realm.table.nodeAt(url) ?? '';
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
};

const log = (level, text) => {
  if (realm.table === undefined) return;
  const record = current();
  const call = record?.call ?? record ?? outside;
  if (call.logged >= realm.limits.log) return;
  const module = writer();
  const said = text.slice(0, realm.limits.log - call.logged);
  call.logged += encode(said).length + 64;
  const dropped = call.logged >= realm.limits.log;
  write(FRAMES.LOG, call.id ?? 0, { level, module, remote: realm.table.remoteOf(module), dropped }, said);
};

const resolveHook = (specifier, context) => {
  const parent = context.parentURL ?? '';
  if (realm.prepared.has(parent)) return { url: realm.prepared.resolve(parent, specifier), shortCircuit: true };
  if (parent === SELF && realm.prepared.has(specifier)) return { url: specifier, shortCircuit: true };
  const node = realm.table.nodeAt(parent);
  if (parent === SELF && specifier.startsWith(realm.table.prefix)) return { url: specifier, shortCircuit: true };
  if (node !== undefined && specifier === BRIDGE) return { url: BRIDGE, shortCircuit: true };
  if (node === undefined) throw new Error(`nothing can be imported here: ${specifier}`);
  return { url: realm.table.urlOf(realm.table.resolve(node, specifier)), shortCircuit: true };
};

const loadHook = (url, context, next) => {
  if (realm.prepared.has(url)) return { format: 'module', source: realm.prepared.textOf(url), shortCircuit: true };
  const node = realm.table.nodeAt(url);
  if (realm.checked.has(url)) return { format: 'module', source: realm.checked.get(url), shortCircuit: true };
  if (node === undefined) return next(url, context);
  return { format: 'module', source: realm.loader.textOf(node), shortCircuit: true };
};

// What V8 says of a function's text has no position; of a module's it has.
const unreadable = new WeakMap();
const compile = (text, parameters, url) => {
  try {
    return vm.compileFunction(text, parameters, { filename: url });
  } catch (error) {
    if (error instanceof SyntaxError) unreadable.set(error, { url, text });
    throw error;
  }
};

/** Finds out where a CommonJS module is wrong, by reading it once more as a module; what was thrown may be a thenable. */
const located = async (error) => {
  const found = typeof error === 'object' && error !== null ? unreadable.get(error) : undefined;
  if (found === undefined) return { error };
  realm.checked.set(found.url + CHECKED, `if(0)(function(exports,require,module){\n${found.text}\n})`);
  const wrong = await import(found.url + CHECKED).catch((thrown) => thrown);
  const place = / at \S+:(\d+):(\d+)$/.exec(wrong?.message);
  const said = place === null ? error.message : `${error.message} at ${found.url}:${place[1] - 1}:${place[2]}`;
  return { error: new Unreadable(said) };
};

const CHECKED = '?checked';

class Unreadable extends SyntaxError {
  name = 'SyntaxError';
}

const host = {
  bridge: BRIDGE,
  importModule: (url) => import(url),
  compile,
  script: (code, url, shift) => new vm.Script(code, { filename: url, columnOffset: -shift }).runInThisContext(),
  // What is used while a container loads something counts to a record of its own; what is logged, to the call.
  within: (record, work) => within(Object.assign(record, { call: current()?.call ?? current() }), work),
};

// From here on modules may run: what they must not have is taken away before.
const settle = () => {
  registerHooks({ resolve: resolveHook, load: loadHook });
  takeAway();
  realm.waits = watchTimers(entered);
  globalThis.console = makeConsole(log);
  Object.defineProperty(globalThis, 'process', { value: makeProcess(), writable: true, configurable: true });
};

const prepare = async (pushed) => {
  realm.prepared = makePrepared(pushed);
  settle();
  await within(outside, () => realm.prepared.evaluate(host.importModule));
};

const open = async (pushed, settled) => {
  realm.limits = pushed.limits;
  realm.table = makeTable(pushed, realm.prepared);
  realm.usage = makeUsage(realm.table, current);
  const containers = {};
  realm.loader = makeLoader({ table: realm.table, usage: realm.usage, host, containers });
  Object.assign(containers, makeContainers({ table: realm.table, usage: realm.usage, host, load: realm.loader.load, heldBy: realm.loader.heldBy }));
  realm.renderer = makeRenderer(realm);
  expose(realm.loader);
  if (!settled) settle();
  containers.announce();
  await within(outside, async () => {
    for (const specifier of realm.table.warm) await realm.loader.load(realm.table.asked(specifier));
  });
};

const calls = new Map();
const turns = makeTurns(calls, (id) => write(FRAMES.TURN, id, {}));

// What a call has left behind goes on as nobody's.
const entered = () => {
  const record = current();
  const id = (record?.call ?? record)?.id;
  turns.enter(calls.has(id) ? id : 0);
};

/** Writes the last word about a call. */
const finish = (call, kind, head, body) => {
  if (call.done) return;
  write(kind, call.id, head, body);
  call.done = true;
  calls.delete(call.id);
  call.stop = undefined;
  turns.leave(call.id);
};

const fail = (call, error) => {
  const told = describe(error, { names: realm.table.names, loading: call.phase.loading });
  finish(call, FRAMES.FAILURE, told);
};

const makeCall = (id) => {
  const call = { id, logged: 0, used: new Set(), ended: false, done: false, credit: 0, wake: undefined, stop: undefined, abort: undefined };
  call.phase = { loading: false, enter: () => turns.enter(id), outside: (work) => within({ id, used: new Set(), call }, work) };
  calls.set(id, call);
  return call;
};

const CANCELLED = Symbol('cancelled');
const tooLarge = (call, size) => finish(call, FRAMES.FAILURE, { reason: 'output', message: `it gives more than ${realm.limits.output} bytes`, size, stack: '', subject: '', hint: '' });

const contextOf = (asked, call) => {
  const context = asked.context ?? {};
  let controller;
  // Aborted when nobody waits for this call any more; made when it is asked for.
  Object.defineProperty(context, 'signal', {
    get: () => {
      if (controller === undefined) {
        controller = new AbortController();
        if (call.ended) controller.abort();
        else call.abort = () => controller.abort();
      }
      return controller.signal;
    },
  });
  return context;
};

// Waits for something of a module, but no longer than the call is wanted. A race with one promise for the whole call
// would hang everything that was waited for on that: pages would grow old with it, and be dear to throw away.
const wanted = (call, promise) =>
  new Promise((resolve, reject) => {
    call.stop = () => resolve(CANCELLED);
    if (call.ended) call.stop();
    Promise.resolve(promise).then(resolve, reject);
  });

const begin = async (call, asked, streaming) => {
  const result = await wanted(call, realm.renderer.render(asked, { streaming, context: contextOf(asked, call), phase: call.phase }));
  return result === CANCELLED ? undefined : opened(result, asked.module);
};

const readOn = async (call, rendering) => {
  turns.enter(call.id);
  const piece = await wanted(call, nextPiece(rendering));
  if (piece !== CANCELLED) return piece;
  stopped(rendering);
  return CANCELLED;
};

const render = async (call, asked) => {
  const started = now();
  const rendering = await begin(call, asked, false);
  if (rendering === undefined) return;
  const html = rendering.whole ?? (await gather(call, rendering));
  if (html === undefined) return;
  const { head, status } = rendering;
  const bytes = head.length + (typeof html === 'string' ? widthOf(html) : sizeOf(html));
  if (bytes > realm.limits.output) return void tooLarge(call, bytes);
  finish(call, FRAMES.ANSWER, { head, status, modules: realm.usage.listed(call.used), seconds: (now() - started) / 1000 }, html);
  rendering.release?.();
};

/** Reads all pieces; undefined where the call has ended before. */
const gather = async (call, rendering) => {
  const pieces = [];
  let size = rendering.head.length;
  for (;;) {
    const piece = await readOn(call, rendering);
    if (piece === CANCELLED) return undefined;
    if (piece === undefined) return pieces.length === 1 ? pieces[0] : pieces.join('');
    size += piece.length;
    if (size > realm.limits.output) {
      stopped(rendering);
      return void tooLarge(call, size);
    }
    pieces.push(piece);
  }
};

// The bytes of a text; no more than that matters of one that is small enough, however it is written.
const widthOf = (text) => (text.length * WIDEST <= realm.limits.output ? text.length : encode(text).length);

const stream = async (call, asked) => {
  const rendering = await begin(call, asked, true);
  if (rendering === undefined) return;
  const { head, status } = rendering;
  let size = head.length;
  if (size > realm.limits.output) return void tooLarge(call, size);
  let piece = await readOn(call, rendering);
  if (piece === CANCELLED) return;
  write(FRAMES.SHELL, call.id, { head, status, modules: realm.usage.listed(call.used) });
  while (piece !== undefined) {
    const bytes = encode(piece);
    size += bytes.length;
    if (size > realm.limits.output) {
      stopped(rendering);
      return void tooLarge(call, size);
    }
    if (bytes.length > 0) {
      call.credit -= bytes.length;
      for (let at = 0; at < bytes.length; at += PIECE) write(FRAMES.PIECE, call.id, {}, bytes.subarray(at, at + PIECE));
    }
    // No more is made than the other side has room for.
    while (call.credit <= 0 && !call.ended) await wanted(call, new Promise((resolve) => (call.wake = resolve)));
    piece = await readOn(call, rendering);
    if (piece === CANCELLED) return;
  }
  finish(call, FRAMES.ANSWER, { modules: realm.usage.listed(call.used) });
};

const PIECE = 1 << 16;

const invoke = async (call, asked) => {
  const value = await wanted(call, realm.renderer.invoke(asked, { phase: call.phase }));
  if (value === CANCELLED) return;
  const bytes = encode(value);
  if (sizeOf(bytes) > realm.limits.output) return void tooLarge(call, sizeOf(bytes));
  finish(call, FRAMES.ANSWER, {}, bytes);
};

const WORK = new Map([[FRAMES.RENDER, render], [FRAMES.STREAM, stream], [FRAMES.CALL, invoke]]);

const serve = (work, id, head, body) => {
  const call = makeCall(id);
  call.credit = head.credit ?? 0;
  turns.enter(id);
  within(call, async () => {
    try {
      await work(call, { ...head, ...parse(body) });
    } catch (error) {
      const told = await located(error);
      if (!call.ended) fail(call, told.error);
    } finally {
      finish(call, FRAMES.CANCELLED, {});
    }
  });
  return call;
};

// Steps in which a call that waits for nothing has ended.
const STEPS = 64;

/** Lets everything run that is ready to. */
const turn = () => new Promise((done) => later(done));

/** Lets a call run until it has ended or waits for something: no other one begins before. */
const settled = async (call) => {
  for (let step = 0; step < STEPS && !call.done; step += 1) await undefined;
  if (!call.done) await turn();
};

const change = (kind, call, head) => {
  if (call === undefined) return;
  if (kind === FRAMES.CREDIT) call.credit += head.credit;
  else {
    turns.enter(call.id);
    call.ended = true;
    call.stop?.();
    call.abort?.();
  }
  call.wake?.();
};

/**
 * Waits for the next frame. Where nothing is under way, and no timer set, the whole process does: a read beside which it
 * could do something else takes a thread of its own, and twice the time.
 */
const receive = async () => {
  if (calls.size === 0 && !frames.isThere()) await turn();
  return frames.isThere() || (calls.size === 0 && !realm.waits()) ? frames.nextAtOnce() : frames.next();
};

const run = async () => {
  let first = await frames.next();
  const prepared = first?.kind === FRAMES.PREPARE;
  if (prepared) {
    // A process that fails here is of no use: whoever takes it sees that it has ended.
    await prepare(parse(first.body)).catch(() => exit(1));
    first = await frames.next();
  }
  if (first === undefined) exit(0);
  try {
    await open(parse(first.body), prepared);
    write(FRAMES.READY, 0, {});
  } catch (error) {
    write(FRAMES.FAILURE, 0, describe((await located(error)).error, { names: realm.table?.names ?? String, loading: true }));
  }
  for (;;) {
    const frame = await receive();
    if (frame === undefined) exit(0);
    const work = WORK.get(frame.kind);
    if (frame.kind === FRAMES.PING) write(FRAMES.PONG, 0, {});
    else if (work !== undefined && frames.holds(FRAMES.CANCEL, frame.call)) write(FRAMES.CANCELLED, frame.call, {});
    else if (work !== undefined) await settled(serve(work, frame.call, frame.head, frame.body));
    else change(frame.kind, calls.get(frame.call), frame.head);
  }
};

// What fails with nobody waiting for it must not end the process.
const survive = (event) => {
  event.preventDefault();
  const error = event.reason ?? event.error;
  if (realm.table !== undefined) log('error', `Uncaught ${describe(error, { names: realm.table.names }).message}`);
};
addEventListener('unhandledrejection', survive);
addEventListener('error', survive);

run();
