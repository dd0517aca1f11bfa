// Runs cases of sharing on Module Federation's own runtime: one case a line in, what it did a line out.
// Usage: node sharing_peer.mjs FOLDER, where FOLDER has the node_modules with the runtime.

import path from "node:path";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const runtime = path.resolve(process.argv[2], "node_modules/@module-federation/runtime/dist/index.js");
const { createInstance } = await import(pathToFileURL(runtime).href);

const UNDEFINED = "__undefined__";
const revive = (value) => (value === UNDEFINED ? undefined : value);
const firstLine = (error) => String(error?.message ?? error).split("\n")[0];
const codeOf = (message) => /#(RUNTIME-\d{3})/.exec(message)?.[1];

const state = {};

function reset() {
  const f = globalThis.__FEDERATION__;
  f.__INSTANCES__.length = 0;
  f.__SHARE__ = {};
  f.moduleInfo = {};
  const loading = globalThis.__GLOBAL_LOADING_REMOTE_ENTRY__;
  for (const key of Object.keys(loading)) delete loading[key];
}

function labelled(fn, label) {
  Object.defineProperty(fn, "label", { value: label });
  return fn;
}

function factoryOf(owner, pkg, version = null) {
  const value = { provider: owner, pkg, version };
  return labelled(() => value, `${owner}:${pkg}@${version}`);
}

function getterOf(owner, entry) {
  const { version = null } = entry;
  const label = `${owner}:${entry.pkg}@${version}`;
  const factory = factoryOf(owner, entry.pkg, version);
  if (entry.provide === "sync") return labelled(() => factory, label);
  if (entry.provide === "reject") return labelled(async () => { throw new Error(`get failed ${label}`); }, label);
  return labelled(async () => {
    for (let tick = 0; tick < (entry.ticks ?? 0); tick += 1) await null;
    return factory;
  }, label);
}

function sharedOf(owner, list) {
  const shared = {};
  for (const entry of list ?? []) {
    const share = {};
    if ("version" in entry) share.version = entry.version;
    const config = {};
    for (const key of ["requiredVersion", "singleton", "strictVersion", "eager", "layer"]) if (key in entry) config[key] = revive(entry[key]);
    share.shareConfig = config;
    if ("scope" in entry) share.scope = entry.scope;
    if ("strategy" in entry) share.strategy = entry.strategy;
    if ("eagerTop" in entry) share.eager = entry.eagerTop;
    if (entry.treeShaking) {
      share.treeShaking = { ...entry.treeShaking, get: getterOf(`${owner}#ts`, { ...entry, provide: "async" }) };
    }
    if (entry.provide === "lib") share.lib = factoryOf(owner, entry.pkg, entry.version);
    else if (entry.provide !== "none") share.get = getterOf(owner, entry);
    (shared[entry.pkg] ??= []).push(share);
  }
  return shared;
}

function customOf(custom) {
  if (!custom) return undefined;
  const info = {};
  for (const [key, value] of Object.entries(custom)) {
    if (["requiredVersion", "singleton", "strictVersion", "layer", "eager"].includes(key)) (info.shareConfig ??= {})[key] = revive(value);
    else info[key] = value;
  }
  return info;
}

const labelOf = (shared) => shared?.get?.label ?? shared?.lib?.label ?? null;

function recorder(name, replacements) {
  const note = (event) => state.events.push({ at: name, ...event });
  return {
    name: "recorder",
    beforeRegisterShare(args) { note({ ev: "beforeRegisterShare", pkg: args.pkgName, version: args.shared.version }); return args; },
    afterRegisterShare(args) { note({ ev: "afterRegisterShare", pkg: args.pkgName, scope: args.scope, version: args.shared.version, prev: args.previousShared?.from ?? null, now: args.registeredShared?.from ?? null, trigger: args.trigger }); },
    beforeInitContainer(args) { note({ ev: "beforeInitContainer", remote: args.remoteInfo.name, keys: args.remoteEntryInitOptions.shareScopeKeys, tokens: args.initScope.map((t) => t.from) }); return args; },
    initContainer(args) { note({ ev: "initContainer", remote: args.remoteInfo.name }); return args; },
    initContainerShareScopeMap(args) { note({ ev: "initContainerShareScopeMap", scope: args.scopeName }); return args; },
    beforeLoadShare(args) { note({ ev: "beforeLoadShare", pkg: args.pkgName }); return args; },
    resolveShare(args) {
      note({ ev: "resolveShare", pkg: args.pkgName, scope: args.scope, version: args.version });
      const found = replacements?.find((r) => r.pkg === args.pkgName);
      if (found) {
        const shared = args.shareScopeMap[args.scope]?.[args.pkgName]?.[found.version];
        if (shared) args.resolver = () => ({ shared, useTreesShaking: false });
      }
      return args;
    },
    afterLoadShare(args) { note({ ev: "afterLoadShare", pkg: args.pkgName, lifecycle: args.lifecycle, selected: { from: args.selectedShared.from, version: args.selectedShared.version, get: labelOf(args.selectedShared) } }); },
    errorLoadShare(args) { note({ ev: "errorLoadShare", pkg: args.pkgName, lifecycle: args.lifecycle, recovered: Boolean(args.recovered), error: args.error ? firstLine(args.error) : null }); },
    loadEntry(args) { return entryOf(args.remoteInfo.name); },
  };
}

function remotesOf(list) {
  return (list ?? []).map((remote) => ({ name: remote.name, entry: `http://peer.invalid/${remote.name}.js`, ...(remote.shareScope ? { shareScope: remote.shareScope } : {}) }));
}

function create(config) {
  const options = {
    name: config.name,
    remotes: remotesOf(config.remotes),
    shared: sharedOf(config.name, config.shared),
    plugins: [recorder(config.name, config.resolveShare)],
  };
  if (config.shareStrategy) options.shareStrategy = config.shareStrategy;
  const instance = createInstance(options);
  state.instances.set(config.name, instance);
  return instance;
}

function entryOf(name) {
  const config = state.configs.get(name);
  if (!config || config.entry === "missing") throw new Error(`entry missing: ${name}`);
  if (state.containers.has(name)) return state.containers.get(name);
  const container = {};
  if (config.entry !== "noinit") container.init = initOf(config);
  container.get = getOf(config);
  state.containers.set(name, container);
  return container;
}

function getOf(config) {
  return (mod) => {
    if (config.noExpose) return undefined;
    return Promise.resolve(() => ({ remote: config.name, mod }));
  };
}

function initOf(config) {
  const tokens = {};
  const promises = {};
  const start = (instance, key, initScope) => {
    const token = (tokens[key] ??= { from: instance.name });
    if (initScope.includes(token)) return undefined;
    initScope.push(token);
    if (promises[key]) return promises[key];
    const started = instance.initializeSharing(key, { strategy: instance.options.shareStrategy, initScope, from: "build" });
    if (!started.length) return (promises[key] = true);
    return (promises[key] = Promise.all(started).then(() => (promises[key] = true)));
  };
  return (shareScope, initScope, given) => {
    state.events.push({ at: config.name, ev: "container.init", tokens: initScope.map((t) => t.from), keys: given.shareScopeKeys });
    if (config.entry === "initfail") throw new Error(`init failed: ${config.name}`);
    const instance = state.instances.get(config.name) ?? create(config);
    instance.initOptions({ name: config.name, remotes: [], ...given });
    const hostKeys = given.shareScopeKeys;
    const hostMap = given.shareScopeMap;
    const extra = { hostShareScopeMap: hostMap || {} };
    const own = config.shareScopeKey;
    if (!Array.isArray(own)) {
      if (Array.isArray(hostKeys)) hostKeys.forEach((key) => instance.initShareScopeMap(key, (hostMap[key] ??= {}), extra));
      else instance.initShareScopeMap(own || "default", shareScope, extra);
    } else {
      own.forEach((key) => {
        if (!hostKeys || !hostMap) instance.initShareScopeMap(key, shareScope, extra);
        else instance.initShareScopeMap(key, (hostMap[key] ??= {}), extra);
      });
    }
    const keys = Array.isArray(own) ? own : [own || "default"];
    return Promise.all(keys.map((key) => start(instance, key, initScope))).then(() => true);
  };
}

const resolvers = { first: (list) => list[0], last: (list) => list[list.length - 1] };

async function perform(op, outcome) {
  if (op.op === "parallel") {
    outcome.results = await Promise.all(op.ops.map(run));
    return;
  }
  const instance = state.instances.get(op.in);
  if (!instance) throw new Error(`peer: instance ${op.in} not created`);
  const extra = {};
  const custom = customOf(op.custom);
  if (custom) extra.customShareInfo = custom;
  if (op.resolver) extra.resolver = resolvers[op.resolver];
  if (op.from) extra.from = op.from;
  if (op.op === "loadShare") {
    const factory = await instance.loadShare(op.pkg, extra);
    outcome.result = factory ? factory() : factory;
  } else if (op.op === "loadShareSync") {
    const factory = instance.loadShareSync(op.pkg, extra);
    outcome.result = factory ? factory() : factory;
  } else if (op.op === "loadRemote") {
    outcome.result = await instance.loadRemote(op.id);
    outcome.id = op.id;
  } else if (op.op === "registerShared") {
    instance.registerShared(sharedOf(op.in, op.shared));
    outcome.result = "ok";
  } else if (op.op === "registerRemotes") {
    instance.registerRemotes(remotesOf(op.remotes), op.force ? { force: true } : undefined);
    outcome.result = "ok";
  }
}

function begin(op) {
  const outcome = { op: op.op };
  if (op.in !== undefined) outcome.in = op.in;
  if (op.pkg !== undefined) outcome.pkg = op.pkg;
  return outcome;
}

// Remotes can wait for each other for ever; then the next operation begins all the same.
async function runToEnd(op) {
  const stuck = { ...begin(op), error: "never settled", errorType: "Pending" };
  return Promise.race([run(op), settle().then(() => stuck)]);
}

async function run(op) {
  const outcome = begin(op);
  try {
    await perform(op, outcome);
  } catch (error) {
    outcome.error = firstLine(error);
    outcome.errorType = error?.constructor?.name ?? typeof error;
    const code = codeOf(outcome.error);
    if (code) outcome.code = code;
  }
  return outcome;
}

function describe(key, shared) {
  const plain = (v) => (v === undefined ? UNDEFINED : v);
  const out = {
    key, from: shared.from, get: shared.get?.label ?? null, lib: shared.lib?.label ?? null,
    loaded: shared.loaded ?? null, loading: Boolean(shared.loading), useIn: shared.useIn ?? [], scope: shared.scope,
    strategy: shared.strategy, shareConfig: Object.fromEntries(Object.entries(shared.shareConfig ?? {}).map(([k, v]) => [k, plain(v)])),
  };
  if (shared.treeShaking) {
    const t = shared.treeShaking;
    out.treeShaking = { status: t.status, mode: t.mode, loaded: Boolean(t.loaded), useIn: t.useIn, usedExports: t.usedExports ?? null };
  }
  return out;
}

function maps() {
  const out = {};
  const seen = new Map();
  for (const [name, instance] of state.instances) {
    out[name] = {};
    for (const [scope, packages] of Object.entries(instance.shareScopeMap)) {
      if (seen.has(packages)) { out[name][scope] = { sameAs: seen.get(packages) }; continue; }
      seen.set(packages, `${name}/${scope}`);
      out[name][scope] = Object.fromEntries(Object.entries(packages).map(([pkg, versions]) => [pkg, Object.entries(versions).map(([k, v]) => describe(k, v))]));
    }
  }
  return out;
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

async function replay(testcase) {
  reset();
  Object.assign(state, { events: [], log: [], rejections: [], instances: new Map(), containers: new Map(), configs: new Map() });
  for (const c of [...testcase.hosts, ...(testcase.remotes ?? [])]) state.configs.set(c.name, c);
  for (const host of testcase.hosts) create(host);
  const outcomes = [];
  for (const op of testcase.ops) {
    outcomes.push(await runToEnd(op));
    // What an operation set off is over before the next one begins.
    await settle();
  }
  await settle();
  await settle();
  return { id: testcase.id, outcomes, shareScopeMap: maps(), log: state.log, unhandledRejections: state.rejections, events: state.events };
}

process.on("unhandledRejection", (error) => state.rejections?.push(firstLine(error)));
for (const level of ["log", "info", "warn", "error", "debug"]) {
  console[level] = (...args) => state.log?.push({ level, msg: args.map((a) => a?.message ?? String(a)).join(" ") });
}

for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (!line.trim()) continue;
  let answer;
  try { answer = await replay(JSON.parse(line)); } catch (error) { answer = { id: null, error: String(error?.stack ?? error) }; }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
