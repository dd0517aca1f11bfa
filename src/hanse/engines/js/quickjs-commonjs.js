// CommonJS: modules that are function bodies, and the container scripts of Module Federation.

import {
  Own, apply, bare, defineProperty, host, isOwn, mapDelete, mapGet, mapHas, mapSet, ownKeys, parse,
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
    run(module, name, folderOf(name), (specifier) => require(name, specifier));
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

function run(module, name, folder, require) {
  apply(host.compile(name), module.exports, [module.exports, require, module, name, folder]);
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
  return parts.slice(0, -1).join("/") || ".";
};

// --- Containers

function open(remote) {
  if (!mapHas(containers, remote)) mapSet(containers, remote, start(remote));
  return mapGet(containers, remote);
}

async function start(remote) {
  const { script, globalName, base, scope, module: own } = parse(host.container(remote));
  if (own !== null) {
    const connected = await connect(own, script);
    await connected.init(shareScope(scope), []);
    return connected;
  }
  const module = { exports: {}, id: script, filename: script, loaded: false };
  run(module, script, base.replace(/\/$/, "") || ".", containerRequire(remote, script));
  const container = pick(module.exports, globalName);
  await container.init(shareScope(scope), []);
  return container;
}

// A delegate is a module like any other, that exports a container or a promise of one.
async function connect(name, script) {
  const namespace = await import(name);
  for (const candidate of [await namespace.default, namespace]) {
    if (typeof candidate?.get === "function" && typeof candidate.init === "function") return candidate;
  }
  throw new Own.Error(`${script} exports no promise of a container with get and init`);
}

function pick(exports, name) {
  for (const holder of [exports, globalThis]) {
    if (holder !== null && typeof holder === "object" && isOwn(holder, name)) return holder[name];
  }
  if (typeof exports?.get === "function") return exports;
  throw new Own.Error(`the container script gives no ${name}`);
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
  const config = { singleton: copy.singleton, requiredVersion: `^${copy.version}`, strictVersion: false, eager: false };
  const entry = {
    version: copy.version, from: copy.provider, scope: [scope], useIn: [], deps: [], loaded: false, loading: null,
    strategy: "version-first", shareConfig: copy.layer === null ? config : { ...config, layer: copy.layer },
    get: async () => {
      const value = await load(copy.name, copy.kind);
      entry.lib = () => value;
      entry.loaded = true;
      return entry.lib;
    },
  };
  return entry;
}

async function load(name, kind) {
  const namespace = await import(name);
  if (kind === "cjs") return namespace.default;
  const names = ownKeys(namespace).filter((one) => typeof one === "string");
  // A bundle of a CommonJS package has its exports on `default`, where consumers do not look for them.
  return names.length === 1 && names[0] === "default" ? namespace.default : namespace;
}

function containerRequire(remote, script) {
  const shims = bare({ path: paths, fs: files(remote), vm: programs(remote), process: globalThis.process });
  return (specifier) => (isOwn(shims, specifier) ? shims[specifier] : require(script, specifier));
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
    const found = parse(host.file(remote, normalize(`${path}`)));
    if (found !== null) return found;
    const error = new Own.Error(`ENOENT: no such file, open '${path}'`);
    put(error, "code", "ENOENT");
    throw error;
  };
  return {
    existsSync: (path) => parse(host.exists(remote, normalize(`${path}`))),
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
  return { runInThisContext, Script };
}
