// Trees of elements, made at random from a seed, and rendered both ways: what is quick has to be what React writes.
import * as React from 'react';
import * as server from 'react-dom/server';
import * as dom from 'react-dom';
import { makeQuick } from './~hanse/quick.js';

const of = (module) => (name) => module[name] ?? module.default?.[name];
const react = of(React);
const renderToString = of(server)('renderToString');
const { render, release } = makeQuick({ react, dom: of(dom), renderToString });
const [encoder, decoder] = [new TextEncoder(), new TextDecoder('utf-8', { ignoreBOM: true })];
const encoded = (html) => decoder.decode(encoder.encode(html));
const quick = (element, prefix) => {
  const bytes = render(element, prefix);
  const html = bytes && decoder.decode(bytes);
  if (bytes) release(bytes);
  return html;
};
const h = react('createElement');

// Mulberry32: as good as needed, and the same everywhere.
const makeRandom = (seed) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
};

const TAGS = ['div', 'p', 'span', 'a', 'ul', 'li', 'table', 'tr', 'td', 'button', 'form', 'label', 'svg', 'path', 'g', 'br', 'hr', 'input', 'section', 'progress', 'data', 'h1', 'picture', 'source', 'select', 'option', 'optgroup'];
const OTHERS = ['video', 'select', 'option', 'textarea', 'title', 'style', 'script', 'link', 'meta', 'pre', 'x-own', 'video', 'html', 'noscript', 'template', 'iframe'];
const TEXTS = ['', 'a', ' ', 'x & y', '<b>', '"q"', "it's", 'Lübeck', '\u2028', '😀', '\ud800', '\n', '</script>', '<!-- -->', 'javascript:alert(1)', ' java\nscript:x', 'j', '70000001', '0.015625', '\uE0000\uE000'];
const NAMES = ['className', 'id', 'title', 'href', 'src', 'htmlFor', 'tabIndex', 'hidden', 'disabled', 'checked', 'defaultChecked', 'value', 'defaultValue', 'name', 'type', 'data-a', 'aria-label', 'aria-hidden', 'role', 'width', 'cols', 'span', 'size', 'rowSpan', 'start', 'download', 'capture', 'contentEditable', 'draggable', 'spellCheck', 'onClick', 'onclick', 'viewBox', 'strokeWidth', 'xlinkHref', 'fillOpacity', 'action', 'formAction', 'method', 'encType', 'target', 'selected', 'multiple', 'muted', 'autoFocus', 'itemScope', 'inert', 'popover', 'is', 'key', 'ref', 'unknownName', 'bad name', 'on', 'suppressHydrationWarning', 'innerHTML', 'content', 'low', 'dateTime', 'srcSet', 'loading', 'nonce', 'slot', 'dir', 'lang', 'crossOrigin', '__proto__'];
const STYLES = ['color', 'marginTop', 'opacity', 'lineHeight', 'flex', 'WebkitTransition', 'msFlex', '--own', 'zIndex', 'background', 'order', 'gridRow', 'border-top', 'width'];

// What images are told, and whether they are looked for early.
const IMAGE_NAMES = ['src', 'srcSet', 'sizes', 'alt', 'loading', 'fetchPriority', 'crossOrigin', 'referrerPolicy', 'decoding', 'width', 'className', 'type', 'integrity'];
const IMAGE_VALUES = ['lazy', 'eager', 'high', 'low', 'auto', 'anonymous', 'use-credentials', 'data:image/png;base64,AA', 'DaTa:x', 'data', '/a.png', '/b.png?x&y', 'c.webp', 'a.png 1x, b.png 2x', '100vw', '(min-width: 1px) 2px', 'toString'];

const One = react('createContext')('one');
const Two = react('createContext')({ deep: 'two' });

const makeTree = (random) => {
  const pick = (values) => values[Math.floor(random() * values.length)];
  const chance = (part) => random() < part;
  const values = [
    () => pick(TEXTS),
    () => pick(['red', 'a b', 'x', '1px', '/shop', 'https://a.example/?b&c']),
    () => pick([0, 1, 2, 10, -1, 0.5, 1e21, NaN, Infinity, -0, 70000001]),
    () => pick([true, false, null, undefined]),
    () => pick([() => 1, {}, [], { toString: () => 'told' }, Symbol.iterator, 10n]),
  ];
  const value = () => values[chance(0.05) ? 4 : Math.floor(random() * 4)]();
  const style = () => Object.fromEntries(Array.from({ length: Math.floor(random() * 4) }, () => [pick(STYLES), chance(0.9) ? pick([1, 0, 2.5, -3, 'red', ' 1px', '', 'url("a")', true, null]) : value()]));
  const props = (few) => {
    const made = {};
    for (let left = Math.floor(random() * few); left > 0; left -= 1) made[pick(NAMES)] = value();
    if (chance(0.15)) made.style = chance(0.95) ? style() : value();
    if (chance(0.04)) made.dangerouslySetInnerHTML = chance(0.9) ? { __html: pick(TEXTS) } : value();
    return made;
  };
  const image = () => {
    const made = chance(0.7) ? { src: pick(['/a.png', '/b.png?x&y', '__proto__']) } : {};
    const told = () => (chance(0.85) ? pick(IMAGE_VALUES) : chance(0.6) ? `/${Math.floor(random() * 30)}.png` : value());
    for (let left = Math.floor(random() * 5); left > 0; left -= 1) made[pick(IMAGE_NAMES)] = told();
    return h('img', made);
  };
  const gallery = () => Array.from({ length: Math.floor(random() * 40) }, (_, at) => h('img', { src: `/${at % 23}.png`, ...(chance(0.2) ? { alt: 'x' } : null), ...(chance(0.02) ? { fetchPriority: 'high' } : null) }));
  const choice = () => {
    const word = () => pick(['a', 'b', '1', 1, 2.5, '', null, undefined, true, 'x & y']);
    const option = () => h('option', { ...(chance(0.1) ? { dangerouslySetInnerHTML: { __html: pick(['a', '1']) } } : null), ...(chance(0.6) ? { value: word() } : null), ...(chance(0.2) ? { selected: chance(0.5) } : null), ...(chance(0.1) ? props(3) : null) }, ...(chance(0.8) ? [word()] : nodes(1, 3)));
    const options = () => Array.from({ length: Math.floor(random() * 4) }, option);
    const told = { ...(chance(0.4) ? { value: word() } : null), ...(chance(0.3) ? { defaultValue: word() } : null), ...(chance(0.05) ? { multiple: true, value: ['a', '1'] } : null), ...(chance(0.1) ? props(3) : null) };
    return h('select', told, ...options(), chance(0.3) ? h('optgroup', { label: 'more' }, ...options()) : null, chance(0.2) ? h(pick(['svg', 'table', 'b']), null, ...options()) : null, chance(0.1) ? h(component(1)) : null);
  };
  const text = () => (chance(0.7) ? pick(TEXTS) : pick([0, 1, -1.5, 1e21, NaN, 10n, true, null, undefined]));
  const nodes = (depth, most) => Array.from({ length: Math.floor(random() * most) }, () => node(depth - 1));
  const component = (depth) => {
    const hooks = Math.floor(random() * 5);
    const children = node(depth - 1);
    const Own = (given) => {
      const said = [];
      for (let at = 0; at < hooks; at += 1) {
        const hook = (hooks * 7 + at * 3) % 11;
        if (hook < 3) said.push(react('useId')());
        else if (hook === 3) said.push(react('useState')(() => 'state')[0]);
        else if (hook === 4) said.push(react('useContext')(One), react('useContext')(Two).deep);
        else if (hook === 5) said.push(react('useMemo')(() => 'memo', []));
        else if (hook === 6) said.push(react('useReducer')((a) => a, 1, (a) => a + 1)[0]);
        else if (hook === 7) react('useEffect')(() => undefined);
        else if (hook === 8) said.push(react('useSyncExternalStore')(() => undefined, () => 'here', () => 'there'));
        else if (hook === 9) said.push(String(react('useRef')(5).current), react('useDeferredValue')('late'));
        else said.push(String(react('useTransition')()[0]), react('useCallback')(() => 1)());
      }
      return [given.children, ...said, children];
    };
    return Own;
  };
  const classOf = (depth, inner) => {
    class Own extends react(chance(0.5) ? 'Component' : 'PureComponent') {
      render() {
        return [Object.keys(this.props).join(), this.props.told, this.state?.said, this.state?.kept, typeof this.context === 'string' ? this.context : 'none', this.props.children, ...inner];
      }
    }
    if (chance(0.3)) Own.contextType = One;
    if (chance(0.3)) Own.getDerivedStateFromProps = ({ told }, state) => (told === '' ? null : { said: [String(state === null), state?.said, told] });
    if (chance(0.3)) Own.getDerivedStateFromError = () => ({ said: 'failed' });
    if (chance(0.3)) Own.prototype.componentDidCatch = () => undefined;
    const ways = [
      () => (Own.prototype.componentWillMount = function () { this.setState({ said: 'mounted' }); }),
      () => (Own.prototype.render = function () { this.setState({ said: 'again' }); return this.state?.said; }),
      () => (Own.prototype.render = () => react('useState')('hooked')[0]),
      () => (Own.defaultProps = { told: 'as ever' }),
      () => (Own.childContextTypes = { a: () => null }),
      () => (Own.prototype.render = () => { throw new Error('no stock'); }),
    ];
    if (chance(0.2)) pick(ways)();
    if (chance(0.6)) return Own;
    return class extends Own {
      constructor(...given) {
        super(...given);
        this.state = { said: String(given[1] === this.context), kept: 'kept' };
        if (given[0].told === 'a') this.setState({ said: 'early' });
      }
    };
  };
  const special = (depth) => {
    const inner = nodes(depth, 3);
    switch (Math.floor(random() * 12)) {
      case 0:
        return h(One.Provider, { value: pick(TEXTS) }, ...inner);
      case 1:
        return h(Two.Provider, { value: { deep: pick(TEXTS) } }, ...inner);
      case 2:
        return h(One.Consumer, null, (found) => [found, ...inner]);
      case 3:
        return h(react('memo')(component(depth)), null, ...inner);
      case 4:
        return h(react('forwardRef')((given, ref) => h('i', { ref }, given.children, String(ref))), chance(0.2) ? { ref: { current: null } } : null, ...inner);
      case 5:
        return h(react('Suspense'), { fallback: 'wait' }, ...inner);
      case 6:
        return h(react('StrictMode'), null, ...inner);
      case 7:
        return chance(0.5) ? h(classOf(depth, inner), chance(0.1) ? { ref: null } : { told: pick(TEXTS) }, ...inner) : h(react('Fragment'), null, ...inner);
      case 8:
        return chance(0.3) ? new Set(inner) : h(react('Fragment'), { key: 'k' }, inner);
      case 9:
        return chance(0.2) ? h(() => { throw new Error('no stock'); }) : inner;
      case 10:
        return chance(0.2) ? h(react('Suspense'), null, h(() => { throw new Error('no stock'); })) : h(react('Profiler'), { id: 'p' }, ...inner);
      default: {
        const Changing = () => {
          const [count, change] = react('useState')(0);
          if (count < 2) change(count + 1);
          return count;
        };
        return chance(0.3) ? h(Changing) : h(component(depth), null, ...inner);
      }
    }
  };
  const node = (depth) => {
    if (depth <= 0 || chance(0.2)) return text();
    if (chance(0.1)) return image();
    if (chance(0.01)) return gallery();
    if (chance(0.04)) return choice();
    if (chance(0.04)) return h('picture', null, image(), h('source', { srcSet: 'a.png 1x' }), node(depth - 1));
    if (chance(0.25)) return special(depth);
    if (chance(0.25)) return h(component(depth), props(2), ...nodes(depth, 3));
    const tag = pick(chance(0.01) ? OTHERS : TAGS);
    return h(tag, props(chance(0.7) ? 2 : 5), ...(chance(0.02) || !['br', 'hr', 'input'].includes(tag) ? nodes(depth, chance(0.05) ? 40 : 4) : []));
  };
  return node;
};

const attempt = (render) => {
  try {
    return render();
  } catch (error) {
    return error;
  }
};

// Where they part, and what is around that.
const part = (fast, slow) => {
  let at = 0;
  while (fast[at] === slow[at]) at += 1;
  return [fast, slow].map((html) => html.slice(Math.max(0, at - 60), at + 60).toWellFormed());
};

/** Renders so many trees both ways; says how many were quick, and where the two differ. */
export const compare = (seed, count) => {
  const random = makeRandom(seed);
  const result = { made: 0, quick: 0, letters: 0, differing: [] };
  for (let number = 0; number < count; number += 1) {
    const depth = 1 + Math.floor(random() * 6);
    // A key that cannot be written makes no element.
    let element = attempt(() => makeTree(random)(depth));
    if (typeof element !== 'object' || element === null || element instanceof Error) element = h('p', null, element);
    const fast = quick(element, 'q');
    const slow = attempt(() => encoded(renderToString(element, { identifierPrefix: 'q' })));
    result.made += 1;
    if (fast === undefined) continue;
    result.quick += 1;
    result.letters += fast.length;
    if (fast !== slow && result.differing.length < 5) result.differing.push(part(fast, String(slow)));
  }
  return result;
};

/** Renders a list of lists so deep that identifiers get more letters than a number has bits. */
export const deep = (depth, width) => {
  const Own = ({ children }) => h('b', { id: react('useId')() }, react('useId')(), children);
  let inner = h(Own);
  for (let at = 0; at < depth; at += 1) inner = Array.from({ length: width }, (_, place) => (place === width - 1 ? h(Own, { key: place }, inner) : null));
  const element = h('div', null, inner);
  return [quick(element, 'q'), renderToString(element, { identifierPrefix: 'q' })];
};

const made = {
  hint: () => h(() => (dom.preload('/a.css', { as: 'style' }), 'hinted')),
  image: () => h('p', null, h('img', { src: '/a.png', alt: 'a' })),
  twins: () => h('p', null, h('img', { src: '__proto__' }), h('img', { src: '__proto__' })),
  mounting: () => h(class extends react('Component') { componentWillMount() { this.setState({ a: 1 }); } render() { return this.state?.a; } }),
  several: () => h('select', { multiple: true, value: ['a'] }, h('option', null, 'a')),
  title: () => h('title', null, 'a'),
  late: () => h(react('lazy')(async () => ({ default: () => 'late' }))),
  use: () => h(() => react('use')(Promise.resolve(1))),
  changing: () => h(() => {
    const [count, change] = react('useState')(0);
    try {
      if (count < 1) change(1);
    } catch {
      return 'caught';
    }
    return count;
  }),
  own: () => h('x-own', { a: 1 }),
  picture: () => h('picture', null, h('source', { srcSet: 'a.webp 1x' }), h('img', { src: '/a.png' })),
  choice: () => h('select', { defaultValue: 2 }, h('option', { value: 1 }, 'one'), h('option', { value: 2 }, 'two')),
  unchosen: () => h('select', { name: 'a' }, h('optgroup', { label: 'b' }, h('option', { selected: true }, 'one'))),
  boundary: () => h(class extends react('Component') {
    static getDerivedStateFromError = () => ({ failed: true });
    state = { failed: false };
    render() { return this.state.failed ? 'failed' : h('p', null, this.props.children); }
  }, null, 'x'),
  row: () => h('p', { className: 'a', onClick: () => 1, hidden: true }, 'x'),
};

/** Tells whether something is left to React. */
export const left = (name) => quick(made[name](), 'q') === undefined;

/** Renders elements with ever new names of properties; says after how many it is left to React. */
export const invent = (most) => {
  for (let at = 0; at < most; at += 1) if (quick(h('p', { [`data-${at}`]: 'a' }), 'q') === undefined) return at;
  return most;
};

/** Renders pages that are read only when all have been made; says what they are, and whether those given back are used again. */
export const hold = (names) => {
  const pages = names.map((name) => render(h('p', null, name), 'q'));
  const read = pages.map((bytes) => decoder.decode(bytes));
  const places = new Set(pages.map((bytes) => bytes.buffer));
  for (const bytes of pages) release(bytes);
  return { read, apart: places.size, again: places.has(render(h('p', null, 'again'), 'q').buffer) };
};
