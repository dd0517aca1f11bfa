// What the guest itself uses of the language, taken before any module of a generation is there to change it.

const { apply, defineProperty, deleteProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
const bind = Function.prototype.bind;

// Makes a function of a method: its `this` becomes the first argument.
const freed = (method) => apply(bind, Function.prototype.call, [method]);

const { create, freeze, getPrototypeOf } = Object;
const { isArray } = Array;
const { parse, stringify } = JSON;
const { floor, imul, max, min } = Math;
const { isInteger } = Number;
const { isView } = ArrayBuffer;
const Own = { Promise, Map, Set, Error, TypeError, RangeError, Uint8Array, Symbol, String, Number, WeakMap };

const mapGet = freed(Map.prototype.get);
const mapSet = freed(Map.prototype.set);
const mapHas = freed(Map.prototype.has);
const mapDelete = freed(Map.prototype.delete);
const mapForEach = freed(Map.prototype.forEach);
const mapSize = freed(getOwnPropertyDescriptor(Map.prototype, "size").get);
const isOwn = freed(Object.prototype.hasOwnProperty);
const slice = freed(String.prototype.slice);
const indexOf = freed(String.prototype.indexOf);
const charCodeAt = freed(String.prototype.charCodeAt);
const toWellFormed = freed(String.prototype.toWellFormed);
const test = freed(RegExp.prototype.test);
const toBase64 = freed(Uint8Array.prototype.toBase64);
const fromBase64 = apply(bind, Uint8Array.fromBase64, [Uint8Array]);
const then = freed(Promise.prototype.then);
const now = apply(bind, performance.now, [performance]);
const unicode = { decodeURIComponent, encodeURIComponent, escape, unescape, atob, btoa };
const { asyncIterator, iterator } = Symbol;

// `await` asks a promise for its constructor, and `then` for its species: neither may be a module's.
for (const [holder, name] of [[Promise.prototype, "constructor"], [Promise, Symbol.species]]) {
  const found = getOwnPropertyDescriptor(holder, name);
  defineProperty(holder, name, "value" in found ? { ...found, writable: false, configurable: false } : { ...found, configurable: false });
}

// QuickJS itself looks `then` up while it loads modules: what is put there is not taken, and instances have their own.
const givenThen = Promise.prototype.then;
defineProperty(Promise.prototype, "then", {
  get: () => givenThen,
  set(value) {
    if (this !== Own.Promise.prototype) define(this, "then", value);
  },
  enumerable: false,
  configurable: false,
});

// A property that code can replace as it can replace those of the language, and that loops over names leave out.
const define = (holder, name, value) =>
  defineProperty(holder, name, { value, writable: true, enumerable: false, configurable: true });

// An object without a prototype: what stands on `Object.prototype` is not found in it.
const bare = (properties) => {
  const made = create(null);
  const names = ownKeys(properties);
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at];
    defineProperty(made, name, { value: properties[name], writable: true, enumerable: true, configurable: true });
  }
  return made;
};

// What the guest itself refuses. Known by its private field: a question that no proxy and no copy can answer.
class Refusal {
  #made = true;
  constructor(reason, message) {
    this.reason = reason;
    this.message = message;
  }
  static made(value) {
    return #made in value;
  }
}

const host = globalThis["hanse:host"];
deleteProperty(globalThis, "hanse:host");
const hostFunctions = bare(host);

export {
  Own, Refusal, apply, asyncIterator, bare, charCodeAt, create, define, defineProperty, deleteProperty, floor, freed, freeze,
  fromBase64, getOwnPropertyDescriptor, getPrototypeOf, hostFunctions as host, imul, indexOf, isArray, isInteger, isOwn,
  isView, iterator, mapDelete, mapForEach, mapGet, mapHas, mapSet, mapSize, max, min, now, ownKeys, parse, slice,
  stringify, test, then, toBase64, toWellFormed, unicode,
};
