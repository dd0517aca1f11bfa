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
    const most = HEADER + WIDEST * said.length + (typeof body === 'string' ? WIDEST : 1) * body.length;
    const frame = most > KEPT ? new Bytes(most) : kept;
    const first = put(frame, said, HEADER);
    const from = HEADER + first;
    if (typeof body !== 'string') apply(set, frame, [body, from]);
    const until = from + (typeof body === 'string' ? put(frame, body, from) : body.length);
    const view = new View(frame.buffer);
    apply(setUint32, view, [0, until - 4]);
    apply(set, frame, [secret, 4]);
    apply(setUint8, view, [20, kind]);
    apply(setUint32, view, [21, call]);
    apply(setUint32, view, [25, first]);
    for (let at = 0; at < until; ) at += writeSync(apply(subarray, frame, [at, until]));
  };
  return { write, signed: (given) => (secret = given) };
};

/** Reads frames; `signed` is told the secret of the first. */
export const makeReader = (read, signed) => {
  let buffer = new Bytes(1 << 16);
  let from = 0;
  let until = 0;
  let known = false;

  const need = async (size) => {
    if (buffer.length - from < size) {
      const grown = buffer.length < size ? new Bytes(size) : buffer;
      apply(set, grown, [apply(subarray, buffer, [from, until]), 0]);
      until -= from;
      from = 0;
      buffer = grown;
    }
    while (until - from < size) {
      const count = await read(apply(subarray, buffer, [until]));
      if (count === null) return false;
      until += count;
    }
    return true;
  };

  const next = async () => {
    if (!(await need(4))) return undefined;
    const size = 4 + apply(getUint32, new View(buffer.buffer), [from]);
    if (!(await need(size))) return undefined;
    const view = new View(buffer.buffer, from, size);
    if (!known) signed(apply(slice, buffer, [from + 4, from + 20]));
    known = true;
    const middle = from + HEADER + apply(getUint32, view, [25]);
    const frame = {
      kind: apply(getUint8, view, [20]),
      call: apply(getUint32, view, [21]),
      head: parse(decode(apply(subarray, buffer, [from + HEADER, middle]))),
      body: decode(apply(subarray, buffer, [middle, from + size])),
    };
    from += size;
    if (from === until) from = until = 0;
    if (buffer.length > 1 << 20 && from === until) buffer = new Bytes(1 << 16);
    return frame;
  };

  /** Tells whether a frame of this kind and call is among what was read already. */
  const holds = (kind, call) => {
    for (let at = from; until - at >= HEADER; ) {
      const view = new View(buffer.buffer, at);
      if (apply(getUint8, view, [20]) === kind && apply(getUint32, view, [21]) === call) return true;
      at += 4 + apply(getUint32, view, [0]);
    }
    return false;
  };
  return { next, holds };
};
