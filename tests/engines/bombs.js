// What a module might use up, each the body of an async function, by what there is too much of.

//# memory: buffers
const kept = []; for (;;) kept.push(new ArrayBuffer(1e7));

//# memory: arrays
const kept = []; for (;;) kept.push(new Array(1000).fill(kept.length));

//# memory: an array of 4e9
new Array(4294967295).fill(7); return 'filled';

//# memory: a huge typed array
const kept = []; for (;;) kept.push(new Float64Array(1 << 20).fill(1));

//# memory: strings
let text = 'x'; for (;;) text += text + Math.random();

//# memory: repeated strings
const kept = []; for (;;) kept.push('abc'.repeat(1 << 22) + kept.length).toString();

//# memory: padded strings
return 'x'.padEnd(2 ** 30 - 25, 'yz').length + 'x'.padStart(2 ** 30 - 25).length;

//# memory: objects
let head = null; for (;;) head = { head, at: 1, more: {} };

//# memory: maps
const kept = new Map(); for (let at = 0; ; at += 1) kept.set(at, { at });

//# memory: closures
let next = () => 0; for (;;) { const before = next; next = () => before; }

//# memory: promises
const kept = []; for (;;) { kept.push(new Promise(() => 0)); }

//# memory: joined arrays
return new Array(1 << 28).join('abcdefgh').length;

//# memory: JSON
let nested = 'x'; for (let at = 0; at < 40; at += 1) nested = JSON.stringify([nested, nested]); return nested.length;

//# memory: symbols
for (let at = 0; ; at += 1) globalThis[Symbol(at)] = 'x'.repeat(1000);

//# time: a loop
for (;;);

//# time: a loop that catches
for (;;) { try { for (;;); } catch {} }

//# time: promises without end
for (;;) await null;

//# time: microtasks without end
const again = () => queueMicrotask(again); again(); await new Promise(() => 0);

//# time: timers without end
const again = () => setTimeout(again, 0); again(); await new Promise(() => 0);

//# time: a regular expression
return /^(\w+\s?)*$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!');

//# time: a slow sort
return [...'x'.repeat(300)].map((_, at) => at).sort(() => { for (let n = 0; n < 1e9; n += 1); return 0; });

//# time: a generator
for (const _ of (function* () { for (;;) yield 1; })());

//# time: a proxy
const spun = new Proxy({}, { get() { for (;;); } }); return spun.x;

//# time: a getter of what it gives
return { get a() { for (;;); } };

//# time: toJSON
return { toJSON() { for (;;); } };

//# time: big numbers
let big = 3n; for (;;) big = big * big % (2n ** 100000n) + 3n;

//# time: a wait
await new Promise((resolve) => setTimeout(resolve, 60000));

//# depth: a function
const down = () => down() + 1; return down();

//# depth: a getter
const spun = { get a() { return this.a; } }; return spun.a;

//# depth: JSON of a deep array
let deep = []; for (let at = 0; at < 1e5; at += 1) deep = [deep]; return JSON.parse(JSON.stringify(deep));

//# depth: deep JSON
return JSON.parse('['.repeat(1e6) + ']'.repeat(1e6));

//# depth: a deep regular expression
return new RegExp('('.repeat(1e5) + ')'.repeat(1e5)).test('x');

//# depth: deep code
return new Function('return ' + '('.repeat(1e5) + '1' + ')'.repeat(1e5))();

//# depth: toString
const spun = { toString() { return `${this}`; } }; return `${spun}`;

//# depth: a proxy of a proxy
let spun = {}; for (let at = 0; at < 1e5; at += 1) spun = new Proxy(spun, {}); return spun.x;

//# depth: a deep result
let deep = []; for (let at = 0; at < 5000; at += 1) deep = [deep]; return deep;
