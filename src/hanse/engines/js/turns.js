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

/** Lets `entered` be called before whatever a timer runs. */
export const watchTimers = (entered) => {
  for (const name of TIMERS) {
    const begin = globalThis[name];
    const watched = (work) => {
      if (typeof work !== 'function') return work;
      return function run(...values) {
        entered();
        return apply(work, this, values);
      };
    };
    const made = { [name]: (work, ...rest) => begin(watched(work), ...rest) };
    Object.defineProperty(globalThis, name, { value: made[name], writable: true, configurable: true, enumerable: true });
  }
};
