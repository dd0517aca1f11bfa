// What went wrong, as the server is told it: a reason, a message, a stack with the names of modules.

const { stringify } = JSON;

export class Failure extends Error {
  // A question that no proxy and no copy of a module's can answer.
  #made = true;

  static made(value) {
    return typeof value === 'object' && value !== null && #made in value;
  }

  constructor(reason, message, { subject = '', hint = '' } = {}) {
    super(message);
    this.reason = reason;
    this.subject = subject;
    this.hint = hint;
  }
}

// Where a module that cannot be read is wrong; V8 writes it behind the message.
const PLACE = / at (?<url>hanse:\/\/[^\s]+):(?<line>\d+):(?<column>\d+)$/;
// V8 says this of a name that is not exported; it is no fault of the text.
const NOT_EXPORTED = /does not provide an export named/;

const text = (value) => {
  try {
    return typeof value === 'string' ? value : String(value);
  } catch {
    return 'something that cannot be written';
  }
};

// Reads the stack as V8 makes it, whatever a module has put in the place of its formatting.
const stackOf = (error) => {
  try {
    return typeof error.stack === 'string' ? error.stack : '';
  } catch {
    return '';
  }
};

// Of a buffer for which there is no room V8 says this, and nothing of memory.
const NO_ROOM = /^(?:Array buffer allocation failed|Invalid array buffer length)/;

const MOST = 16384;

/** Returns `{reason, message, stack, subject, hint}` of anything that was thrown; `names` writes URLs as module names. */
export const describe = (error, { names, loading = false }) => {
  if (Failure.made(error)) {
    const { reason, message, subject, hint } = error;
    return { reason, message, subject, hint, stack: '' };
  }
  if (typeof error !== 'object' || error === null) {
    return { reason: 'threw', message: text(error).slice(0, MOST), stack: '', subject: '', hint: '' };
  }
  let name = '';
  let message = '';
  try {
    name = text(error.name ?? 'Error');
    message = text(error.message ?? stringify(error));
  } catch {
    message = 'something that cannot be read';
  }
  let reason = 'threw';
  if (loading && name === 'SyntaxError') reason = NOT_EXPORTED.test(message) ? 'import' : 'syntax';
  if (name === 'RangeError' && NO_ROOM.test(message)) reason = 'memory';
  const place = PLACE.exec(message);
  const stack = names(stackOf(error));
  const at = place && reason !== 'threw' ? `\n    at ${names(`${place.groups.url}:${place.groups.line}:${place.groups.column}`)}` : '';
  const said = names(message).slice(0, MOST);
  return {
    reason,
    message: said.startsWith(name) ? said : `${name}: ${said}`,
    stack: (stack + (stack.includes(at) ? '' : at)).slice(0, MOST),
    subject: '',
    hint: reason === 'memory' ? 'let it use less, or allow the engine more memory' : '',
  };
};
