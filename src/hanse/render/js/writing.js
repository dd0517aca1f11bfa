// HTML as UTF-8, written in place, byte by byte: neither a string is made of it, nor a new array for each page.

const ENTITIES = { '"': '&quot;', '&': '&amp;', "'": '&#x27;', '<': '&lt;', '>': '&gt;' };
const UNSAFE = /["&'<>]/;
// What a longer text has is found faster by the engine than letter by letter.
const LONG = 256;
// The longest that becomes of one letter, in bytes: an entity, or a letter that is none of Europe's.
const WIDEST_ENTITY = 6;
const WIDEST = 3;
// Bytes to begin with; what a larger page needed is not kept, and not more pages than are usually under way.
const FIRST = 1 << 16;
const KEPT = 1 << 18;
const SPARES = 4;

const Bytes = Uint8Array;
const encoder = new TextEncoder();
const plain = (text) => (UNSAFE.test(text) ? text.replace(/["&'<>]/g, (found) => ENTITIES[found]) : text);

/** Returns a piece of HTML as `put` takes it. */
export const encode = (html) => encoder.encode(html);

const ENCODED = [];
for (const [letter, entity] of Object.entries(ENTITIES)) ENCODED[letter.charCodeAt(0)] = encode(entity);

/** Makes a place to write to; one page at a time is written. */
export const makeWriter = () => {
  const spares = [];
  let page = new Bytes(0);
  let at = 0;

  const grow = (more) => {
    const larger = new Bytes(Math.max(2 * page.length, at + more));
    larger.set(page.subarray(0, at));
    page = larger;
  };

  /** Writes a piece that is encoded. */
  const put = (piece) => {
    const size = piece.length;
    if (at + size > page.length) grow(size);
    const place = page;
    const from = at;
    // Most have ten or twenty bytes: to have them copied by the engine takes longer.
    for (let index = 0; index < size; index += 1) place[from + index] = piece[index];
    at = from + size;
  };

  /** Writes HTML. */
  const raw = (html) => {
    if (at + WIDEST * html.length > page.length) grow(WIDEST * html.length);
    at += encoder.encodeInto(html, page.subarray(at)).written;
  };

  /** Writes text, with entities where it needs them. */
  const text = (written) => {
    const size = written.length;
    if (size > LONG) return raw(plain(written));
    if (at + WIDEST_ENTITY * size > page.length) grow(WIDEST_ENTITY * size);
    const place = page;
    let to = at;
    for (let index = 0; index < size; index += 1) {
      const code = written.charCodeAt(index);
      if (code > 62 ? code < 128 : code !== 34 && code !== 38 && code !== 39 && code !== 60 && code !== 62) place[to++] = code;
      else if (code < 63) {
        const entity = ENCODED[code];
        for (let letter = 0; letter < entity.length; letter += 1) place[to++] = entity[letter];
      } else if (code < 2048) {
        place[to++] = 192 | (code >> 6);
        place[to++] = 128 | (code & 63);
      } else {
        at = to;
        return raw(plain(written.slice(index)));
      }
    }
    at = to;
  };

  /** Takes back what `work` writes, and returns it as a piece. */
  const taken = (work) => {
    const from = at;
    work();
    const piece = page.slice(from, at);
    at = from;
    return piece;
  };

  /** Puts pieces before all that is written. */
  const lead = (pieces) => {
    const more = pieces.reduce((size, piece) => size + piece.length, 0);
    if (at + more > page.length) grow(more);
    page.copyWithin(more, 0, at);
    const end = at + more;
    at = 0;
    pieces.forEach(put);
    at = end;
  };

  const begin = () => {
    page = spares.pop() ?? new Bytes(FIRST);
    at = 0;
  };

  /** Gives a page back when it has been read: it is written over. */
  const release = (bytes) => {
    if (bytes.buffer.byteLength <= KEPT && spares.length < SPARES) spares.push(new Bytes(bytes.buffer));
  };

  /** Returns the bytes of the page, which belong to whoever asked for it. */
  const finish = () => page.subarray(0, at);

  return { put, raw, text, taken, lead, begin, finish, release };
};
