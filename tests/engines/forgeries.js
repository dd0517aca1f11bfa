// What a module might override, to break or to forge the answers of the engine it runs in.

//# Array.prototype.push
Array.prototype.push = function (...items) { this[this.length] = 'forged'; return 1; };

//# setters on arrays
Object.defineProperty(Array.prototype, '0', { set(value) { throw new Error('forged'); }, configurable: true });

//# JSON.stringify
JSON.stringify = () => '{"html":"forged","status":500}';

//# JSON.parse
JSON.parse = () => ({ module: 'forged' });

//# toJSON
Object.prototype.toJSON = String.prototype.toJSON = () => 'forged';

//# Promise.prototype.then
Promise.prototype.then = function () { return Promise.reject(new Error('forged')); };

//# Promise
globalThis.Promise = class { constructor() { throw new Error('forged'); } };

//# Promise's species
try { Object.defineProperty(Promise, Symbol.species, { get() { throw new Error('forged'); } }); } catch {}

//# Promise's constructor
try { Promise.prototype.constructor = class { constructor() { throw new Error('forged'); } }; } catch {}

//# Map.prototype.get
Map.prototype.get = Map.prototype.set = Map.prototype.has = () => { throw new Error('forged'); };

//# String.prototype
String.prototype.slice = String.prototype.replace = String.prototype.split = () => 'forged';

//# Symbol.iterator
Array.prototype[Symbol.iterator] = function* () { yield 'forged'; };

//# Reflect
Reflect.apply = Reflect.ownKeys = () => { throw new Error('forged'); };

//# Object
Object.keys = Object.entries = Object.defineProperty = Object.hasOwn = () => { throw new Error('forged'); };

//# Object.prototype
Object.prototype.status = 500; Object.prototype.head = 'forged'; Object.prototype.kind = 'forged';

//# Function.prototype
Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => { throw new Error('forged'); };

//# functions of the web
globalThis.TextDecoder = globalThis.TextEncoder = globalThis.atob = globalThis.btoa = () => 'forged';

//# console
globalThis.console = new Proxy({}, { get() { throw new Error('forged'); } });

//# globalThis
for (const name of ['setTimeout', 'queueMicrotask', 'performance', 'escape']) globalThis[name] = () => { throw new Error('forged'); };
