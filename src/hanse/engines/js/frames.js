// Frames over pipes: length, secret, kind, call, length of the head; then the head as JSON, and the body.
// The secret comes with the first frame and goes out with every answer: what has none is nobody's answer.

export const FRAMES = Object.freeze({ OPEN: 1, RENDER: 2, STREAM: 3, CALL: 4, CANCEL: 5, CREDIT: 6, PREPARE: 7, PING: 8, READY: 16, ANSWER: 17, FAILURE: 18, SHELL: 19, PIECE: 20, LOG: 21, CANCELLED: 22, TURN: 23, PONG: 24 });
const HEADER = 29;
const SECRET = 16;

const { apply } = Reflect;
const { stringify, parse } = JSON;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const encodeInto = encoder.encodeInto.bind(encoder);
const decode = decoder.decode.bind(decoder);
const Bytes = Uint8Array;
const View = DataView;
const { setUint32, setUint8, getUint32, getUint8 } = DataView.prototype;
const { set, subarray, slice } = Bytes.prototype;
// A module may replace what the prototype has by something that lies: then a frame would take along what lay there before.
const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const getterOf = (name) => getOwnPropertyDescriptor(getPrototypeOf(Bytes.prototype), name).get;
const [lengthOf, memoryOf, offsetOf, kindOf] = ['length', 'buffer', 'byteOffset', Symbol.toStringTag].map(getterOf);

/** How many bytes there are. */
export const sizeOf = (bytes) => apply(lengthOf, bytes, []);

/** The same bytes as an array that is nobody's own kind of one; undefined where these are no bytes. */
export const bytesOf = (given) =>
  apply(kindOf, given, []) === 'Uint8Array' ? new Bytes(apply(memoryOf, given, []), apply(offsetOf, given, []), sizeOf(given)) : undefined;

// A letter takes three bytes at most.
export const WIDEST = 3;
// What a larger frame needed is not kept.
const KEPT = 1 << 18;

/**
 * Writes frames; a body is text or bytes.
 *
 * All are put together in one place, for a page is as large as all else that is made for it: whoever makes a new one
 * for each spends a fifth of the time on throwing them away.
 */
export const makeWriter = (writeSync) => {
  let secret = new Bytes(SECRET);
  const kept = new Bytes(KEPT);
  const put = (frame, text, at) => encodeInto(text, apply(subarray, frame, [at])).written;
  const write = (kind, call, head, body = '') => {
    const said = stringify(head);
    const most = HEADER + WIDEST * said.length + (typeof body === 'string' ? WIDEST * body.length : sizeOf(body));
    const frame = most > KEPT ? new Bytes(most) : kept;
    const first = put(frame, said, HEADER);
    const from = HEADER + first;
    if (typeof body !== 'string') apply(set, frame, [body, from]);
    const until = from + (typeof body === 'string' ? put(frame, body, from) : sizeOf(body));
    const view = new View(apply(memoryOf, frame, []));
    apply(setUint32, view, [0, until - 4]);
    apply(set, frame, [secret, 4]);
    apply(setUint8, view, [20, kind]);
    apply(setUint32, view, [21, call]);
    apply(setUint32, view, [25, first]);
    for (let at = 0; at < until; ) at += writeSync(apply(subarray, frame, [at, until]));
  };
  return { write, signed: (given) => (secret = given) };
};

// What is read at first, and again when a larger frame has been; and from which size on a frame counts as one.
const ROOM = 1 << 16;
const LARGE = 1 << 20;

/** Reads frames; `signed` is told the secret of the first. */
export const makeReader = ({ read, readSync }, signed) => {
  let bytes = new Bytes(ROOM);
  let room = ROOM;
  let from = 0;
  let until = 0;
  let known = false;

  const numberAt = (place) => apply(getUint32, new View(apply(memoryOf, bytes, [])), [place]);
  const part = (start, end) => apply(subarray, bytes, [start, end]);

  const makeRoom = (size) => {
    if (room - from >= size) return;
    const place = room < size ? new Bytes(size) : bytes;
    apply(set, place, [part(from, until), 0]);
    bytes = place;
    room = Math.max(room, size);
    until -= from;
    from = 0;
  };

  /** Whether the next frame is there in full; makes room for it. */
  const isThere = () => {
    const size = until - from < 4 ? HEADER : 4 + numberAt(from);
    makeRoom(size);
    return until - from >= size;
  };

  const take = () => {
    const end = from + 4 + numberAt(from);
    if (!known) signed(apply(slice, bytes, [from + 4, from + 4 + SECRET]));
    known = true;
    const middle = from + HEADER + numberAt(from + 25);
    const kind = apply(getUint8, new View(apply(memoryOf, bytes, [])), [from + 20]);
    const frame = { kind, call: numberAt(from + 21), head: parse(decode(part(from + HEADER, middle))), body: decode(part(middle, end)) };
    from = end;
    if (from === until) from = until = 0;
    if (room > LARGE && until === 0) bytes = new Bytes((room = ROOM));
    return frame;
  };

  /** Returns the next frame, or undefined at the end: there is nothing more, or nothing can be read any more. */
  const next = async () => {
    while (!isThere()) {
      const count = await read(part(until));
      if (!count) return undefined;
      until += count;
    }
    return take();
  };

  /** The same at once: nothing else happens here until it has come. */
  const nextAtOnce = () => {
    while (!isThere()) {
      const count = readSync(part(until));
      if (!count) return undefined;
      until += count;
    }
    return take();
  };

  /** Tells whether a frame of this kind and call is among what was read already. */
  const holds = (kind, call) => {
    for (let at = from; until - at >= HEADER; ) {
      if (apply(getUint8, new View(apply(memoryOf, bytes, [])), [at + 20]) === kind && numberAt(at + 21) === call) return true;
      at += 4 + numberAt(at);
    }
    return false;
  };
  return { next, nextAtOnce, isThere, holds };
};
