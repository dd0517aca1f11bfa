// What Hanse puts into a page, inline, as one module script. The import map before it is finished, so nothing is
// resolved here: it loads and mounts modules, adds what the server works out later, and says what went wrong.
//
// It is sent without comments and indentation and has at most 3000 bytes then, compressed (hanse.web.client). Hence two
// rules: a comment has lines of its own, and no template literal spans two.

// The page's data block, {base, snapshot, scoped, modules, shims, shimsIntegrity, registry}: docs/reference/client.md.
const page = JSON.parse(document.querySelector('script#hanse-page')?.textContent || '{}');
// What is added to the page bears the nonce of what was there first.
const nonce = document.querySelector('script[nonce]')?.nonce;
// Browsers that have import maps but lack this way to ask lose nothing by being taken for older ones. And where
// es-module-shims came first, it has put a function of its own, without a name, into its place.
const { supports } = HTMLScriptElement;
const native = supports?.name && supports('importmap');
// Browsers that cannot be asked what a name stands for know the first map of a page at most.
const resolve =
  (native && import.meta.resolve) ||
  ((name) => document.querySelector('script[type=importmap]').textContent.includes(`"${name}":`));

let digest = page.snapshot,
  queue = Promise.resolve(),
  count = 0,
  policy,
  shims;
const mounted = new WeakSet(),
  // What was answered for remotes that were brought in, by their URLs.
  entries = {},
  // Names that es-module-shims alone knows, for the browser did not take the map they came in.
  foreign = new Set();

const announce = (type, detail) => dispatchEvent(new CustomEvent(type, { detail }));

// What went wrong before it is known for whom: a reason for programs, a text for people.
const fault = (reason, text, cause) => Object.assign(new Error(text, { cause }), { fault: reason });

// Make the error that callers get, and tell the page of it.
const report = (remote, key, reason, cause) => {
  const detail = { remote, key, reason: cause?.fault ?? reason };
  const error = Object.assign(
    new Error(`hanse: ${remote}${key && '/' + key}: ${cause?.message ?? cause}`, { cause }),
    detail,
  );
  announce('hanse-error', { ...detail, error });
  return error;
};

// The Trusted Types policy; browsers without Trusted Types keep to the same rules.
const rules = {
  createScript(text) {
    const { imports, scopes, integrity, ...others } = JSON.parse(text);
    if (text[0] !== '{' || Object.keys(others)[0]) throw fault('server', 'this is no import map');
    return text;
  },
  createScriptURL(url) {
    const { href, protocol } = new URL(url, location);
    if (!/^https?:$/.test(protocol)) throw fault('unsupported', `no script from ${protocol}`);
    return href;
  },
};

// Made when it is needed: a page may forbid the name, and that is no violation where nothing is ever added.
const trusted = () => (policy ??= self.trustedTypes?.createPolicy('hanse', rules) ?? rules);

const addScript = (properties) =>
  document.head.append(Object.assign(document.createElement('script'), { nonce }, properties));

// Load es-module-shims, in its polyfill mode: what ran natively stays, and is shared with what it loads.
const needShims = (instead = '') =>
  (shims ??= new Promise((done, fail) => {
    if (!native && self.importShim) return done(importShim);
    if (!page.shims) throw fault('unsupported', `this browser needs es-module-shims${instead}`);
    addScript({
      src: trusted().createScriptURL(page.shims),
      integrity: page.shimsIntegrity ?? '',
      crossOrigin: '',
      onload: () => done(importShim),
      onerror: () => fail(fault('unsupported', 'es-module-shims did not load')),
    });
  }));

const mapped = (name) => {
  try {
    return resolve(name);
  } catch {
    // It has not.
  }
};

// What reads as a URL is no module's name: nothing is loaded that no map names.
const known = (name) => !/^\.{0,2}\/|^[^/]*:/.test(name) && (foreign.has(name) || mapped(name));

// Every map has `remote/./Key`, most have `remote/Key` too, and that can be a package's.
const find = (remote, key) => ['/./', '/'].map((slash) => remote + slash + key.replace(/^\.\//, '')).find(known);

const addMap = async (map) => {
  const fresh = Object.keys(map.imports ?? {}).filter((name) => !mapped(name));
  addScript({ type: 'importmap', textContent: trusted().createScript(JSON.stringify(map)) });
  if (fresh.every(mapped)) return;
  // The browser takes one map only. es-module-shims reads the other from the document.
  await needShims(', or a reload');
  fresh.forEach((name) => foreign.add(name));
};

// Ask the server what this page may add, and add it.
const extend = async (wish) => {
  if (!page.base) throw fault('unknown', 'no import map has it');
  const query = new URLSearchParams(wish);
  // A map that was cut to the page's modules lacks what others would take from it, too.
  if (page.scoped) {
    query.set('page', page.snapshot);
    page.modules.forEach((name) => query.append('have', name));
  }
  const answer = await fetch(`${page.base}delta?${query}`, { signal: AbortSignal.timeout?.(15e3) }).catch((error) => {
    throw fault('server', 'the server did not answer', error);
  });
  const body = await answer.json().catch(() => ({}));
  if (answer.status === 410) {
    announce('hanse-stale', { snapshot: digest });
    throw fault('stale', 'this page is too old; reload it');
  }
  if (!answer.ok)
    throw fault(answer.status === 404 ? 'unknown' : 'server', body.detail ?? `the server answered ${answer.status}`, body);
  await addMap(body.import_map);
  digest = body.digest ?? digest;
  return body;
};

// One after the other, for each names the digest that the one before brought.
const inTurn = (job) => (queue = queue.catch(() => {}).then(job));

const load = async (remote, key) => {
  await ready;
  if (api.containers?.has(remote)) return api.containers.load(remote, key);
  const module = `${remote}/${key}`;
  if (!find(remote, key))
    await inTurn(async () => {
      if (find(remote, key)) return;
      await extend({ module, snapshot: page.snapshot });
      page.modules?.push(module);
    });
  const name = find(remote, key);
  if (!name) throw fault('unknown', 'no import map has it');
  return native && !foreign.has(name) ? import(name) : (await needShims())(name);
};

// Bring in a remote that the page's map does not have, and return its name; once is enough.
const addEntry = (url, wish) =>
  inTurn(async () => {
    await ready;
    const { href } = new URL(url, location);
    entries[href] ??= await extend({ url: href, ...wish, snapshot: digest });
    // With it came all that the map of the page lacked.
    page.scoped = false;
    return entries[href].name;
  });

const initRemoteEntry = async (url, wish) => {
  if (typeof wish === 'string') wish = { name: wish };
  try {
    await addEntry(url, wish);
    return api;
  } catch (error) {
    throw report(wish?.name ?? url, '', 'server', error);
  }
};

// The form with an object is that of native federation's adapter for Angular.
const loadRemoteModule = async (wish, key) => {
  if (typeof wish === 'string') wish = { remoteName: wish, exposedModule: key };
  let { remoteName, exposedModule, remoteEntry, fallback } = wish;
  try {
    if (remoteEntry && !(remoteName && find(remoteName, exposedModule)))
      remoteName = await addEntry(remoteEntry, remoteName && { name: remoteName });
    return await load(remoteName, exposedModule);
  } catch (error) {
    const made = report(remoteName ?? remoteEntry, exposedModule, 'load', error);
    if (fallback !== undefined) return fallback;
    throw made;
  }
};

const fill = async (element) => {
  if (mounted.has(element)) return;
  mounted.add(element);
  const { hanseModule, hanseRemote, hanseProps } = element.dataset;
  const [, remote = hanseModule, key = ''] = /(.+?)\/(\.\/.+|[^/]+)$/.exec(hanseModule) ?? [];
  let reason = 'props';
  try {
    // `__proto__` in JSON is a key like any other; assigned to an element it would be more.
    const props = JSON.parse(hanseProps || '{}', (name, value) => (name === '__proto__' ? undefined : value));
    reason = 'load';
    const { mount, default: Element } = await load(remote, key);
    reason = 'mount';
    if (typeof mount === 'function') return await mount(element, props);
    if (!(Element?.prototype instanceof HTMLElement))
      throw fault('export', 'it exports no mount function or element');
    try {
      customElements.define(`hanse-${++count}`, Element);
    } catch {
      // It has a name already.
    }
    element.replaceChildren(Object.assign(new Element(), props));
  } catch (cause) {
    const error = report(hanseRemote ?? remote, key, reason, cause);
    element.dataset.hanseFallback = `remote=${error.remote};reason=${error.reason}`;
    console.error(error);
  }
};

// Mount what is marked below an element; what the server has given up on shows its fallback.
const mount = (root = document) =>
  Promise.all([...root.querySelectorAll('[data-hanse-module]:not([data-hanse-fallback])')].map(fill));

// The event registry that remotes of native federation expect: latches, and streams that remember.
const makeRegistry = ({ maxStreams, maxEvents = 1, removePercentage } = {}) => {
  const topics = new Map(),
    streams = new Map();

  const topic = (type) => topics.get(type) ?? topics.set(type, { listeners: new Set(), waiting: new Set() }).get(type);
  const history = (type) => streams.get(type) ?? [];
  const join = (listeners, hear) => {
    listeners.add(hear);
    return () => listeners.delete(hear);
  };
  // Who listens and fails does not keep others from hearing.
  const tell = (hear, value) => {
    try {
      hear(value);
    } catch (error) {
      console.error(error);
    }
  };
  const clone = (event) => {
    try {
      return structuredClone(event);
    } catch {
      return event;
    }
  };
  const update = (type, make) => {
    const events = history(type);
    const event = { data: make(clone(events.slice(-1)[0])?.data), timestamp: Date.now() };
    if (events.push(event) > maxEvents)
      events.splice(0, 1 + Math.min(maxEvents - 1, Math.ceil(maxEvents * removePercentage) || 1));
    streams.delete(type);
    if (streams.set(type, events).size > maxStreams) streams.delete(streams.keys().next().value);
    topic(type).listeners.forEach((hear) => tell(hear, event));
  };

  return Object.freeze({
    async register(type, value) {
      if (typeof value === 'function') value = await value();
      const found = topic(type);
      found.value = value;
      found.waiting.forEach((hear) => tell(hear, value));
      found.waiting.clear();
    },
    onReady(type, hear) {
      const { value, waiting } = topic(type);
      if (value !== undefined) hear(value);
      return join(value === undefined ? waiting : new Set(), hear);
    },
    emit: (type, data) => update(type, () => data),
    update,
    on(type, hear, { replay = 1 } = {}) {
      const { listeners } = topic(type);
      const missed = replay > 0 ? history(type).slice(-replay) : [];
      queueMicrotask(() => missed.forEach((event) => listeners.has(hear) && tell(hear, clone(event))));
      return join(listeners, hear);
    },
    clear: (type) => [topics, streams].forEach((map) => (type ? map.delete(type) : map.clear())),
  });
};

const ready = (native ? queue : needShims()).then(() => api);
// On pages with containers, containers.js has left them there.
const api = { ...self.hanse, loadRemoteModule, load: loadRemoteModule, as: () => api, initRemoteEntry, mount, ready };

Object.assign(self, { hanse: api, loadRemoteModule });
(self.__NF_REGISTRY__ ??= makeRegistry(page.registry)).register('orch.init-ready', api);
mount();

// Late, for whoever waits for it may be a module script further down.
addEventListener('DOMContentLoaded', async () => announce('mfe-loader-available', await ready));
