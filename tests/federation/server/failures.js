// One module that fails in the way its properties ask for, and is well without them.

const faults = {
  loop: () => { for (;;); },
  throw: () => { throw new Error('no such product'); },
  allocate: () => { const all = []; for (;;) all.push(new Array(1 << 20).fill(all.length + 0.5)); },
  write: () => 'x'.repeat(9 << 20),
  pour: async function* () { for (;;) yield 'x'.repeat(1 << 16); },
  wait: () => new Promise(() => {}),
  chat: () => { for (;;) console.log('x'.repeat(1000)); },
  lie: () => HOSTILE,
};

export const render = ({ fault, name = 'nobody' }) => fault ? faults[fault]() : `<b>hello ${name}</b>`;
