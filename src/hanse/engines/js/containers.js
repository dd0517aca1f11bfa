// Module Federation's containers: CommonJS scripts of webpack and rspack, with the little of Node that they ask for.
// Their chunks are modules of the generation; nothing else exists in the folder that they see.

import { Failure } from './failing.js';
import { makeProcess } from './loading.js';

const { stringify } = JSON;

const parts = (path) => {
  const found = [];
  for (const part of String(path).split(/[/\\]/)) {
    if (part === '..') found.pop();
    else if (part !== '.' && part !== '') found.push(part);
  }
  return found;
};

const path = {
  sep: '/',
  join: (...names) => (String(names[0]).startsWith('/') ? '/' : '') + parts(names.join('/')).join('/'),
  resolve: (...names) => `/${parts(names.join('/')).join('/')}`,
  dirname: (name) => `/${parts(name).slice(0, -1).join('/')}`,
  basename: (name) => parts(name).at(-1) ?? '',
  extname: (name) => /\.[^./]*$/.exec(String(name))?.[0] ?? '',
};

const isContainer = (candidate) => typeof candidate?.get === 'function' && typeof candidate?.init === 'function';

const REQUIRE = /(?<![\w$.])require\s*\(\s*(['"])([^'"\\\n]{1,4096})\1\s*\)/g;

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** `host.within(record, work)` runs work whose uses count to a record; `host.script(code, url, shift)` runs a script. */
export const makeContainers = ({ table, usage, host, load, heldBy }) => {
  const opened = new Map();
  const announced = new Set();

  // Chunks are asked for by paths of the virtual folder, or by the URL the remote is deployed at: all names that
  // the end of it may mean are tried, the longest first.
  const fileOf = (container, asked) => {
    const found = parts(String(asked).replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '').replace(/[?#].*$/s, ''));
    const whole = found.join('/');
    if (whole.startsWith(container.base) && table.modules.has(whole)) return whole;
    for (let from = 0; from < found.length; from += 1) {
      const name = container.base + found.slice(from).join('/');
      if (table.modules.has(name)) return name;
    }
    return undefined;
  };

  const makeFs = (container) => {
    const absent = (asked) => Object.assign(new Error(`ENOENT: no such file or directory, open '${asked}'`), { code: 'ENOENT' });
    const readFileSync = (asked) => {
      const file = fileOf(container, asked);
      if (file === undefined) throw absent(asked);
      usage.use(file);
      return table.modules.get(file).text;
    };
    const readFile = async (asked) => readFileSync(asked);
    return {
      existsSync: (asked) => fileOf(container, asked) !== undefined,
      readFileSync,
      readFile: (asked, ...rest) => {
        const done = rest.at(-1);
        readFile(asked).then((text) => done(null, text), (error) => done(error));
      },
      promises: { readFile },
    };
  };

  const makeFetch = (container) => async (asked) => {
    const file = fileOf(container, asked?.url ?? asked);
    if (file === undefined) return new Response('not found', { status: 404 });
    usage.use(file);
    const type = table.modules.get(file).format === 'json' ? 'application/json' : 'text/javascript';
    return new Response(table.modules.get(file).text, { headers: { 'content-type': type } });
  };

  const makeVm = (state) => {
    const runInThisContext = (code, options) => {
      const file = fileOf(state.container, typeof options === 'string' ? options : (options?.filename ?? ''));
      const text = table.modules.get(file)?.text;
      // What stands before the chunk on its first line moves its columns.
      const shift = text === undefined ? 0 : Math.max(String(code).indexOf(text), 0);
      const made = host.script(String(code), file === undefined ? undefined : table.urlOf(file), shift);
      if (typeof made !== 'function' || file === undefined) return made;
      return (exports, ...rest) => {
        const result = made(exports, ...rest);
        watchChunk(state, exports, file);
        return result;
      };
    };
    class Script {
      constructor(code, options) {
        this.code = code;
        this.options = options;
      }
      runInThisContext() {
        return runInThisContext(this.code, this.options);
      }
    }
    return { runInThisContext, Script, constants: {} };
  };

  // A chunk brings factories of modules: which of them is looked at in a call is told by their exports' getters.
  const watchChunk = (state, chunk, file) => {
    if (typeof chunk?.modules !== 'object' || chunk.modules === null) return;
    for (const [id, factory] of Object.entries(chunk.modules)) {
      if (typeof factory !== 'function') continue;
      chunk.modules[id] = function watched(...values) {
        const before = state.file;
        state.file = file;
        try {
          return Reflect.apply(factory, this, values);
        } finally {
          state.file = before;
        }
      };
    }
    const { runtime } = chunk;
    chunk.runtime = (require) => {
      watchRuntime(state, require);
      runtime?.(require);
    };
  };

  const watchRuntime = (state, require) => {
    if (state.require === require || typeof require?.e !== 'function' || typeof require?.d !== 'function') return;
    state.require = require;
    watchExports(state, require);
    watchEnsuring(state, require);
  };

  const watchExports = (state, require) => {
    const define = require.d;
    require.d = (exports, getters, values) => {
      const { file } = state;
      if (file === undefined || Array.isArray(getters)) return define(exports, getters, values);
      const watched = {};
      for (const key of Object.keys(getters ?? {})) {
        watched[key] = () => {
          usage.use(file);
          return getters[key]();
        };
      }
      for (const key of Object.keys(values ?? {})) {
        watched[key] = () => {
          usage.use(file);
          return values[key];
        };
      }
      return define(exports, watched);
    };
  };

  // A chunk that is here already is asked for all the same; what it brought the first time counts again.
  const watchEnsuring = (state, require) => {
    const ensure = require.e;
    require.e = async (id, ...rest) => {
      const result = await ensure(id, ...rest);
      for (const node of filesOf(state, require, id)) usage.use(node);
      return result;
    };
  };

  // A shared package is asked for once, and then whoever consumes it uses what came with it.
  const watchShares = (state, scope) => {
    for (const [key, versions] of Object.entries(scope)) {
      for (const entry of Object.values(versions ?? {})) {
        const get = entry?.get;
        if (typeof get !== 'function') continue;
        entry.get = async (...values) => {
          const record = { used: new Set() };
          const factory = await host.within(record, () => Reflect.apply(get, entry, values));
          state.brought.set(key, record.used);
          for (const node of record.used) usage.use(node);
          return factory;
        };
      }
    }
  };

  const filesOf = (state, require, id) => {
    const found = [];
    const file = typeof require.u === 'function' ? fileOf(state.container, require.u(id)) : undefined;
    if (file !== undefined) found.push(file);
    const consumed = require.consumesLoadingData ?? {};
    for (const module of consumed.chunkMapping?.[id] ?? []) {
      found.push(...(state.brought.get(consumed.moduleIdToConsumeDataMapping?.[module]?.shareKey) ?? []));
    }
    return found;
  };

  const makeScope = (state) => {
    const scope = {};
    for (const copy of table.shared) {
      if (copy.share_scope !== state.container.share_scope) continue;
      Object.defineProperty(scope, copy.package, { value: scope[copy.package] ?? {}, enumerable: true, configurable: true, writable: true });
      scope[copy.package][copy.version] = entryOf(state, copy);
    }
    return scope;
  };

  const entryOf = (state, copy) => ({
    version: copy.version,
    get: async () => {
      const namespace = await load(copy.module);
      usage.use(copy.module);
      const shared = shareable(copy.module, namespace);
      return () => shared;
    },
    loaded: true,
    from: copy.provider,
    scope: [copy.share_scope],
    useIn: [],
    deps: [],
    eager: false,
    shareConfig: { singleton: copy.singleton, requiredVersion: '*', strictVersion: false, eager: false, ...(copy.layer === null ? {} : { layer: copy.layer }) },
    strategy: 'version-first',
  });

  // Bundlers take an object without `__esModule` for a CommonJS module, whose `default` would be itself.
  const shareables = new Map();
  const shareable = (node, namespace) => {
    if (table.modules.get(node)?.format === 'cjs') return heldBy(node);
    if (!('default' in namespace)) return namespace;
    if (!shareables.has(node)) shareables.set(node, Object.assign(Object.defineProperty({}, '__esModule', { value: true }), namespace));
    return shareables.get(node);
  };

  const run = (state) => {
    const { container } = state;
    const source = table.modules.get(container.script);
    if (source === undefined) throw new Failure('import', `the container ${container.remote} names ${container.script}, which is not in its generation`, { subject: container.remote });
    const shims = new Map([['path', path], ['fs', makeFs(container)], ['vm', makeVm(state)], ['process', globalThis.process]]);
    const require = (name) => {
      const shim = shims.get(String(name).replace(/^node:/, ''));
      if (shim !== undefined) return shim;
      const target = table.find(container.script, String(name));
      if (state.ready.has(target)) {
        usage.use(target);
        return state.ready.get(target);
      }
      throw new Failure('import', `${container.script} requires ${stringify(String(name))}, which its generation's table does not name`, { subject: container.script });
    };
    const module = { exports: {} };
    const seen = IDENTIFIER.test(container.global_name) ? `\n;if(typeof ${container.global_name}==="object")module.found=${container.global_name};` : '';
    const parameters = ['exports', 'require', 'module', '__filename', '__dirname', 'process', 'global', 'fetch'];
    const body = host.compile(source.text + seen, parameters, table.urlOf(container.script));
    const folder = `/${container.base.replace(/\/$/, '')}`;
    Reflect.apply(body, module.exports, [module.exports, require, module, `/${container.script}`, folder, makeProcess(), globalThis, makeFetch(container)]);
    const candidates = [module.exports?.[container.global_name], module.exports, module.found, globalThis[container.global_name]];
    const made = candidates.find((one) => isContainer(one) && !announced.has(one));
    if (made === undefined) throw new Failure('missing', `${container.script} leaves no container ${stringify(container.global_name)} with get and init`, { subject: container.remote });
    return made;
  };

  // What a build leaves to its host it requires in the middle of things: all that it may ask for is made ready.
  const makeReady = async (container) => {
    const ready = new Map();
    const names = new Set();
    for (const [name, { text }] of table.modules) {
      if (!name.startsWith(container.base)) continue;
      for (const match of text.matchAll(REQUIRE)) names.add(match[2]);
    }
    for (const name of names) {
      const target = table.find(container.script, name);
      if (target === undefined || ready.has(target)) continue;
      const namespace = await load(target);
      ready.set(target, table.exposed.has(target) ? heldBy(target) : shareable(target, namespace));
    }
    return ready;
  };

  /** Evaluates a module that exports a container or a promise of one. */
  const runModule = async (container) => {
    const namespace = await load(container.script);
    const candidates = [await namespace.default, namespace[container.global_name], namespace];
    const made = candidates.find(isContainer);
    if (made === undefined) throw new Failure('missing', `${container.script} exports no promise of a container with get and init`, { subject: container.remote });
    return made;
  };

  const openAnew = async (remote) => {
    const container = table.containers.get(remote);
    const state = { container, require: undefined, file: undefined, brought: new Map(), used: new Set([container.script]) };
    const made = await host.within(state, async () => {
      state.ready = container.bundled ? await makeReady(container) : new Map();
      const found = container.bundled ? run(state) : await runModule(container);
      const scope = makeScope(state);
      await found.init(scope, []);
      watchShares(state, scope);
      return found;
    });
    return { made, used: state.used };
  };

  const open = (remote) => {
    let promise = opened.get(remote);
    if (promise === undefined) {
      opened.set(remote, (promise = openAnew(remote)));
      promise.catch(() => opened.delete(remote));
    }
    return promise;
  };

  /** Loads what a container exposes for a key, and joins what that used to its node. */
  const loadExposed = async (remote, key, node) => {
    const { made, used } = await open(remote);
    const record = { used: new Set(used) };
    const exports = await host.within(record, async () => (await made.get(key))());
    for (const file of record.used) usage.join(node, file);
    return exports;
  };

  /** Puts each container onto the global object: bundles that consume it look there before they ask the network. */
  const announce = () => {
    for (const container of table.containers.values()) {
      if (container.global_name in globalThis) continue;
      const value = {
        init: async (...values) => (await open(container.remote)).made.init(...values),
        get: async (key) => {
          const { made, used } = await open(container.remote);
          for (const file of used) usage.use(file);
          return made.get(key);
        },
      };
      announced.add(value);
      Object.defineProperty(globalThis, container.global_name, { value, configurable: true, writable: true });
    }
  };

  return { load: loadExposed, announce };
};
