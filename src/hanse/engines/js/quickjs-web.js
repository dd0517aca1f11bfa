// What server builds and usual packages expect of a browser's or an edge server's global object, and that only
// computes: texts, streams, messages, aborting, cloning. Nothing here reaches anything.

import {
  Own, apply, asyncIterator, charCodeAt, define, fromBase64, host, imul, isView, iterator, parse, slice, test, toBase64,
  toWellFormed, unicode,
} from "hanse:quickjs-own.js";

const { atob, btoa, decodeURIComponent, encodeURIComponent, escape, unescape } = unicode;
const WIDE = /[^\x00-\x7f]/;

const bytesOf = (source) => {
  if (source === undefined) return new Own.Uint8Array(0);
  if (isView(source)) return new Own.Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  return new Own.Uint8Array(source);
};
export const binaryOf = (source) => atob(toBase64(bytesOf(source)));

// --- Texts

class TextEncoder {
  get encoding() {
    return "utf-8";
  }
  encode(text = "") {
    const given = `${text}`;
    return fromBase64(btoa(test(WIDE, given) ? unescape(encodeURIComponent(toWellFormed(given))) : given));
  }
  encodeInto(text, target) {
    const whole = this.encode(text);
    if (whole.length <= target.length) {
      target.set(whole);
      return { read: `${text}`.length, written: whole.length };
    }
    let end = target.length;
    while (end > 0 && (whole[end] & 0xc0) === 0x80) end -= 1;
    const fits = whole.subarray(0, end);
    target.set(fits);
    return { read: new TextDecoder().decode(fits).length, written: end };
  }
}

// How many bytes at the end begin a character that is not complete.
function incomplete(binary) {
  for (let back = 1; back <= 3 && back <= binary.length; back += 1) {
    const byte = charCodeAt(binary, binary.length - back);
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
  }
  return 0;
}

// Decodes what is not well formed, character by character.
function repaired(binary) {
  let text = "";
  for (let at = 0; at < binary.length; ) {
    const byte = charCodeAt(binary, at);
    let length = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
    for (; length > 0; length -= 1) {
      try {
        text += decodeURIComponent(escape(slice(binary, at, at + length)));
        break;
      } catch {
        if (length === 1) text += "\ufffd";
        if (length > 1) length = 2;
      }
    }
    at += length > 1 ? length : 1;
  }
  return text;
}

class TextDecoder {
  #rest = "";
  #fatal;
  #latin;
  #keep;
  constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    const name = `${label}`.trim().toLowerCase();
    this.#latin = ["latin1", "iso-8859-1", "ascii", "us-ascii", "windows-1252"].includes(name);
    if (!this.#latin && !["utf-8", "utf8", "unicode-1-1-utf-8"].includes(name)) throw new Own.RangeError(`unknown encoding ${name}`);
    this.#fatal = fatal;
    this.#keep = ignoreBOM;
  }
  get encoding() {
    return this.#latin ? "windows-1252" : "utf-8";
  }
  get fatal() {
    return this.#fatal;
  }
  get ignoreBOM() {
    return this.#keep;
  }
  decode(source, { stream = false } = {}) {
    let binary = this.#rest + binaryOf(source);
    this.#rest = "";
    if (this.#latin || !test(WIDE, binary)) return binary;
    const cut = stream ? incomplete(binary) : 0;
    if (cut) {
      this.#rest = slice(binary, binary.length - cut);
      binary = slice(binary, 0, binary.length - cut);
    }
    let text;
    try {
      text = decodeURIComponent(escape(binary));
    } catch {
      if (this.#fatal) throw new Own.TypeError("this is not UTF-8");
      text = repaired(binary);
    }
    return !this.#keep && charCodeAt(text, 0) === 0xfeff ? slice(text, 1) : text;
  }
}

// --- Streams

class Controller {
  #stream;
  #most;
  constructor(stream, most) {
    this.#stream = stream;
    this.#most = most;
  }
  get desiredSize() {
    return this.#stream.state === "open" ? this.#most - this.#stream.queue.length : this.#stream.state === "closed" ? 0 : null;
  }
  get byobRequest() {
    return null;
  }
  enqueue(chunk) {
    this.#stream.enqueue(chunk);
  }
  close() {
    this.#stream.close();
  }
  error(reason) {
    this.#stream.fail(reason);
  }
}

// The state that a stream, its controller and its reader share.
class State {
  queue = [];
  readers = [];
  state = "open";
  reason = undefined;
  pulling = false;
  again = false;
  ended = Own.Promise.withResolvers();
  constructor(source) {
    this.source = source;
    this.ended.promise.catch(() => undefined);
  }
  enqueue(chunk) {
    if (this.state !== "open" || this.closing) throw new Own.TypeError("the stream is closed");
    const reader = this.readers.shift();
    if (reader) reader.resolve({ value: chunk, done: false });
    else this.queue.push(chunk);
    this.pull();
  }
  close() {
    if (this.state !== "open" || this.closing) throw new Own.TypeError("the stream is closed");
    this.closing = true;
    if (this.queue.length === 0) this.finish();
  }
  finish() {
    this.state = "closed";
    for (const reader of this.readers.splice(0)) reader.resolve({ value: undefined, done: true });
    this.ended.resolve();
  }
  fail(reason) {
    if (this.state !== "open") return;
    this.state = "failed";
    this.reason = reason;
    this.queue.length = 0;
    for (const reader of this.readers.splice(0)) reader.reject(reason);
    this.ended.reject(reason);
  }
  pull() {
    if (this.closing || this.state !== "open" || typeof this.source.pull !== "function") return;
    if (this.readers.length === 0 && !(this.controller.desiredSize > 0)) return;
    if (this.pulling) {
      this.again = true;
      return;
    }
    this.pulling = true;
    this.again = false;
    Own.Promise.resolve(this.started)
      .then(() => (this.state === "open" && !this.closing ? this.source.pull(this.controller) : undefined))
      .then(
        () => {
          this.pulling = false;
          if (this.again) this.pull();
        },
        (reason) => this.fail(reason),
      );
  }
  read() {
    if (this.queue.length) {
      const value = this.queue.shift();
      if (this.closing && this.queue.length === 0) this.finish();
      else this.pull();
      return Own.Promise.resolve({ value, done: false });
    }
    if (this.state === "closed") return Own.Promise.resolve({ value: undefined, done: true });
    if (this.state === "failed") return Own.Promise.reject(this.reason);
    const reader = Own.Promise.withResolvers();
    this.readers.push(reader);
    this.pull();
    return reader.promise;
  }
  async cancel(reason) {
    if (this.state === "failed") throw this.reason;
    if (this.state === "closed") return;
    this.queue.length = 0;
    this.closing = true;
    this.finish();
    await this.source.cancel?.(reason);
  }
}

class ReadableStream {
  #state;
  #reader = null;
  constructor(source = {}, strategy = {}) {
    this.#state = new State(source ?? {});
    this.#state.controller = new Controller(this.#state, strategy?.highWaterMark ?? (source?.type === "bytes" ? 0 : 1));
    const started = this.#state.source.start?.(this.#state.controller);
    this.#state.started = Own.Promise.resolve(started);
    this.#state.started.then(
      () => this.#state.pull(),
      (reason) => this.#state.fail(reason),
    );
  }
  static from(items) {
    const steps = items[asyncIterator]?.() ?? items[iterator]();
    return new ReadableStream({
      async pull(controller) {
        const { value, done } = await steps.next();
        if (done) controller.close();
        else controller.enqueue(await value);
      },
      async cancel() {
        await steps.return?.();
      },
    });
  }
  get locked() {
    return this.#reader !== null;
  }
  getReader() {
    if (this.#reader) throw new Own.TypeError("the stream is locked");
    const state = this.#state;
    const check = (reader) => {
      if (this.#reader !== reader) throw new Own.TypeError("the reader has been released");
    };
    this.#reader = {
      read: async () => {
        check(reader);
        return state.read();
      },
      cancel: async (reason) => {
        check(reader);
        return state.cancel(reason);
      },
      releaseLock: () => {
        if (this.#reader === reader) this.#reader = null;
      },
      get closed() {
        return state.ended.promise;
      },
    };
    const reader = this.#reader;
    return reader;
  }
  async cancel(reason) {
    if (this.#reader) throw new Own.TypeError("the stream is locked");
    return this.#state.cancel(reason);
  }
  tee() {
    const reader = this.getReader();
    const branches = [];
    let reading = false;
    const pull = async () => {
      if (reading) return;
      reading = true;
      const { value, done } = await reader.read();
      reading = false;
      for (const branch of branches) done ? branch.close() : branch.enqueue(value);
    };
    const branch = () => new ReadableStream({ start: (controller) => void branches.push(controller), pull });
    return [branch(), branch()];
  }
  async *values() {
    const reader = this.getReader();
    let finished = false;
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        yield value;
      }
      finished = true;
    } finally {
      if (!finished) await reader.cancel();
      reader.releaseLock();
    }
  }
  [asyncIterator]() {
    return this.values();
  }
}

// --- Events, aborting, messages

class Event {
  constructor(type, init = {}) {
    this.type = `${type}`;
    this.target = null;
    this.defaultPrevented = false;
    this.cancelable = !!init.cancelable;
  }
  preventDefault() {
    this.defaultPrevented = this.cancelable;
  }
}

class EventTarget {
  #listeners = new Own.Map();
  addEventListener(type, listener, options) {
    const known = this.#listeners.get(type) ?? this.#listeners.set(type, new Own.Map()).get(type);
    if (listener && !known.has(listener)) known.set(listener, !!options?.once);
  }
  removeEventListener(type, listener) {
    this.#listeners.get(type)?.delete(listener);
  }
  dispatchEvent(event) {
    event.target = this;
    this[`on${event.type}`]?.(event);
    for (const [listener, once] of [...(this.#listeners.get(event.type) ?? [])]) {
      if (once) this.removeEventListener(event.type, listener);
      if (typeof listener === "function") apply(listener, this, [event]);
      else listener.handleEvent(event);
    }
    return !event.defaultPrevented;
  }
}

class AbortSignal extends EventTarget {
  aborted = false;
  reason = undefined;
  onabort = null;
  throwIfAborted() {
    if (this.aborted) throw this.reason;
  }
  static abort(reason) {
    const controller = new AbortController();
    controller.abort(reason);
    return controller.signal;
  }
  static timeout(wait) {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new DOMException("it took too long", "TimeoutError")), wait);
    return controller.signal;
  }
  static any(signals) {
    const controller = new AbortController();
    for (const signal of signals) {
      if (signal.aborted) controller.abort(signal.reason);
      else signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
    }
    return controller.signal;
  }
}

class AbortController {
  signal = new AbortSignal();
  abort(reason = new DOMException("it was aborted", "AbortError")) {
    if (this.signal.aborted) return;
    this.signal.aborted = true;
    this.signal.reason = reason;
    this.signal.dispatchEvent(new Event("abort"));
  }
}

class MessagePort extends EventTarget {
  onmessage = null;
  postMessage(data) {
    setTimeout(() => {
      const event = new Event("message");
      event.data = structuredClone(data);
      this.other?.dispatchEvent(event);
    }, 0);
  }
  start() {}
  close() {
    this.other = undefined;
  }
}

class MessageChannel {
  port1 = new MessagePort();
  port2 = new MessagePort();
  constructor() {
    define(this.port1, "other", this.port2);
    define(this.port2, "other", this.port1);
  }
}

function structuredClone(value, _options, seen = new Own.Map()) {
  if (typeof value === "function" || typeof value === "symbol") throw new DOMException("this cannot be cloned", "DataCloneError");
  if (typeof value !== "object" || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  const keep = (made) => (seen.set(value, made), made);
  const clone = (item) => structuredClone(item, undefined, seen);
  if (value instanceof Date) return keep(new Date(+value));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  if (isView(value)) return keep(new value.constructor(clone(value.buffer), value.byteOffset, value.length));
  if (value instanceof Map) {
    const made = keep(new Map());
    for (const [key, item] of value) made.set(clone(key), clone(item));
    return made;
  }
  if (value instanceof Set) {
    const made = keep(new Set());
    for (const item of value) made.add(clone(item));
    return made;
  }
  if (value instanceof Error) {
    const made = keep(new Error(value.message));
    for (const name of ["name", "stack", "cause"]) if (name in value) define(made, name, clone(value[name]));
    return made;
  }
  const made = keep(Array.isArray(value) ? new Array(value.length) : {});
  for (const name of Object.keys(value)) {
    Object.defineProperty(made, name, { value: clone(value[name]), writable: true, enumerable: true, configurable: true });
  }
  return made;
}

// --- Addresses: Python parses them, as browsers do

const encodePart = (text) =>
  encodeURIComponent(toWellFormed(`${text}`)).replace(/%20/g, "+").replace(/[!'()~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
const decodePart = (text) => {
  const spaced = text.replace(/\+/g, " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return repaired(unescape(unescape(encodeURIComponent(toWellFormed(spaced)))));
  }
};

class URLSearchParams {
  #pairs = [];
  #changed;
  constructor(init = "", changed = undefined) {
    this.#changed = typeof changed === "function" ? changed : () => undefined;
    if (typeof init === "object" && init !== null) {
      const pairs = init[iterator] ? [...init] : Object.entries(init);
      for (const [name, value] of pairs) this.#pairs.push([`${name}`, `${value}`]);
    } else {
      for (const part of `${init}`.replace(/^\?/, "").split("&")) {
        if (part === "") continue;
        const [name, ...rest] = part.split("=");
        this.#pairs.push([decodePart(name), decodePart(rest.join("="))]);
      }
    }
  }
  get size() {
    return this.#pairs.length;
  }
  append(name, value) {
    this.#pairs.push([`${name}`, `${value}`]);
    this.#changed();
  }
  delete(name, value) {
    this.#pairs = this.#pairs.filter((pair) => pair[0] !== `${name}` || (value !== undefined && pair[1] !== `${value}`));
    this.#changed();
  }
  get(name) {
    return this.#pairs.find((pair) => pair[0] === `${name}`)?.[1] ?? null;
  }
  getAll(name) {
    return this.#pairs.filter((pair) => pair[0] === `${name}`).map((pair) => pair[1]);
  }
  has(name, value) {
    return this.#pairs.some((pair) => pair[0] === `${name}` && (value === undefined || pair[1] === `${value}`));
  }
  set(name, value) {
    const at = this.#pairs.findIndex((pair) => pair[0] === `${name}`);
    this.#pairs = this.#pairs.filter((pair, index) => pair[0] !== `${name}` || index === at);
    if (at < 0) this.#pairs.push([`${name}`, `${value}`]);
    else this.#pairs.find((pair) => pair[0] === `${name}`)[1] = `${value}`;
    this.#changed();
  }
  sort() {
    this.#pairs.sort((left, right) => (left[0] < right[0] ? -1 : left[0] > right[0] ? 1 : 0));
    this.#changed();
  }
  forEach(each, self) {
    for (const [name, value] of this.#pairs) apply(each, self, [value, name, this]);
  }
  *entries() {
    for (const pair of this.#pairs) yield [...pair];
  }
  *keys() {
    for (const pair of this.#pairs) yield pair[0];
  }
  *values() {
    for (const pair of this.#pairs) yield pair[1];
  }
  [iterator]() {
    return this.entries();
  }
  toString() {
    return this.#pairs.map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`).join("&");
  }
}

class URL {
  #parts;
  #query = null;
  constructor(address, base) {
    const found = host.url("parse", `${address}`, base === undefined ? "" : `${base}`, "");
    if (found === "") throw new Own.TypeError("Invalid URL");
    this.#parts = parse(found);
  }
  static canParse(address, base) {
    return host.url("parse", `${address}`, base === undefined ? "" : `${base}`, "") !== "";
  }
  static parse(address, base) {
    return URL.canParse(address, base) ? new URL(address, base) : null;
  }
  get searchParams() {
    this.#query ??= new URLSearchParams(this.#parts.search, () => this.#set("search", `${this.#query}`));
    return this.#query;
  }
  #set(name, value) {
    const found = host.url("set", this.#parts.href, name, `${value}`);
    if (found !== "") this.#parts = parse(found);
  }
  toString() {
    return this.#parts.href;
  }
  toJSON() {
    return this.#parts.href;
  }
  static {
    const names = ["href", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"];
    for (const name of names) {
      Object.defineProperty(URL.prototype, name, {
        get() {
          return this.#parts[name];
        },
        set(value) {
          this.#set(name, value);
          if (name === "href" || name === "search") this.#query = null;
        },
        enumerable: true,
        configurable: true,
      });
    }
    Object.defineProperty(URL.prototype, "origin", {
      get() {
        return this.#parts.origin;
      },
      enumerable: true,
      configurable: true,
    });
  }
}

// --- Randomness: machines that are restored from one snapshot would all draw the same lots

const lots = new Uint32Array(4);
export function seed(numbers) {
  for (let at = 0; at < 4; at += 1) lots[at] = numbers[at];
}
function draw() {
  const sum = (lots[0] + lots[1] + lots[3]) >>> 0;
  lots[3] += 1;
  lots[0] = lots[1] ^ (lots[1] >>> 9);
  lots[1] = imul(lots[2], 9);
  lots[2] = ((lots[2] << 21) | (lots[2] >>> 11)) + sum;
  return sum;
}
define(Math, "random", function random() {
  return draw() / 2 ** 32 + (draw() >>> 11) / 2 ** 53;
});

const crypto = {
  getRandomValues(view) {
    if (!isView(view) || view.byteLength > 65536) throw new Own.TypeError("a view of at most 65536 bytes");
    bytesOf(view).set(fromBase64(host.random(`${view.byteLength}`)));
    return view;
  },
  randomUUID() {
    const bytes = crypto.getRandomValues(new Own.Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  },
};

for (const [name, value] of Object.entries({
  AbortController, AbortSignal, Event, EventTarget, MessageChannel, MessagePort, ReadableStream, TextDecoder, TextEncoder,
  URL, URLSearchParams, crypto, structuredClone, global: globalThis, process: { env: { NODE_ENV: "production" } },
})) {
  define(globalThis, name, value);
}
// There are no threads to share memory with, and no module may wait for one.
delete globalThis.SharedArrayBuffer;
