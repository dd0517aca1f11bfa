// What Hanse puts besides into pages that have Module Federation's containers, inline, as a module script before the
// loader's: it loads containers, hands them what native remotes share, and hands native modules what only they have.
//
// It is squeezed as the loader is, under the same rules, and has at most 3000 bytes then, compressed (hanse.web.client).
//
// How a host treats a container, and what is in a share scope, is what Module Federation's own runtime 2.9 does.

// The page's data block, {containers, shared}: docs/reference/client.md. Its keys are anybody's: they are read from
// maps and objects without a prototype.
const data = JSON.parse(document.querySelector('script#hanse-containers')?.textContent || '{}');
const containers = new Map(Object.entries(data.containers ?? {}));
const nonce = document.querySelector('script[nonce]')?.nonce;
const bare = (entries) => Object.assign(Object.create(null), Object.fromEntries(entries));

let policy;
// The containers that are in use, by remote; all that were ever found, for two remotes may claim one name; styles by
// their URLs; and what native remotes offer, by package.
const opened = new Map(),
  found = new Set(),
  linked = new Map(),
  offers = [];

// As the loader's: a reason for programs, a text for people.
const fault = (reason, text, cause) => Object.assign(new Error(text, { cause }), { fault: reason });

const rules = {
  createScriptURL(url) {
    const { href, protocol } = new URL(url, document.baseURI);
    if (!/^https?:$/.test(protocol)) throw fault('unsupported', `no script from ${protocol}`);
    return href;
  },
};
const trusted = (url) =>
  (policy ??= self.trustedTypes?.createPolicy('hanse-containers', rules) ?? rules).createScriptURL(url);

// Where es-module-shims was needed, it knows names that the browser does not.
const bring = (name) => (self.importShim ? importShim(name) : import(name));

// Keep what a job promises; where it fails, the next who asks tries again.
const once = (job) => {
  let promise;
  return () => (promise ??= job().catch((error) => ((promise = undefined), Promise.reject(error))));
};

const isModule = (value) => value?.__esModule || value?.[Symbol.toStringTag] === 'Module';

// Make of an ES module what both `import` and `require` of a bundler understand. A CommonJS package that was turned
// into a module has its exports as the default, and each of them by its name again: then the exports are meant. Any
// other module is marked as one; where its default is a function, it can be called, for `require` may expect that.
const adapt = (module) => {
  if (!('default' in module)) return module;
  const { default: whole } = module;
  const names = Object.keys(module);
  const callable = typeof whole === 'function';
  const same = (name) => name === 'default' || Object.is(whole[name], module[name]);
  if (whole && typeof whole === 'object' && names.every(same)) return whole;
  const adapted = callable
    ? function (...given) {
        return new.target ? Reflect.construct(whole, given, new.target) : Reflect.apply(whole, this, given);
      }
    : {};
  if (callable) adapted.prototype = whole.prototype;
  for (const name of names)
    Object.defineProperty(adapted, name, { enumerable: true, configurable: true, get: () => module[name] });
  return Object.defineProperty(adapted, '__esModule', { value: true });
};

// An entry of a share scope. It counts as loaded: Hanse has decided for it, and no container that brings a higher
// version may decide otherwise. Of several, Module Federation stays with the first.
const offer = (scope, name, version, { specifier, url, from, ...shareConfig }) => {
  const entry = {
    version,
    from,
    scope: [scope],
    useIn: [],
    deps: [],
    strategy: 'version-first',
    loaded: true,
    shareConfig: { eager: false, ...shareConfig },
    get: once(async () => {
      const module = adapt(await bring(specifier ?? new URL(url, document.baseURI).href));
      return () => module;
    }),
  };
  offers.push([name, entry]);
  return entry;
};

const scopes = bare(
  Object.entries({ default: {}, ...data.shared }).map(([scope, packages]) => [
    scope,
    bare(
      Object.entries(packages).map(([name, versions]) => [
        name,
        bare(Object.entries(versions).map(([version, from]) => [version, offer(scope, name, version, from)])),
      ]),
    ),
  ]),
);

// Put an element into the head, and wait until it has loaded what it names.
const load = (tag, properties) =>
  new Promise((onload, onerror) =>
    document.head.append(Object.assign(document.createElement(tag), { nonce, onload, onerror }, properties)),
  );

const isContainer = (value) => typeof value?.get === 'function' && typeof value.init === 'function';
const look = (name) => self[name] ?? name.split('.').reduce((value, part) => value?.[part], self);

// Load a container's script; one that the page itself has loaded before is taken as it is.
const fetchContainer = async ({ script, type, global }) => {
  if (type === 'module') return bring(new URL(script, document.baseURI).href);
  let container = look(global);
  if (isContainer(container) && !found.has(container)) return container;
  await load('script', { src: trusted(script) }).catch(() => {
    throw fault('load', `its script ${script} did not load`);
  });
  // Nothing else has run since the script has.
  container = look(global);
  return found.has(container) ? undefined : container;
};

const refusal = /Trusted(Script|Type)/;

// What a remote's build has to set is told to whoever reads the error.
const explain = (error) => {
  const text = error?.message ?? String(error);
  const hint = ' Its build must set output.trustedTypes, and the policy of the page allow the name in it.';
  return fault('load', text + (refusal.test(text) ? hint : ''), error);
};

// The share scopes that a container is handed: everybody's; or its own, where the plan has it keep a copy of its own.
const chooseScopes = ({ withheld }) => {
  if (!withheld) return scopes;
  const kept = new Map(Object.entries(withheld));
  const left = (scope) => Object.entries(scopes[scope]).filter(([name]) => !kept.get(scope)?.includes(name));
  return bare(Object.keys(scopes).map((scope) => [scope, bare(left(scope))]));
};

const openContainer = async (described) => {
  const { script, global, scopes: keys } = described;
  const container = await fetchContainer(described);
  if (!isContainer(container)) throw fault('load', `${script} left no container at ${global}`);
  found.add(container);
  const handed = chooseScopes(described);
  for (const key of keys) handed[key] ??= bare([]);
  const options = { version: '', shareScopeKeys: keys[1] ? keys : keys[0] };
  // A host's is not enumerable either: containers copy the others.
  Object.defineProperty(options, 'shareScopeMap', { value: handed });
  try {
    await container.init(handed[keys[0]], [], options);
  } catch (error) {
    found.delete(container);
    throw error;
  }
  const opening = { container, handed };
  // Where a bundler is refused a chunk, that stays on its way for ever for all who ask next; they are told the same.
  opening.refused = new Promise((done, fail) => (opening.refuse = fail));
  opening.refused.catch(() => {});
  return opening;
};

const open = (remote) => {
  const described = containers.get(remote);
  if (!described) throw fault('unknown', 'no such container');
  if (!opened.has(remote)) opened.set(remote, once(() => openContainer(described)));
  return opened.get(remote)();
};

// Chunks link their styles, too, unless they are there. Here they come at once, and with the page's nonce. One that
// fails is taken away again: the container tries it in its own way, and says what it makes of it.
const link = (href) => {
  const there = linked.has(href) || Array.from(document.styleSheets, (sheet) => sheet.href).includes(href);
  if (!there) linked.set(href, load('link', { rel: 'stylesheet', href }).catch(({ target }) => target.remove()));
  return linked.get(href);
};

const loadModule = async (remote, key) => {
  const name = key === '.' ? key : `./${key.replace(/^\.\//, '')}`;
  const { exposes } = containers.get(remote) ?? {};
  if (exposes && !Object.hasOwn(exposes, name)) throw fault('unknown', `it does not expose ${name}`);
  let opening;
  try {
    const styles = exposes?.[name].css.map(link) ?? [];
    opening = await open(remote);
    await Promise.all(styles);
    return await Promise.race([opening.refused, (async () => (await opening.container.get(name))())()]);
  } catch (error) {
    const told = error?.fault ? error : explain(error);
    if (refusal.test(told.message)) opening?.refuse(told);
    throw told;
  }
};

// Give native modules what a container brings: `default` is there, whatever kind of module it is.
const share = async (name, { from, version, scope = 'default' }) => {
  try {
    const { handed } = await open(from);
    const entry = handed[scope]?.[name]?.[version];
    if (!entry) throw fault('unknown', `it shares no ${name} ${version}`);
    entry.lib ??= await entry.get();
    entry.loaded = true;
    const module = entry.lib();
    return isModule(module) ? module : { ...module, default: module };
  } catch (error) {
    throw new Error(`hanse: ${from}: ${explain(error).message}`, { cause: error });
  }
};

// The `shared` option for pages that run Module Federation's own runtime: as the orchestrator's `getShared`.
const getShared = ({ singleton, requiredVersionPrefix } = {}) => {
  const shared = bare([]);
  for (const [name, { version, get, loaded, scope, shareConfig: own }] of offers) {
    const requiredVersion = requiredVersionPrefix === undefined ? own.requiredVersion : requiredVersionPrefix + version;
    const shareConfig = { ...own, singleton: singleton ?? own.singleton, requiredVersion };
    (shared[name] ??= []).push({ version, get, loaded, scope, shareConfig });
  }
  return shared;
};

// The loader finds it here.
self.hanse = { containers: Object.freeze({ has: (remote) => containers.has(remote), load: loadModule, share, getShared }) };
