// Renders a module, by its own `render` or by an adapter, and gives HTML or a stream of it whatever they return.

import { Failure } from './failing.js';
import { bytesOf } from './frames.js';

const { stringify } = JSON;

const missing = (message, subject, hint = '') => new Failure('missing', message, { subject, hint });

/** Makes the function that begins a call: it gives what the module or the adapter returned, not yet awaited. */
export const makeRenderer = ({ table, loader, usage }) => {
  const load = async (specifier, phase) => {
    phase.loading = true;
    const node = table.asked(specifier);
    const namespace = await loader.load(node);
    phase.loading = false;
    phase.enter();
    return { node, namespace };
  };

  const render = async (call, { streaming, context, phase }) => {
    const { node, namespace } = await load(call.module, phase);
    usage.use(node);
    if (typeof namespace.render === 'function') return namespace.render(call.props, context);
    if (call.adapter === null) {
      throw missing(`${call.module} has no render(props, context) of its own, and no adapter was named`, call.module, 'name the adapter of its framework');
    }
    const component = namespace[call.export];
    if (component === undefined) throw missing(`${call.module} does not export ${stringify(call.export)}`, call.module);
    const { namespace: adapter } = await phase.outside(() => load(call.adapter, phase));
    const draw = streaming ? (adapter.stream ?? adapter.render) : (adapter.render ?? adapter.stream);
    if (typeof draw !== 'function') throw missing(`the adapter ${call.adapter} exports neither render nor stream`, call.adapter);
    return draw(component, call.props, context);
  };

  const invoke = async (call, { phase }) => {
    const { node, namespace } = await load(call.module, phase);
    usage.use(node);
    const called = namespace[call.export];
    if (typeof called !== 'function') throw missing(`${call.module} exports no function ${stringify(call.export)}`, call.module);
    const value = stringify(await called(...call.args));
    return value === undefined ? 'null' : value;
  };

  return { render, invoke };
};

const isBytes = (value) => ArrayBuffer.isView(value);

/** Returns an iterator of pieces of text for anything that `render` may give: strings, bytes, streams, iterables. */
const piecesOf = (source, subject) => {
  if (typeof source === 'string' || isBytes(source)) return [source][Symbol.iterator]();
  const iterable = source?.[Symbol.asyncIterator] ?? source?.[Symbol.iterator];
  if (typeof source?.getReader === 'function') return readerOf(source.getReader());
  if (typeof iterable === 'function') return iterable.call(source);
  throw new Failure('threw', 'render gave neither a string nor a stream nor an object with `html` or `stream`', { subject });
};

const readerOf = (reader) => ({ next: () => reader.read(), return: (reason) => reader.cancel(reason) });

/** Returns what was given all at once, text or bytes as they are; undefined for all else. */
const wholeOf = (source) => (typeof source === 'string' ? source : bytesOf(source));

/**
 * Returns `{head, status, whole, release, pieces}` of what `render` gave.
 *
 * `release` is there where `whole` is to be given back: it belongs to somebody who writes over it.
 */
export const opened = (result, subject) => {
  const plain = typeof result === 'object' && result !== null && ('html' in result || 'stream' in result);
  const status = plain ? (result.status ?? 200) : 200;
  const head = plain ? (result.head ?? '') : '';
  if (!Number.isInteger(status) || status < 100 || status > 599 || typeof head !== 'string') {
    throw new Failure('threw', 'render gave a status that is no HTTP status, or a head that is no string', { subject });
  }
  const source = plain ? (result.html ?? result.stream) : result;
  const release = plain ? result.release : undefined;
  return { head, status, whole: wholeOf(source), release, pieces: piecesOf(source, subject), decoder: new TextDecoder('utf-8', { ignoreBOM: true }) };
};

/** Returns the next piece of text, or undefined at the end. */
export const nextPiece = async ({ pieces, decoder }) => {
  const { done, value } = await pieces.next();
  if (done) {
    const rest = decoder.decode();
    return rest === '' ? undefined : rest;
  }
  return typeof value === 'string' ? value : decoder.decode(value, { stream: true });
};

/** Tells a stream that nobody reads on. */
export const stopped = async ({ pieces }) => {
  try {
    await pieces.return?.();
  } catch {
    // Whatever it says, it has ended.
  }
};
