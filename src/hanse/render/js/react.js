// The React adapter: renders a component of a remote with the React that this remote gets.
//
// It is a module of the remote itself, so that its imports mean what they mean to the remote's other modules.
import * as React from 'react';
import * as server from 'react-dom/server';
import { dom } from './dom.js';
import { makeQuick } from './quick.js';

// Builds of CommonJS packages have all names on the default export, some of them nowhere else.
const named = (module, name) => module?.[name] ?? module?.default?.[name];
const createElement = named(React, 'createElement');
const renderToString = named(server, 'renderToString');
const renderToReadableStream = globalThis.ReadableStream && named(server, 'renderToReadableStream');

// What React writes where a boundary could not be finished at once, and says where there was no boundary.
const UNFINISHED = '<!--$!-->';
const SUSPENDED = /#426\b|suspended while responding to synchronous input/;
// Components that were seen to wait for something; nothing else is remembered between calls.
const waiting = new WeakSet();

// An error inside a boundary costs that boundary alone: the browser tries again. Here it is to be seen all the same.
const onError = (error) => {
  console.error(error);
};

// Return the HTML if nothing has to be waited for, which takes a third of the time; otherwise undefined.
const atOnce = (element, identifierPrefix) => {
  try {
    const html = renderToString(element, { identifierPrefix });
    if (!renderToReadableStream || !html.includes(UNFINISHED)) return html;
  } catch (error) {
    if (!renderToReadableStream || !SUSPENDED.test(error?.message)) throw error;
  }
  return undefined;
};

// Render to the end, whatever has to be waited for: HTML in its order, without any scripts.
const whole = async (element, identifierPrefix) => {
  const options = { identifierPrefix, onError, progressiveChunkSize: Infinity };
  const stream = await renderToReadableStream(element, options);
  await stream.allReady;
  return stream;
};

// Pages of a component that React renders, before the quick way is tried; and those that have to agree before it is trusted.
const FIRST = 3;
const AGREED = 3;
// Pages of one component may differ: what could not be done a few times is not tried again.
const TRIES = 3;
const standings = new WeakMap();
let quick;
// What is not known well enough is left to React.
const LEFT = { render: () => undefined };
const encoder = new TextEncoder();

const standingOf = (component) => {
  let known = standings.get(component);
  if (known === undefined) standings.set(component, (known = { pages: 0, agreed: 0, tries: TRIES }));
  return known;
};

// Whoever is asked for again and again is rendered quickly, if for a while that gave what React gives, to the letter.
const swiftly = (component, element, identifierPrefix) => {
  if (Object(component) !== component) return undefined;
  const known = standingOf(component);
  if (known.tries === 0 || (known.pages += 1) <= FIRST) return undefined;
  quick ??= makeQuick({ react: named.bind(undefined, React), dom: named.bind(undefined, dom), renderToString }) ?? LEFT;
  const html = quick.render(element, identifierPrefix);
  if (html === undefined) {
    known.tries -= 1;
    return undefined;
  }
  if (known.agreed === AGREED) return { html, release: () => quick.release(html) };
  const expected = atOnce(element, identifierPrefix);
  if (expected !== undefined && isSame(html, encoder.encode(expected))) known.agreed += 1;
  else known.tries = 0;
  quick.release(html);
  return expected;
};

const isSame = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

export const render = (component, props, { identifierPrefix } = {}) => {
  const element = createElement(component, props);
  if (renderToString && !waiting.has(component)) {
    const html = swiftly(component, element, identifierPrefix) ?? atOnce(element, identifierPrefix);
    if (html !== undefined) return html;
    waiting.add(component);
  }
  return whole(element, identifierPrefix);
};

// What has to be waited for comes later, out of order, with scripts that bear the response's nonce.
export const stream = (component, props, { identifierPrefix, nonce } = {}) =>
  renderToReadableStream
    ? renderToReadableStream(createElement(component, props), { identifierPrefix, nonce, onError })
    : render(component, props, { identifierPrefix });

// Has React's functions compiled, by what components do most: an engine calls it while nobody waits.
export const warm = async () => {
  const { Suspense, lazy } = React.default ?? React;
  if (!Suspense || !lazy) return;
  const Late = lazy(async () => ({ default: Sample }));
  const page = () => createElement(Suspense, { fallback: 'soon' }, createElement(Late), createElement(Sample));
  for (const component of [Sample, page]) await render(component, {}, { identifierPrefix: 'w' });
};

const Sample = () => {
  const use = (hook, ...values) => named(React, hook)?.(...values);
  const Context = named(React, 'createContext')('');
  const [state] = use('useState', 'a') ?? [];
  use('useContext', Context);
  use('useMemo', () => state, [state]);
  use('useEffect', () => undefined, []);
  const attributes = { id: use('useId'), className: state, style: { marginTop: 1, color: 'red' }, 'data-a': '&', hidden: true, onClick: () => undefined };
  const field = createElement('input', { type: 'text', defaultValue: state, disabled: false });
  const rows = ['<', 1].map((key) => createElement('li', { key, dangerouslySetInnerHTML: { __html: '' } }));
  return createElement(Context.Provider, { value: 'b' }, createElement('div', attributes, 'text', 1, null, field, createElement('ul', null, rows)));
};
