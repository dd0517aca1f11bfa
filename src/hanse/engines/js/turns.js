// Who holds the thread. The other side takes the call that began first for it, until it is told otherwise or that
// call has ended: where calls do not overlap nothing is ever said. What is said leaves before the code runs.

/** `calls` has the calls under way, in the order they began; `tell(id)` tells, zero for what is no call's any more. */
export const makeTurns = (calls, tell) => {
  let told;

  const first = () => {
    for (const id of calls.keys()) return id;
    return undefined;
  };

  /** Says that a call goes on. */
  const enter = (id) => {
    if ((told ?? first()) === id) return;
    told = id;
    tell(id);
  };

  /** Notes that a call has had its last word. */
  const leave = (id) => {
    if (told === id) told = undefined;
  };
  return { enter, leave };
};

const { apply } = Reflect;
const { add, has, delete: remove } = WeakSet.prototype;
const BEGINNING = ['setTimeout', 'setInterval', 'setImmediate'];
const ENDING = ['clearTimeout', 'clearInterval', 'clearImmediate'];

/**
 * Lets `entered` be called before whatever a timer runs; returns what tells whether any is still to run.
 *
 * A timeout of nothing becomes an immediate: the engine's takes two milliseconds, and a framework that renders what was
 * waited for sets one for each.
 */
export const watchTimers = (entered) => {
  const own = Object.fromEntries([...BEGINNING, ...ENDING].map((name) => [name, globalThis[name]]));
  const soon = new WeakSet();
  const pending = new WeakSet();
  let count = 0;

  // One that is cleared by its number, and not as an object, is counted for good: that costs time, and nothing else.
  const forget = (timer) => {
    if (apply(remove, pending, [timer])) count -= 1;
  };
  const timeout = (work, delay, ...values) => {
    if (delay >= 1 || typeof work !== 'function') return own.setTimeout(work, delay, ...values);
    const made = own.setImmediate(work, ...values);
    apply(add, soon, [made]);
    return made;
  };
  const watched = (work, done) => {
    if (typeof work !== 'function') return work;
    return function run(...values) {
      done();
      entered();
      return apply(work, this, values);
    };
  };
  const begin = (name, start) => (work, ...rest) => {
    const timer = start(watched(work, () => name === 'setInterval' || forget(timer)), ...rest);
    apply(add, pending, [timer]);
    count += 1;
    return timer;
  };
  const end = (name) => (timer) => {
    forget(timer);
    return apply(has, soon, [timer]) ? own.clearImmediate(timer) : own[name](timer);
  };

  const define = (name, value) => {
    Object.defineProperty(value, 'name', { value: name, configurable: true });
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
  };
  for (const name of BEGINNING) define(name, begin(name, name === 'setTimeout' ? timeout : own[name]));
  for (const name of ENDING) define(name, end(name));
  return () => count > 0;
};
