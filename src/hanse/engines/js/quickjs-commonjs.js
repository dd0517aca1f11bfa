// CommonJS: modules that are function bodies, and the container scripts of Module Federation.

import {
  Own, Refusal, apply, bare, define, defineProperty, host, isOwn, mapDelete, mapGet, mapHas, mapSet, ownKeys, parse,
} from "hanse:quickjs-own.js";

const modules = new Own.Map();
const namespaces = new Own.Map();
const documents = new Own.Map();
const containers = new Own.Map();
const exposes = new Own.Map();
const values = new Own.Map();
const scopes = new Own.Map();

// Called by the module that is made around a CommonJS one, for the ES modules that it may require.
export const remember = (name, namespace) => mapSet(namespaces, name, namespace);

export function evaluate(name) {
  const known = mapGet(modules, name);
  if (known !== undefined) return known.exports;
  const module = { exports: {}, id: name, filename: name, loaded: false };
  mapSet(modules, name, module);
  try {
    run(module, host.compile(name), name, (specifier) => require(name, specifier));
  } catch (error) {
    mapDelete(modules, name);
    throw error;
  }
  module.loaded = true;
  return module.exports;
}

export function document(name) {
  if (!mapHas(documents, name)) mapSet(documents, name, parse(host.text(name)));
  return mapGet(documents, name);
}

export function exposed(name, container, key) {
  if (!mapHas(exposes, name)) mapSet(exposes, name, expose(name, container, key));
  return mapGet(exposes, name);
}

async function expose(name, remote, key) {
  const container = await open(remote);
  const factory = await container.get(key);
  const value = await factory();
  mapSet(values, name, value);
  return value;
}

function run(module, body, name, require, fetch) {
  const file = `/${name}`;
  apply(body, module.exports, [module.exports, require, module, file, folderOf(file), globalThis, fetch]);
}

// Bundlers write `__esModule` for modules that were ES modules once, and their `default` is meant then.
export function defaultOf(value) {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return value;
  const typed = value.__esModule || value[Own.Symbol.toStringTag] === "Module";
  return typed && "default" in value ? value.default : value;
}

function require(importer, specifier) {
  const found = parse(host.require(importer, `${specifier}`));
  if (found.kind === "cjs") return evaluate(found.plain);
  if (found.kind === "json") return document(found.plain);
  const known = found.kind === "exposed" ? values : namespaces;
  if (mapHas(known, found.name)) return mapGet(known, found.name);
  throw new Own.Error(`${importer} requires ${specifier} by a name that its text does not show: it has not been evaluated`);
}

const folderOf = (name) => {
  const parts = `${name}`.split("/");
  return parts.slice(0, -1).join("/") || (`${name}`.startsWith("/") ? "/" : ".");
};

// --- Containers

function open(remote) {
  if (!mapHas(containers, remote)) mapSet(containers, remote, start(remote));
  return mapGet(containers, remote);
}

async function start(remote) {
  const { ready, ...source } = parse(host.container(remote));
  // What a build leaves to its host it requires in the middle of things: all that it may ask for is made ready.
  for (const one of ready) await makeReady(one);
  const container = source.bundled ? runBundle(remote, source) : await runModule(source);
  await container.init(shareScope(source.scope), []);
  return container;
}

async function makeReady({ name, kind, container, key }) {
  if (kind === "exposed") await exposed(name, container, key);
  else if (kind === "esm") remember(name, await import(name));
  else if (kind === "cjs") await import(name);
}

function runBundle(remote, { script, globalName }) {
  const module = { exports: {}, id: script, filename: script, loaded: false };
  run(module, host.compile(script, globalName), script, containerRequire(remote, script), fetcher(remote));
  const { exports } = module;
  return pick([exports?.[globalName], exports, module.found, globalThis[globalName]], () =>
    new Refusal("missing", `${script} leaves no container ${globalName} with get and init`));
}

// A delegate: a module that exports a container or a promise of one.
async function runModule({ script, globalName, name }) {
  const namespace = await import(name);
  return pick([await namespace.default, namespace[globalName], namespace], () =>
    new Refusal("missing", `${script} exports no promise of a container with get and init`));
}

const announced = new Own.Map();

function pick(candidates, missing) {
  for (const one of candidates) {
    if (typeof one?.get === "function" && typeof one.init === "function" && !mapHas(announced, one)) return one;
  }
  throw missing();
}

// Puts each container onto the global object: bundles that consume it look there before they ask the network.
export function announce() {
  for (const { remote, globalName } of parse(host.containers())) {
    if (globalName in globalThis) continue;
    const container = {
      init: async (...values) => (await open(remote)).init(...values),
      get: async (key) => (await open(remote)).get(key),
    };
    mapSet(announced, container, true);
    define(globalThis, globalName, container);
  }
}

// The share scope, as Module Federation's runtime has it: the same object for every container that names it.
function shareScope(name) {
  if (mapHas(scopes, name)) return mapGet(scopes, name);
  const scope = {};
  mapSet(scopes, name, scope);
  for (const copy of parse(host.shared(name))) {
    if (!isOwn(scope, copy.package)) put(scope, copy.package, {});
    put(scope[copy.package], copy.version, shareEntry(copy, name));
  }
  return scope;
}

const put = (holder, name, value) =>
  defineProperty(holder, name, { value, writable: true, enumerable: true, configurable: true });

function shareEntry(copy, scope) {
  const config = { singleton: copy.singleton, requiredVersion: "*", strictVersion: false, eager: false };
  return {
    version: copy.version, from: copy.provider, scope: [scope], useIn: [], deps: [], loaded: true, eager: false,
    strategy: "version-first", shareConfig: copy.layer === null ? config : { ...config, layer: copy.layer },
    get: async () => {
      const namespace = await import(copy.name);
      const value = shareable(copy.name, copy.kind === "cjs" ? evaluate(copy.plain) : namespace);
      return () => value;
    },
  };
}

// Bundlers take an object without `__esModule` for a CommonJS module, whose `default` would be itself.
const shareables = new Own.Map();

function shareable(name, value) {
  if (value?.[Own.Symbol.toStringTag] !== "Module" || !("default" in value)) return value;
  if (!mapHas(shareables, name)) {
    const made = {};
    define(made, "__esModule", true);
    for (const key of ownKeys(value)) if (typeof key === "string") put(made, key, value[key]);
    mapSet(shareables, name, made);
  }
  return mapGet(shareables, name);
}

function containerRequire(remote, script) {
  const shims = bare({ path: paths, fs: files(remote), vm: programs(remote), process: globalThis.process });
  return (specifier) => {
    const name = `${specifier}`.replace(/^node:/, "");
    return isOwn(shims, name) ? shims[name] : shareable(name, require(script, specifier));
  };
}

function fetcher(remote) {
  return async (asked) => {
    const text = parse(host.file(remote, `${asked?.url ?? asked}`));
    const found = text !== null;
    return {
      ok: found, status: found ? 200 : 404, headers: new Own.Map(),
      text: async () => text ?? "not found",
      json: async () => parse(text ?? "null"),
    };
  };
}

function normalize(path) {
  const kept = [];
  for (const part of path.split("/")) {
    if (part === ".." && kept.length && kept[kept.length - 1] !== "..") kept.pop();
    else if (part !== "" && part !== ".") kept.push(part);
  }
  return (path.startsWith("/") ? "/" : "") + kept.join("/") || ".";
}

const paths = {
  sep: "/",
  normalize,
  join: (...parts) => normalize(parts.filter((part) => part !== "").join("/") || "."),
  resolve: (...parts) => parts.reduce((path, part) => (part.startsWith("/") ? normalize(part) : normalize(`${path}/${part}`)), "."),
  dirname: (path) => folderOf(normalize(path)),
  basename: (path, end = "") => {
    const name = normalize(path).split("/").pop();
    return end && name.endsWith(end) ? name.slice(0, -end.length) : name;
  },
  extname: (path) => /\.[^./]*$/.exec(path.replace(/^\./, ""))?.[0] ?? "",
};
paths.posix = paths;

function files(remote) {
  const read = (path) => {
    const found = parse(host.file(remote, `${path}`));
    if (found !== null) return found;
    const error = new Own.Error(`ENOENT: no such file, open '${path}'`);
    put(error, "code", "ENOENT");
    throw error;
  };
  return {
    existsSync: (path) => parse(host.exists(remote, `${path}`)),
    readFileSync: (path) => read(path),
    readFile: (path, ...rest) => {
      const answer = rest[rest.length - 1];
      queueMicrotask(() => {
        let text;
        try {
          text = read(path);
        } catch (error) {
          return answer(error);
        }
        return answer(null, text);
      });
    },
    promises: { readFile: async (path) => read(path) },
  };
}

function programs(remote) {
  const runInThisContext = (text, options) => {
    const name = typeof options === "string" ? options : options?.filename;
    return host.script(remote, `${text}`, name === undefined ? "" : `${name}`);
  };
  class Script {
    constructor(text, options) {
      this.runInThisContext = () => runInThisContext(text, options);
    }
  }
  return { runInThisContext, Script, constants: {} };
}
