// Renders React elements to HTML in a fraction of the time that React takes, and gives up wherever it is not sure.
//
// It knows components, hooks, contexts, fragments and boundaries that wait for nothing. How a start tag is written,
// with which names and in which order, it asks React: once for each shape, which is a tag with certain properties of
// certain kinds. Whatever it does not know it leaves to React as a whole, and returns undefined.
//
// A few tags mean more than they say, those of images and of choices: what they do is in `meanings`.

import { encode, makeWriter } from './writing.js';

const FRAGMENTS = new Set(['react.fragment', 'react.strict_mode', 'react.profiler'].map(Symbol.for));
const SUSPENSE = Symbol.for('react.suspense');
const MEMO = Symbol.for('react.memo');
const LAZY = Symbol.for('react.lazy');
const FORWARD_REF = Symbol.for('react.forward_ref');
const CONTEXT = Symbol.for('react.context');
const PROVIDER = Symbol.for('react.provider');
const CONSUMER = Symbol.for('react.consumer');
const EMPTY_SLOT = Symbol.for('react.memo_cache_sentinel');

// Tags whose attributes are written in place and whose children mean nothing special; all others are React's.
const TAGS =
  'a abbr address article aside b bdi bdo blockquote br button caption cite code col colgroup data dd del details dfn ' +
  'dialog div dl dt em fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr i img input ins kbd label ' +
  'legend li main map mark menu meter nav ol optgroup option output p picture progress q rp rt ruby s samp search section ' +
  'select small source span strong sub summary sup table tbody td tfoot th thead time tr u ul var wbr ' +
  'circle clipPath defs ellipse g line linearGradient mask path pattern polygon polyline radialGradient rect stop svg ' +
  'symbol text tspan use';
// Shapes that are remembered: whoever makes up names of properties is left to React.
const SHAPES = 10_000;
// React looks at addresses that begin like this one, in whatever way they are written.
const SCRIPT = /^[\u0000- ]*j[\r\n\t]*a[\r\n\t]*v/i;
// Images that are looked for early: React says so before all else, once for each, but for those that bring their bytes.
const IMAGE = 'img';
// These are not, since the browser chooses among several.
const PICTURED = 'picture img';
const EARLY = /^<link [^<>]*\/>$/;
const INLINE = /^data:/i;
// Whether they are depends on what these say, letter by letter.
const TELLING = new Set(['loading', 'fetchPriority', 'crossOrigin']);
// What a chosen option may stand in; whether it is chosen is said by what is around it.
const CHOICES = new Set(['option', 'optgroup']);
// So many are looked for in the order they come in; of more, those first that are wanted most.
const IN_ORDER = 10;
// Samples that React writes as they are, and that nothing else is.
const MARK = '\uE000';
const BIG = 70_000_000;

// Between two texts in a row, which are kept apart; around a boundary.
const [SPLIT, OPENING, CLOSING] = ['<!-- -->', '<!--$-->', '<!--/$-->'].map(encode);

const width = (number) => 32 - Math.clz32(number);

// Kinds of values: all of one kind are written in one way. Numbers that are zero, or parts of one, are kinds of their
// own, since some attributes leave them out, and so are texts that are numbers. The first four are filled in; the
// others are written with the shape. Of the last kind is what is looked at letter by letter: each value is one.
const [WORD, NUMBER, PART, DIGITS, NOUGHT, EMPTY, ZERO, TRUE, FALSE, FUNCTION, NOTHING, UNKNOWN, EXACT] = Array(13).keys();
const FILLED = DIGITS;

const kindOf = (value) => {
  switch (typeof value) {
    case 'string': {
      const first = value.charCodeAt(0);
      // Neither a number nor infinity, nor an address that may be code.
      return first > 64 && first < 127 && first !== 73 && (first | 32) !== 106 ? WORD : kindOfText(value);
    }
    case 'number':
      return value >= 1 && value < Infinity ? NUMBER : value === 0 ? ZERO : value > 0 && value < 1 ? PART : UNKNOWN;
    case 'boolean':
      return value ? TRUE : FALSE;
    case 'function':
      return FUNCTION;
    default:
      return value === null || value === undefined ? NOTHING : UNKNOWN;
  }
};

const kindOfText = (text) => {
  if (text === '') return EMPTY;
  if (SCRIPT.test(text)) return UNKNOWN;
  const number = Number(text);
  if (number >= 1 && number < Infinity) return DIGITS;
  return Number.isNaN(number) ? WORD : text === '0' ? NOUGHT : UNKNOWN;
};

/** A value of this kind, by which its place in what React writes is found. */
const sampleOf = (kind, number) => [`${MARK}${number}${MARK}`, BIG + number, (number + 1) / 64, `${BIG + number}`, '0', '', 0, true, false, () => undefined, undefined][kind];

/**
 * A tag with certain properties, of certain kinds, in this order; parts of a style are among them.
 *
 * `room` says how many more there may be, all together.
 */
class Shape {
  constructor(path, room) {
    this.path = path;
    this.room = room;
    this.next = new Map();
    this.styled = new Map();
    // Where the way led last: it most often does so again.
    this.name = undefined;
    this.kind = UNKNOWN;
    this.then = undefined;
    // What React writes: pieces, and which values stand between them; null where that cannot be said.
    this.written = undefined;
    // What renders elements that mean more than they say; only at the beginning of the way.
    this.meaning = undefined;
  }

  /** The shape with one more property; undefined where there are too many. */
  with(name, kind) {
    if (name !== this.name || kind !== this.kind) {
      this.name = name;
      this.kind = kind;
      this.then = this.find(this.next, name, { name, kind, part: false });
    }
    return this.then;
  }

  /** The shape with one more property that has exactly this value; undefined where there are too many. */
  withExact(name, value) {
    return this.find(this.next, `${name}=${value}`, { name, kind: EXACT, part: false, value });
  }

  /** The shape with one more part of its style; undefined where there are too many. */
  withPart(name, kind) {
    return this.find(this.styled, name, { name, kind, part: true });
  }

  find(table, key, step) {
    let kinds = table.get(key);
    if (kinds?.[step.kind] !== undefined) return kinds[step.kind];
    if ((this.room.left -= 1) < 0) return undefined;
    if (kinds === undefined) table.set(key, (kinds = []));
    return (kinds[step.kind] = new Shape([...this.path, step], this.room));
  }
}

/**
 * Makes what renders an element: `render(element, identifierPrefix)` gives the bytes of its HTML, or undefined.
 * Whoever has read them gives them back by `release(bytes)`, for another page.
 *
 * There is no such thing where this React is not known well enough. `react` and `dom` give what their packages
 * have of a name.
 */
export const makeQuick = ({ react, dom, renderToString }) => {
  const createElement = react('createElement');
  const internals = react('__CLIENT_INTERNALS_DO_NOT_USE_OR_WARN_USERS_THEY_CANNOT_UPGRADE');
  const older = react('__SECRET_INTERNALS_DO_NOT_USE_OR_YOU_WILL_BE_FIRED')?.ReactCurrentDispatcher;
  const sample = createElement('i');
  const ELEMENT = sample.$$typeof;
  // Builds for development warn while they render, which is what they are there for.
  if ((internals ?? older) === undefined || '_store' in sample) return undefined;
  const hints = dom('__DOM_INTERNALS_DO_NOT_USE_OR_WARN_USERS_THEY_CANNOT_UPGRADE');

  const { put, raw, text: write, taken, lead, begin, finish, release } = makeWriter();
  // Whether the last thing written was text.
  let textual = false;
  let failed = false;
  let tidy = false;
  let inside = false;
  let prefix = '';
  // The way down to what is being rendered, as identifiers have it: the place among so many, at each depth.
  let depth = 0;
  const places = [];
  const totals = [];
  let identifiers = 0;
  const room = { left: SHAPES };
  const contexts = new Map();
  // What is written before all else, by what it is about.
  const early = new Map();
  const values = [];
  const roots = new Map([...TAGS.split(' '), PICTURED].map((tag) => [tag, new Shape([], room)]));
  // Whether what is rendered is in a picture, in a choice, and what is chosen there.
  let pictured = false;
  let choosing = false;
  let chosen;

  const GIVEN_UP = new Error('left to React');
  const giveUp = () => {
    failed = true;
    throw GIVEN_UP;
  };

  // React leaves the contexts of a page that failed, and what its visitor had in them, until it renders the next one.
  const unset = (context) => {
    if (!tidy) renderToString(sample);
    tidy = true;
    return context._currentValue2;
  };

  const read = (context) => {
    const value = contexts.get(context);
    return value !== undefined || contexts.has(context) ? value : unset(context);
  };

  // A change of state while a component renders would render it again.
  const change = () => {
    if (inside) giveUp();
  };
  const nothing = () => undefined;
  let writeIdentifier;
  const hooks = {
    readContext: read,
    useContext: read,
    use: (used) => (used?.$$typeof === CONTEXT ? read(used) : giveUp()),
    useState: (first) => [typeof first === 'function' ? first() : first, change],
    useReducer: (_, first, make) => [make === undefined ? first : make(first), change],
    useMemo: (make) => make(),
    useCallback: (made) => made,
    useRef: (current) => ({ current }),
    useEffect: nothing,
    useLayoutEffect: nothing,
    useInsertionEffect: nothing,
    useImperativeHandle: nothing,
    useDebugValue: nothing,
    useId: () => writeIdentifier(identifiers++),
    useDeferredValue: (value, first) => (first === undefined ? value : giveUp()),
    useTransition: () => [false, change],
    useSyncExternalStore: (_, __, get) => (get === undefined ? giveUp() : get()),
    useMemoCache: (size) => new Array(size).fill(EMPTY_SLOT),
  };
  const dispatcher = Object.assign(Object.create(new Proxy({}, { get: () => giveUp })), hooks);

  const identify = () => {
    let id = 1;
    let overflow = '';
    for (let at = 0; at < depth; at += 1) {
      const length = width(id) - 1;
      const own = id - (1 << length);
      const place = places[at];
      const more = width(totals[at]);
      if (more + length > 30) {
        // What does not fit any more is written down, in whole letters.
        const full = length - (length % 5);
        const rest = length - full;
        overflow = (own & ((1 << full) - 1)).toString(32) + overflow;
        id = (1 << (more + rest)) + (place << rest) + (own >> full);
      } else id = (1 << (more + length)) + (place << length) + own;
    }
    return (id - (1 << (width(id) - 1))).toString(32) + overflow;
  };

  /** Finds out what React writes for a shape: pieces, and which values stand between them. */
  const learn = (tag, shape) => {
    const props = {};
    const found = [];
    let at = 0;
    for (const { name, kind, part, value = sampleOf(kind, at) } of shape.path) {
      if (part) (props.style ??= {})[name] = value;
      else props[name] = value;
      if (kind <= FILLED) found.push({ text: String(value), at: at++ });
    }
    const html = tag === PICTURED ? inPicture(props) : renderToString(createElement(tag, props));
    const name = tag === PICTURED ? IMAGE : tag;
    const from = name === IMAGE ? html.lastIndexOf('<') : 0;
    const end = html.endsWith('/>') ? '' : `</${name}>`;
    const start = html.slice(from, html.length - end.length);
    // Whatever is written besides is for React alone to write.
    const whole = start.startsWith(`<${name}`) && start.endsWith('>') && !start.includes('<', 1) && html.endsWith(end);
    const known = whole && (from === 0 || EARLY.test(html.slice(0, from)));
    return (shape.written = known ? withEarly(cut(start, found, end), html.slice(0, from), found) : null);
  };

  /** Returns what React writes for an image in a picture. */
  const inPicture = (props) => {
    const html = renderToString(createElement('picture', null, createElement(IMAGE, props)));
    return html.replace(/^<picture>|<\/picture>$/g, '');
  };

  /** Adds what is written before all else; null where that cannot be cut. */
  const withEarly = (written, html, found) => {
    if (html === '' || written === null) return written;
    const early = cut(html, found, '');
    return early === null ? null : { ...written, early };
  };

  /** Cuts a start tag into the pieces between the samples; null where one of them is there twice. */
  const cut = (start, found, end) => {
    const spots = found.map(({ text, at }) => ({ at, from: start.indexOf(text), until: start.indexOf(text) + text.length })).filter(({ from }) => from >= 0);
    if (found.some(({ text }) => start.indexOf(text) !== start.lastIndexOf(text))) return null;
    spots.sort((one, other) => one.from - other.from);
    const pieces = [0, ...spots.map(({ until }) => until)].map((from, place) => encode(start.slice(from, spots[place]?.from)));
    return { pieces, slots: spots.map(({ at }) => at), end: encode(end) };
  };

  const list = (nodes) => {
    const at = depth;
    const total = nodes.length;
    depth += 1;
    totals[at] = total;
    for (let index = 0; index < total; index += 1) {
      places[at] = index + 1;
      draw(nodes[index]);
    }
    depth = at;
  };

  const text = (written) => {
    if (written === '') return;
    if (textual) put(SPLIT);
    write(written);
    textual = true;
  };

  const style = (shape, styles, count) => {
    if (styles === null || styles === undefined) return shape;
    if (typeof styles !== 'object') return giveUp();
    let reached = shape;
    for (const name in styles) {
      const value = styles[name];
      const kind = kindOf(value);
      // An empty one is left out, and blanks around it are cut off.
      if (kind === UNKNOWN || kind === FUNCTION || (typeof value === 'string' && value.trim() !== value)) return giveUp();
      reached = reached.withPart(name, kind) ?? giveUp();
      if (kind <= FILLED) values[count.at++] = value;
    }
    return reached;
  };

  const fill = (pieces, slots) => {
    put(pieces[0]);
    for (let at = 0; at < slots.length; at += 1) {
      const value = values[slots[at]];
      write(typeof value === 'string' ? value : `${value}`);
      put(pieces[at + 1]);
    }
  };

  /** Has an image looked for early; `values` are its own. */
  const hasten = ({ pieces, slots }, { src, srcSet, sizes, fetchPriority }) => {
    if (INLINE.test(src) || INLINE.test(srcSet)) return;
    const key = srcSet ? `${srcSet}\n${typeof sizes === 'string' ? sizes : ''}` : src;
    // React keeps them by their names in an object like any other.
    if (key in Object.prototype || (fetchPriority && early.size >= IN_ORDER)) giveUp();
    if (!early.has(key)) early.set(key, taken(() => fill(pieces, slots)));
  };

  const host = (tag, props) => {
    const root = roots.get(tag);
    if (root === undefined || (choosing && !CHOICES.has(tag))) giveUp();
    if (root.meaning === undefined) plain(tag, root, props);
    else root.meaning(props);
  };

  const count = { at: 0 };
  const plain = (tag, root, props) => {
    let shape = root;
    let children;
    let inner;
    count.at = 0;
    for (const name in props) {
      const value = props[name];
      if (name === 'children') children = value;
      else if (name === 'dangerouslySetInnerHTML') inner = value;
      else if (name === 'style') shape = style(shape, value, count);
      else if (name !== 'ref') {
        if (tag === IMAGE && typeof value === 'string' && TELLING.has(name)) {
          shape = shape.withExact(name, value) ?? giveUp();
          continue;
        }
        const kind = kindOf(value);
        if (kind <= FILLED) values[count.at++] = value;
        else if (kind === UNKNOWN) giveUp();
        shape = shape.with(name, kind) ?? giveUp();
      }
    }
    const written = shape.written ?? (shape.written === null ? giveUp() : learn(tag, shape)) ?? giveUp();
    const { end } = written;
    if (written.early !== undefined) hasten(written.early, props);
    fill(written.pieces, written.slots);
    textual = false;
    if (inner !== undefined && inner !== null) {
      if (typeof inner.__html !== 'string' || (children !== undefined && children !== null) || end.length === 0) giveUp();
      raw(inner.__html);
    } else if (typeof children === 'string') {
      if (end.length === 0) giveUp();
      write(children);
    } else if (children !== undefined && children !== null) {
      if (end.length === 0) giveUp();
      draw(children);
    }
    put(end);
    textual = false;
  };

  const asPlain = (tag, props) => plain(tag, roots.get(tag), props);

  const meanings = {
    img: (props) => asPlain(pictured ? PICTURED : IMAGE, props),
    picture: (props) => {
      const before = pictured;
      pictured = true;
      asPlain('picture', props);
      pictured = before;
    },
    select: (props) => {
      const before = [choosing, chosen];
      [choosing, chosen] = [true, props.value ?? props.defaultValue];
      asPlain('select', props);
      [choosing, chosen] = before;
    },
    option: (props) => {
      if (!choosing || chosen === undefined || chosen === null) return asPlain('option', props);
      const { selected, ...others } = props;
      asPlain('option', isChosen(props) ? { ...others, selected: true } : others);
    },
  };
  for (const [tag, meaning] of Object.entries(meanings)) roots.get(tag).meaning = meaning;

  const isChosen = ({ value, children }) => {
    const own = value ?? children ?? '';
    if (!isWritten(own) || !isWritten(chosen)) giveUp();
    return `${own}` === `${chosen}`;
  };
  const isWritten = (value) => typeof value === 'string' || typeof value === 'number';

  /** Calls what a class has; it has no hooks. */
  const construct = (component, props) => {
    if ('ref' in props || component.childContextTypes) giveUp();
    const { contextType } = component;
    const context = typeof contextType === 'object' && contextType !== null ? read(contextType) : {};
    place.of[place.key] = refusing;
    const made = new component(props, context);
    if (made.componentWillMount || made.UNSAFE_componentWillMount) giveUp();
    const state = made.state === undefined ? null : made.state;
    Object.assign(made, { props, context, state, updater: refusing });
    if (typeof component.getDerivedStateFromProps === 'function') {
      const derived = component.getDerivedStateFromProps(props, state);
      if (derived !== null && derived !== undefined) made.state = { ...state, ...derived };
    }
    const rendered = made.render();
    place.of[place.key] = dispatcher;
    if (failed) giveUp();
    return rendered;
  };

  const call = (component, props, second) => {
    if (component.contextTypes || component.defaultProps) giveUp();
    if (component.prototype?.isReactComponent) return draw(construct(component, props));
    identifiers = 0;
    inside = true;
    const made = component(props, second);
    inside = false;
    if (failed) giveUp();
    if (identifiers === 0) return draw(made);
    totals[depth] = places[depth] = 1;
    depth += 1;
    draw(made);
    depth -= 1;
  };
  const SECOND = internals === undefined ? {} : undefined;

  const provide = (context, { value, children }) => {
    const had = contexts.has(context);
    const before = contexts.get(context);
    contexts.set(context, value);
    draw(children);
    if (had) contexts.set(context, before);
    else contexts.delete(context);
  };

  const consume = (context, { children }) => draw(children(read(context)));

  const special = (type, props, ref) => {
    if (ref !== null && ref !== undefined) giveUp();
    switch (type?.$$typeof) {
      case MEMO:
        return typeof type.type === 'string' || type.type?.defaultProps || type.defaultProps ? giveUp() : component(type.type, props);
      case FORWARD_REF:
        return type.defaultProps ? giveUp() : call(type.render, props, null);
      case LAZY:
        // Throws what is waited for, if it has not come yet.
        return component(type._init(type._payload), props);
      case CONTEXT:
        // What is the provider in one React is the consumer in those before.
        return internals === undefined ? consume(type._context ?? type, props) : provide(type, props);
      case PROVIDER:
        return provide(type._context, props);
      case CONSUMER:
        return consume(type._context, props);
      default:
        return giveUp();
    }
  };

  const component = (type, props, ref) => {
    if (typeof type === 'function') call(type, props, SECOND);
    else if (FRAGMENTS.has(type)) draw(props.children);
    else if (type === SUSPENSE) {
      put(OPENING);
      textual = false;
      draw(props.children);
      put(CLOSING);
      textual = false;
    } else special(type, props, ref);
  };

  const draw = (node) => {
    if (typeof node === 'string') text(node);
    else if (typeof node === 'object') {
      if (node === null) return;
      if (Array.isArray(node)) list(node);
      else if (node.$$typeof !== ELEMENT) giveUp();
      else if (typeof node.type === 'string') host(node.type, node.props);
      else component(node.type, node.props, node.ref);
    } else if (typeof node === 'number') text(`${node}`);
    else if (node !== undefined && typeof node !== 'boolean') giveUp();
  };

  const place = internals === undefined ? { of: older, key: 'current' } : { of: internals, key: 'H' };
  const refusing = new Proxy({}, { get: () => giveUp });

  const render = (element, identifierPrefix = '') => {
    const before = place.of[place.key];
    const told = hints?.d;
    [textual, failed, tidy, inside, depth, prefix] = [false, false, false, false, 0, identifierPrefix];
    [pictured, choosing, chosen] = [false, false, undefined];
    place.of[place.key] = dispatcher;
    if (hints) hints.d = refusing;
    begin();
    try {
      draw(element);
      if (early.size > 0) lead([...early.values()]);
    } catch {
      failed = true;
    } finally {
      place.of[place.key] = before;
      if (hints) hints.d = told;
      contexts.clear();
      early.clear();
    }
    const html = finish();
    if (!failed) return html;
    release(html);
    return undefined;
  };

  /** Learns how identifiers are written; tells whether that is as expected. */
  const learnIdentifiers = () => {
    const useId = react('useId');
    const pair = [];
    const Twice = () => {
      pair.push(useId(), useId());
      return null;
    };
    renderToString(createElement(Twice), { identifierPrefix: 'q' });
    const [first, second] = pair;
    const found = /^(.*)qR(.*)0(.*)$/.exec(first);
    if (found === null || second !== `${found[1]}qR${found[2]}0H1${found[3]}`) return false;
    writeIdentifier = (number) => {
      const more = number === 0 ? '' : `H${number.toString(32)}`;
      return `${found[1]}${prefix}R${found[2]}${identify()}${more}${found[3]}`;
    };
    return true;
  };

  /** Whether hints to the browser that a component gives are seen here: they are a part of what React writes. */
  const seesHints = () => {
    const preload = dom('preload');
    if (preload === undefined) return true;
    if (hints?.d === undefined) return false;
    const Hinting = () => {
      preload(MARK, { as: 'style' });
      return null;
    };
    return renderToString(createElement(Hinting)).includes(MARK);
  };

  return seesHints() && learnIdentifiers() ? { render, release } : undefined;
};
