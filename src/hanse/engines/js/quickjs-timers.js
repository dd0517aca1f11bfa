// Timers and messages: a list that Python comes back to when no promise has anything left to do.

import { Own, apply, define, mapDelete, mapForEach, mapSet, mapSize, now } from "hanse:quickjs-own.js";

const MOST = 10_000;
const timers = new Own.Map();
let last = 0;

function add(callback, delay, values, every) {
  if (typeof callback !== "function") throw new Own.TypeError("a timer needs a function");
  if (mapSize(timers) >= MOST) throw new Own.RangeError(`more than ${MOST} timers`);
  const wait = delay > 0 ? +delay : 0;
  const id = ++last;
  mapSet(timers, id, { __proto__: null, at: now() + wait, callback, values, every: every ? (wait > 1 ? wait : 1) : 0 });
  return id;
}

function clear(id) {
  mapDelete(timers, typeof id === "object" && id !== null ? +id : id);
}

// Runs the timer that is due first. Returns 0 when one ran, else the milliseconds until one is due, -1 for none.
export function tick() {
  let first = null;
  let found = 0;
  mapForEach(timers, (timer, id) => {
    if (first !== null && timer.at >= first.at) return;
    first = timer;
    found = id;
  });
  if (first === null) return -1;
  const wait = first.at - now();
  if (wait > 0) return wait;
  if (first.every) first.at = now() + first.every;
  else mapDelete(timers, found);
  apply(first.callback, undefined, first.values);
  return 0;
}

define(globalThis, "setTimeout", function setTimeout(callback, delay = 0, ...values) {
  return add(callback, delay, values, false);
});
define(globalThis, "setInterval", function setInterval(callback, delay = 0, ...values) {
  return add(callback, delay, values, true);
});
define(globalThis, "setImmediate", function setImmediate(callback, ...values) {
  return add(callback, 0, values, false);
});
for (const name of ["clearTimeout", "clearInterval", "clearImmediate"]) define(globalThis, name, (id) => clear(id));
