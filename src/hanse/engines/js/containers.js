// Module Federation's containers: CommonJS scripts of webpack and rspack, with the little of Node that they ask for.
// Their chunks are modules of the generation; nothing else exists in the folder that they see.

import { Failure } from './failing.js';
import { makeProcess } from './loading.js';

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

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** `host.within(record, work)` runs work whose uses count to a record; `host.script(code, url, shift)` runs a script. */
export const makeContainers = ({ table, usage, host, load, heldBy }) => {
  const opened = new Map();

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
    const brought = new Map();
    require.e = (id, ...rest) => {
      for (const file of filesOf(state, require, id)) usage.use(file);
      const known = brought.get(id);
      if (known !== undefined) {
        for (const node of known) usage.use(node);
        return ensure(id, ...rest);
      }
      const record = { used: new Set() };
      return host.within(record, () => ensure(id, ...rest)).then((result) => {
        brought.set(id, record.used);
        for (const node of record.used) usage.use(node);
        return result;
      });
    };
  };

  const filesOf = (state, require, id) => {
    const found = [];
    const file = typeof require.u === 'function' ? fileOf(state.container, require.u(id)) : undefined;
    if (file !== undefined) found.push(file);
    const consumed = require.consumesLoadingData ?? {};
    for (const module of consumed.chunkMapping?.[id] ?? []) {
      const given = state.given.get(consumed.moduleIdToConsumeDataMapping?.[module]?.shareKey);
      if (given !== undefined) found.push(given);
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
      state.given.set(copy.package, copy.module);
      const shared = shareable(copy.module, namespace);
      return () => shared;
    },
    loaded: false,
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
    const shims = new Map([['path', path], ['fs', makeFs(container)], ['vm', makeVm(state)]]);
    const require = (name) => {
      const shim = shims.get(String(name).replace(/^node:/, ''));
      if (shim !== undefined) return shim;
      throw new Failure('import', `${container.script} requires ${JSON.stringify(String(name))}, which its generation's table does not name`, { subject: container.script });
    };
    const module = { exports: {} };
    const seen = IDENTIFIER.test(container.global_name) ? `\n;if(typeof ${container.global_name}==="object")module.found=${container.global_name};` : '';
    const parameters = ['exports', 'require', 'module', '__filename', '__dirname', 'process', 'global', 'fetch'];
    const body = host.compile(source.text + seen, parameters, table.urlOf(container.script));
    const folder = `/${container.base.replace(/\/$/, '')}`;
    Reflect.apply(body, module.exports, [module.exports, require, module, `/${container.script}`, folder, makeProcess(), globalThis, makeFetch(container)]);
    const candidates = [module.exports?.[container.global_name], module.exports, module.found, globalThis[container.global_name]];
    const made = candidates.find((candidate) => typeof candidate?.get === 'function' && typeof candidate?.init === 'function');
    if (made === undefined) throw new Failure('missing', `${container.script} leaves no container ${JSON.stringify(container.global_name)} with get and init`, { subject: container.remote });
    return made;
  };

  const openAnew = async (remote) => {
    const container = table.containers.get(remote);
    const state = { container, require: undefined, file: undefined, given: new Map(), used: new Set([container.script]) };
    const made = await host.within(state, async () => {
      const found = run(state);
      await found.init(makeScope(state), []);
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

  return { load: loadExposed };
};
