// The guest: takes one call, loads what it names, renders or calls it, and hands pieces and results to Python.
//
// Nothing of this can be reached from a module: the functions that ask Python are in no global, and what the guest
// uses of the language it has taken before.

import {
  Own, Refusal, apply, asyncIterator, define, host, isInteger, isOwn, isView, iterator, now, parse, slice,
  stringify, then, unicode,
} from "hanse:quickjs-own.js";
import { tick as tickTimers } from "hanse:quickjs-timers.js";
import "hanse:quickjs-console.js";
import { binaryOf, seed } from "hanse:quickjs-web.js";
import { announce, defaultOf, document, evaluate, exposed } from "hanse:quickjs-commonjs.js";

const SHOWN = 4096;
const PIECE = 32_768;

// --- Loading

async function load(specifier, aside = false) {
  const found = parse(aside ? host.find(specifier, "aside") : host.find(specifier));
  if (found.missing) throw new Refusal("missing", found.missing);
  if (found.kind === "exposed") return { __proto__: null, kind: "exposed", value: await exposed(found.name, found.container, found.key) };
  const namespace = await import(found.name);
  if (found.kind === "cjs") return { __proto__: null, kind: "cjs", value: evaluate(found.plain) };
  if (found.kind === "json") return { __proto__: null, kind: "json", value: { default: document(found.plain) } };
  return { __proto__: null, kind: "esm", value: namespace };
}

const holds = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

function exported(loaded, name) {
  const { kind, value } = loaded;
  if (name === "default" && kind === "cjs") return defaultOf(value);
  return holds(value) && isOwn(value, name) ? value[name] : undefined;
}

function need(loaded, name, call) {
  const found = exported(loaded, name);
  if (found === undefined) throw new Refusal("missing", `${call.module} exports no ${name}`);
  return found;
}

// --- Output

let text = "";
let binary = "";
let shell = null;
let buffered = true;

function flush() {
  if (shell !== null && (text !== "" || binary !== "")) openShell();
  if (text !== "") host.text_piece(text);
  if (binary !== "") host.binary_piece(unicode.btoa(binary));
  text = "";
  binary = "";
}

function openShell() {
  if (shell === null) return;
  host.shell(`${shell.status}`, shell.head);
  shell = null;
}

function write(piece) {
  if (typeof piece === "string") {
    if (binary !== "") flush();
    text += piece;
  } else if (isBytes(piece)) {
    if (text !== "") flush();
    binary += binaryOf(piece);
  } else {
    throw new Own.TypeError("a stream of HTML gives strings or bytes");
  }
  if (text.length + binary.length > PIECE && !buffered) flush();
  // What is kept back until the end must not grow beyond what Python takes.
  if (text.length + binary.length > PIECE * 32) flush();
}

async function drain(stream) {
  if (typeof stream.getReader === "function") {
    const reader = stream.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      write(value);
    }
  }
  const steps = typeof stream[asyncIterator] === "function" ? stream[asyncIterator]() : stream[iterator]();
  for (;;) {
    const { value, done } = await steps.next();
    if (done) return;
    write(await value);
  }
}

const isBytes = (value) => isView(value) || value instanceof ArrayBuffer;

const isStream = (value) =>
  holds(value) &&
  !isBytes(value) &&
  (typeof value.getReader === "function" || typeof value[asyncIterator] === "function" || typeof value[iterator] === "function");

async function deliver(result) {
  shell = { __proto__: null, status: 200, head: "" };
  let body = result;
  if (holds(result) && !isStream(result) && !isBytes(result)) {
    body = result.stream ?? result.html;
    const head = await result.head;
    const status = await result.status;
    if (head !== undefined && head !== null) shell.head = head;
    if (status !== undefined && status !== null) shell.status = status;
    if (typeof shell.head !== "string" || !isInteger(shell.status) || shell.status < 100 || shell.status > 599) {
      throw new Own.TypeError("render gave a status that is no HTTP status, or a head that is no string");
    }
    body = await body;
  }
  if (typeof body === "string" || isBytes(body)) write(body);
  else if (isStream(body)) await drain(body);
  else throw new Own.TypeError("it gave no HTML: neither a string nor a stream");
  flush();
  openShell();
}

// --- Calls

// What is rendered may ask for the signal and gets one that nobody gives: a call that nobody waits for ends
// with its machine.
const signalled = (context) => {
  define(context, "signal", new globalThis.AbortController().signal);
  return context;
};

async function rendered(call) {
  buffered = call.kind === "render";
  const context = signalled(call.context ?? {});
  const loaded = await load(call.module);
  const own = exported(loaded, "render");
  if (typeof own === "function") return deliver(await own(call.props, context));
  if (call.adapter === null) {
    throw new Refusal("missing", `${call.module} has no render function of its own, and no adapter was named`);
  }
  const component = need(loaded, call.export, call);
  const adapter = await load(call.adapter, true);
  const names = call.kind === "stream" ? ["stream", "render"] : ["render", "stream"];
  const render = exported(adapter, names[0]) ?? exported(adapter, names[1]);
  if (typeof render !== "function") throw new Refusal("missing", `the adapter ${call.adapter} has no ${names[0]} function`);
  return deliver(await render(component, call.props, context));
}

async function called(call) {
  const found = need(await load(call.module), call.export, call);
  if (typeof found !== "function") throw new Refusal("missing", `${call.export} of ${call.module} is no function`);
  const value = stringify(await apply(found, undefined, call.args));
  host.value(value === undefined ? "null" : value);
}

async function probed(call) {
  const { value } = await load(call.module);
  let names = "";
  if (holds(value)) for (const name of Object.keys(value)) names += `${name}\n`;
  host.value(stringify(names));
}

function run(call) {
  if (call.kind === "warm") return load(call.module);
  if (call.kind === "call") return called(call);
  if (call.kind === "probe") return probed(call);
  return rendered(call);
}

// --- Faults

const word = (holder, name) => {
  try {
    const value = holder[name];
    return typeof value === "string" ? slice(value, 0, SHOWN) : "";
  } catch {
    return "";
  }
};

function describe(error) {
  if (holds(error) && Refusal.made(error)) return { __proto__: null, reason: error.reason, name: "", message: error.message, stack: "" };
  if (!holds(error)) {
    return { __proto__: null, reason: "threw", name: "", message: typeof error === "symbol" ? "a symbol" : slice(`${error}`, 0, SHOWN), stack: "" };
  }
  return { __proto__: null, reason: "threw", name: word(error, "name"), message: word(error, "message"), stack: word(error, "stack") };
}

// Word by word: writing objects as JSON is something that a module can break.
function fail(error) {
  const { reason, name, message, stack } = describe(error);
  host.fail(reason, name, message, stack, error);
}

function start(given) {
  const call = parse(given);
  seed(call.seed);
  const began = now();
  const end = () => host.end(`${now() - began}`);
  then(run(call), end, fail);
}

function tick() {
  if (!buffered) flush();
  try {
    return tickTimers();
  } catch (error) {
    lost(error);
    return 0;
  }
}

// Nobody waits for what a timer throws or for a promise that is refused in vain: it is logged, and ends nothing.
function lost(error) {
  const { name, message } = describe(error);
  host.log("error", `Uncaught ${name === "" ? "" : `${name}: `}${message}`, "");
}

announce();
globalThis["hanse:entries"] = { start, tick, lost };
