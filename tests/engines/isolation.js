// Leaves one user's secret wherever a module can leave something, and shows what it found there.

import { store } from './store.js';
import { createRequire } from './plain.cjs';
let seen = [];
const cache = new WeakMap(), known = new Map();
export default class Cart { static last = null; }
export async function render({ user, secret }) {
  const before = [
    seen.join(), store.user, globalThis.user, globalThis[Symbol.for('user')], Cart.last, createRequire.user,
    Object.prototype.user, Array.prototype.user, process.env.user, known.get('user'), Math.user, console.user,
    (await import('./late.js')).state.user, Error.user, RegExp.$1 === secret ? '' : RegExp.$1,
  ];
  seen.push(user + secret);
  store.user = Cart.last = createRequire.user = process.env.user = Math.user = console.user = Error.user = secret;
  globalThis.user = globalThis[Symbol.for('user')] = Object.prototype.user = Array.prototype.user = secret;
  known.set('user', secret);
  (await import('./late.js')).state.user = secret;
  setTimeout(() => { store.user = 'late ' + secret; }, 1);
  /(.+)/.test(secret);
  await new Promise((resolve) => setTimeout(resolve, 2));
  return `<p>${user}:${secret}</p><i>${before.filter((item) => item !== undefined && item !== null && item !== '')}</i>`;
}
export const lots = () => [Math.random(), crypto.randomUUID(), Array.from(crypto.getRandomValues(new Uint8Array(8)))];
