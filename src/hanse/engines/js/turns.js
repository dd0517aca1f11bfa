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
const TIMERS = ['setTimeout', 'setInterval', 'setImmediate'];

/**
 * Lets `entered` be called before whatever a timer runs.
 *
 * A timeout of nothing becomes an immediate: the engine's takes two milliseconds, and a framework that renders what was
 * waited for sets one for each.
 */
export const watchTimers = (entered) => {
  const { clearTimeout, clearImmediate, setImmediate, setTimeout } = globalThis;
  const soon = new WeakSet();
  const timeout = (work, delay, ...values) => {
    if (delay >= 1 || typeof work !== 'function') return setTimeout(work, delay, ...values);
    const made = setImmediate(work, ...values);
    soon.add(made);
    return made;
  };
  const watched = (work) => {
    if (typeof work !== 'function') return work;
    return function run(...values) {
      entered();
      return apply(work, this, values);
    };
  };
  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
  for (const name of TIMERS) {
    const begin = name === 'setTimeout' ? timeout : globalThis[name];
    const made = { [name]: (work, ...rest) => begin(watched(work), ...rest) };
    define(name, made[name]);
  }
  const end = { clearTimeout: (timer) => (soon.has(timer) ? clearImmediate(timer) : clearTimeout(timer)) };
  define('clearTimeout', end.clearTimeout);
};
