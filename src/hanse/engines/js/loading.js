// Loads modules of all formats: ES modules by the engine's own loader, the rest before whoever imports it.

import { Failure } from './failing.js';

const { parse, stringify } = JSON;

// What CommonJS modules find where they look for Node: they are told that this is production, and no more.
export const makeProcess = () => ({ env: { NODE_ENV: 'production' }, argv: [], versions: {}, platform: 'hanse', cwd: () => '/', nextTick: queueMicrotask });

/**
 * `host.importModule(url)` imports natively; `host.compile(text, parameters, url)` makes a function of a body;
 * `containers(remote)` gives what loads a container's exposed modules.
 */
export const makeLoader = ({ table, usage, host, containers }) => {
  const loads = new Map();
  const namespaces = new Map();
  const prepared = new Set();
  const held = new Map();
  const commonjs = new Map();
  const exposures = new Map();
  const fakeProcess = makeProcess();

  // What was evaluated before this generation came is linked already; who uses what is noted all the same.
  for (const node of table.known.keys()) {
    prepared.add(node);
    for (const specifier of table.modules.get(node).imports) usage.join(node, table.resolve(node, specifier));
  }

  const isScript = (node) => table.modules.get(node)?.format === 'cjs';

  /** Evaluates a container's exposed module, once. */
  const expose = (node) => {
    let promise = exposures.get(node);
    if (promise === undefined) {
      const { container, key } = table.exposed.get(node);
      promise = containers.load(container, key, node).then((exports) => {
        held.set(node, exports);
        return exports;
      });
      exposures.set(node, promise);
      promise.catch(() => exposures.delete(node));
    }
    return promise;
  };

  /** Makes ready what a node imports statically: all that is no ES module has to be evaluated before it is linked. */
  const prepare = async (start, ancestors) => {
    const seen = new Set();
    const visit = async (node) => {
      if (seen.has(node) || prepared.has(node)) return;
      seen.add(node);
      if (table.exposed.has(node)) return void (await expose(node));
      const module = table.modules.get(node);
      if (module.format === 'cjs') return void (await prepareScript(node, module, ancestors, visit));
      for (const specifier of module.imports) {
        const target = table.resolve(node, specifier);
        usage.join(node, target);
        await visit(target);
      }
    };
    await visit(start);
    for (const node of seen) prepared.add(node);
  };

  // What it may require is made ready; whether it does, and whether that is an error, is seen when it does.
  const prepareScript = async (node, module, ancestors, visit) => {
    for (const specifier of module.imports) {
      const target = table.find(node, specifier);
      if (target === undefined || ancestors.has(target)) continue;
      if (isScript(target)) await visit(target);
      else await load(target, new Set([...ancestors, node])).catch(() => undefined);
    }
    evaluate(node);
  };

  const requireFrom = (record) => {
    const require = (specifier) => {
      const target = table.resolve(record.node, String(specifier));
      if (record.done) usage.use(target);
      else usage.join(record.node, target);
      return required(target, record.node);
    };
    return require;
  };

  const required = (target, node) => {
    if (isScript(target)) return evaluate(target).exports;
    if (table.modules.get(target)?.format === 'json') return jsonOf(target);
    if (namespaces.has(target)) return usage.watched(target, namespaces.get(target));
    throw new Failure('import', `${node} requires ${target}, which could not be loaded before it`, {
      subject: node,
      hint: 'an ES module can be required by a literal name only; use import() for names that are computed',
    });
  };

  /** Runs a CommonJS module, once; whoever asks in the middle of it gets what is there so far. */
  const evaluate = (node) => {
    let record = commonjs.get(node);
    if (record !== undefined) return record;
    const source = table.modules.get(node);
    record = { node, exports: {}, done: false };
    commonjs.set(node, record);
    const module = { id: node, get exports() { return record.exports; }, set exports(value) { record.exports = value; } };
    const folder = `/${node.split('/').slice(0, -1).join('/')}`;
    try {
      const run = host.compile(source.text, ['exports', 'require', 'module', '__filename', '__dirname', 'process', 'global', source.dynamic], table.urlOf(node));
      Reflect.apply(run, record.exports, [record.exports, requireFrom(record), module, `/${node}`, folder, fakeProcess, globalThis, importFrom(node)]);
    } catch (error) {
      commonjs.delete(node);
      throw error;
    }
    record.done = true;
    held.set(node, record.exports);
    return record;
  };

  const jsonOf = (node) => {
    if (!held.has(node)) held.set(node, parse(table.modules.get(node).text));
    return held.get(node);
  };

  const loadAnew = async (node, ancestors) => {
    await prepare(node, ancestors);
    const namespace = table.exposed.has(node) ? held.get(node) : await host.importModule(table.urlOf(node));
    namespaces.set(node, namespace);
    return namespace;
  };

  /** Loads a node; gives its namespace, always the same. */
  const load = (node, ancestors = new Set()) => {
    let promise = loads.get(node);
    if (promise === undefined) {
      promise = loadAnew(node, ancestors);
      loads.set(node, promise);
      promise.catch(() => loads.delete(node));
    }
    return promise;
  };

  /** Returns what stands for `import()` in a module. */
  const importFrom = (node) => async (specifier) => {
    const target = table.resolve(node, String(specifier));
    const namespace = await load(target);
    usage.use(target);
    return usage.watched(target, namespace);
  };

  /** The text by which the engine's loader gets a node: its own, or one that exports what was evaluated already. */
  const textOf = (node) => {
    const module = table.modules.get(node);
    if (module?.format === 'esm') {
      if (!module.text.includes(module.dynamic)) return module.text;
      return `${module.text}\n;import{importFrom as ${module.held}}from${stringify(host.bridge)};function ${module.dynamic}(s){return ${module.held}(${stringify(node)})(s)}`;
    }
    if (module?.format === 'json') jsonOf(node);
    const exports = held.get(node);
    const found = typeof exports === 'object' || typeof exports === 'function' ? Object.keys(exports ?? {}) : [];
    const named = module?.format === 'json' ? [] : found.filter((key) => key !== 'default' && key.isWellFormed());
    const lines = named.map((key, index) => `const $${index}=v[${stringify(key)}];export{$${index} as ${stringify(key)}};`);
    return `import{heldBy}from${stringify(host.bridge)};const v=heldBy(${stringify(node)})??{};${lines.join('')}const d=${defaultOf(exports)};export{d as default};`;
  };

  return { load, importFrom, textOf, heldBy: (node) => held.get(node) };
};

// Bundlers write `__esModule` for modules that were ES modules once, and their `default` is meant then.
const defaultOf = (exports) => {
  const typed = (typeof exports === 'object' || typeof exports === 'function') && exports !== null;
  return typed && (exports.__esModule || exports[Symbol.toStringTag] === 'Module') && 'default' in exports ? 'v.default' : 'v';
};
