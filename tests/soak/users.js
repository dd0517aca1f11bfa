// `keep` leaves a user's secret wherever a module can leave something, and shows what others have left there;
// `search` leaves nothing, and looks for secrets in all that can be reached from where a module is.

const seen = [], known = new Map(), kept = { last: null };

function found(secret) {
  const places = [
    seen.at(-1), known.get('secret'), kept.last, globalThis.secret, globalThis[Symbol.for('secret')],
    Object.prototype.secret, Array.prototype.secret, Error.secret, Math.secret, console.secret,
    globalThis.process?.env?.secret,
  ];
  return places.filter((one) => one !== undefined && one !== null && one !== secret);
}

export async function keep(secret) {
  const others = found(secret);
  seen.push(secret);
  known.set('secret', secret);
  kept.last = globalThis.secret = globalThis[Symbol.for('secret')] = secret;
  Object.prototype.secret = Array.prototype.secret = Error.secret = Math.secret = console.secret = secret;
  setTimeout(() => { kept.last = `late ${secret}`; }, 1);
  await new Promise((done) => setTimeout(done, 2));
  others.push(...found(secret).filter((one) => one !== `late ${secret}`));
  return others;
}

function look(root, own, marker) {
  const reached = new Set([root]), left = [root], others = new Set();
  const note = (text) => { if (text.includes(marker) && !own.includes(text)) others.add(text.slice(0, 200)); };
  while (left.length && reached.size < 50_000) {
    const one = left.pop();
    const next = [Object.getPrototypeOf(one)];
    for (const key of Reflect.ownKeys(one)) {
      note(String(key));
      const described = Object.getOwnPropertyDescriptor(one, key);
      next.push(described?.value, described?.get, described?.set);
    }
    if (one instanceof Map || one instanceof Set) next.push(...[...one].flat());
    for (const each of next) {
      if (typeof each === 'string') note(each);
      else if (each !== null && ['object', 'function'].includes(typeof each) && !reached.has(each)) {
        reached.add(each);
        left.push(each);
      }
    }
  }
  return [...others];
}

export function render({ user, secret, way }, context) {
  const own = [secret, context.token];
  const searched = () => look({ global: globalThis, context, meta: import.meta, stack: new Error('x').stack }, own, 'secret of');
  const shown = (others) => `<p>${user}: ${secret}</p><i>${others.join()}</i>`;
  return way === 'keep' ? keep(secret).then(shown) : shown(searched());
}
