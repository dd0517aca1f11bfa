// The console of a realm: every line goes to the server, with the module that wrote it, and no more than allowed.

const LEVELS = { debug: 'debug', trace: 'debug', log: 'info', info: 'info', dir: 'info', table: 'info', warn: 'warning', error: 'error', assert: 'error' };
const DEPTH = 3;
const MOST = 100;

const shown = (value, depth = 0) => {
  if (typeof value === 'string') return depth === 0 ? value : JSON.stringify(value);
  if (typeof value === 'function') return `[function ${value.name}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Error) return String(value.stack ?? value);
  if (depth >= DEPTH) return '…';
  if (Array.isArray(value)) return `[${value.slice(0, MOST).map((item) => shown(item, depth + 1)).join(', ')}]`;
  const entries = Object.entries(value).slice(0, MOST);
  return `{${entries.map(([key, item]) => `${key}: ${shown(item, depth + 1)}`).join(', ')}}`;
};

const written = (values) => {
  try {
    return values.slice(0, MOST).map((value) => shown(value)).join(' ');
  } catch {
    return 'something that cannot be shown';
  }
};

// `%s` and `%c` in a first string, as consoles have them; React writes its warnings so.
const formatted = (values) => {
  if (typeof values[0] !== 'string' || !values[0].includes('%')) return written(values);
  const rest = values.slice(1);
  const first = values[0].replace(/%([sdifoOc%])/g, (found, kind) => {
    if (kind === '%') return '%';
    if (rest.length === 0) return found;
    const value = rest.shift();
    return kind === 'c' ? '' : written([value]);
  });
  return written([first, ...rest]);
};

/** Makes a console. `send(level, text)` passes a line on. */
export const makeConsole = (send) => {
  const entries = Object.entries(LEVELS).map(([name, level]) => [name, (...values) => send(level, formatted(values))]);
  const made = Object.fromEntries(entries);
  made.assert = (holds, ...values) => holds || send('error', `Assertion failed: ${formatted(values)}`);
  for (const name of ['clear', 'count', 'countReset', 'group', 'groupCollapsed', 'groupEnd', 'time', 'timeEnd', 'timeLog', 'timeStamp']) made[name] = () => undefined;
  return made;
};
