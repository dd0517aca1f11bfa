// `console`: what it is given becomes one line of text for Python's logging.

import { Own, define, defineProperty, host, indexOf, isArray, mapHas, mapSet, mapDelete, ownKeys, slice } from "hanse:quickjs-own.js";

const LINE = 8192;
const DEPTH = 3;
const ITEMS = 50;

function show(value, depth, seen) {
  if (typeof value === "string") return depth === 0 ? value : `"${slice(value, 0, 200)}"`;
  if (typeof value === "symbol" || typeof value === "bigint" || typeof value === "undefined") return Own.String(value);
  if (typeof value === "function") return "[Function]";
  if (typeof value !== "object" || value === null) return `${value}`;
  if (value instanceof Own.Error) return `${value.name}: ${value.message}\n${value.stack}`;
  if (depth >= DEPTH || mapHas(seen, value)) return isArray(value) ? "[…]" : "{…}";
  mapSet(seen, value, true);
  let text = "";
  let count = 0;
  const names = isArray(value) ? null : ownKeys(value);
  const length = names === null ? value.length : names.length;
  for (let at = 0; at < length && count < ITEMS && text.length < LINE; at += 1, count += 1) {
    const name = names === null ? at : names[at];
    const item = show(value[name], depth + 1, seen);
    text += (count ? ", " : "") + (names === null ? item : `${Own.String(name)}: ${item}`);
  }
  if (length > count) text += ", …";
  mapDelete(seen, value);
  return names === null ? `[${text}]` : `{${text}}`;
}

function line(values) {
  let text = "";
  for (let at = 0; at < values.length; at += 1) {
    try {
      text += (at ? " " : "") + show(values[at], 0, new Own.Map());
    } catch {
      text += "[cannot be shown]";
    }
    if (text.length > LINE) return `${slice(text, 0, LINE)}…`;
  }
  return text;
}

// `%s` and `%c` in a first string, as consoles have them; React writes its warnings so.
function formatted(values) {
  const given = values[0];
  if (typeof given !== "string" || indexOf(given, "%") < 0) return line(values);
  let text = "";
  let at = 0;
  let used = 1;
  for (;;) {
    const next = indexOf(given, "%", at);
    if (next < 0 || next + 1 >= given.length) break;
    const kind = slice(given, next + 1, next + 2);
    text += slice(given, at, next);
    at = next + 2;
    if (kind === "%") text += "%";
    else if (indexOf("sdifoOc", kind) < 0 || used >= values.length) text += `%${kind}`;
    else {
      if (kind !== "c") text += line([values[used]]);
      used += 1;
    }
  }
  const rest = [text + slice(given, at)];
  for (; used < values.length; used += 1) defineProperty(rest, rest.length, { value: values[used] });
  return line(rest);
}

// Whose line it is can be seen on the stack, unless its module has other plans: it is for logs alone.
function stackOf() {
  try {
    const { stack } = new Own.Error();
    return typeof stack === "string" ? slice(stack, 0, LINE) : "";
  } catch {
    return "";
  }
}

let full = false;
const say = (level) => (...values) => {
  // Python says when it takes no more: what is dropped need not be written first.
  if (!full) full = host.log(level, formatted(values), stackOf()) === "full";
};

const console = {};
for (const [name, level] of [
  ["debug", "debug"], ["trace", "debug"], ["log", "info"], ["info", "info"], ["dir", "info"], ["table", "info"],
  ["group", "info"], ["warn", "warning"], ["error", "error"],
]) {
  define(console, name, say(level));
}
define(console, "assert", (held, ...values) => held || say("error")("Assertion failed:", ...values));
for (const name of ["groupEnd", "groupCollapsed", "time", "timeEnd", "timeLog", "count", "countReset", "clear"]) {
  define(console, name, () => undefined);
}
define(globalThis, "console", console);
