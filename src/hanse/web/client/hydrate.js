// What pages get besides the loader where the server has rendered a fragment that the browser takes over. It finds
// the elements that bear `data-hanse-hydrate`, loads their modules through the loader, and hydrates them; what
// cannot be hydrated is mounted anew. docs/reference/render.md says what stands on such an element.
const taken = new WeakSet();

// As the loader reads them: `__proto__` in JSON is a key like any other, and would be more in an element's properties.
const read = (text) => JSON.parse(text || '{}', (name, value) => (name === '__proto__' ? undefined : value));

const named = (module, name) => module[name] ?? module.default?.[name];

// Show on the element and in the console that a fragment does not live; all but a mismatch leaves it dead.
const mark = (element, remote, reason, error) => {
  if (reason !== 'mismatch') element.dataset.hanseFallback = `remote=${remote};reason=${reason}`;
  console.error(error);
};

// Tell whose fragment it was, and what went wrong with it.
const report = (element, remote, key, reason, cause) => {
  const error = Object.assign(new Error(`hanse: ${remote}/${key}: ${cause?.message ?? cause}`, { cause }), {
    remote,
    key,
    reason,
  });
  dispatchEvent(new CustomEvent('hanse-error', { detail: { remote, key, reason, error } }));
  mark(element, remote, reason, error);
};

// The two files are those that the module's own imports of React lead to, or there would be two Reacts.
const hydrateReact = async (element, component, props, identifierPrefix, tell) => {
  const urls = JSON.parse(element.dataset.hanseReact);
  const [react, dom] = await Promise.all(urls.map((url) => import(url)));
  const child = named(react, 'createElement')(component, props);
  return named(dom, 'hydrateRoot')(element, child, {
    identifierPrefix,
    onRecoverableError: (error) => tell('mismatch', error.cause ?? error),
    onUncaughtError: (error) => tell('render', error),
  });
};

const take = async (element) => {
  if (taken.has(element)) return;
  taken.add(element);
  const { hanseHydrate, hanseRemote, hanseProps, hansePrefix, hanseExport = 'default', hanseReact } = element.dataset;
  const [, owner = hanseHydrate, key = ''] = /(.+?)\/(\.\/.+|[^/]+)$/.exec(hanseHydrate) ?? [];
  const tell = (reason, cause) => report(element, hanseRemote, key, reason, cause);
  let reason = 'load';
  try {
    // The loader tells the page itself what it could not load.
    const module = self.hanse ? await hanse.load(owner, key) : await import(hanseHydrate);
    reason = 'hydrate';
    const props = read(hanseProps);
    if (typeof module.hydrate === 'function')
      return await module.hydrate(element, props, { identifierPrefix: hansePrefix });
    const component = module[hanseExport];
    // What a module's own `render` wrote is no React's to take over.
    if (hanseReact && component && typeof module.render !== 'function')
      return await hydrateReact(element, component, props, hansePrefix, tell);
    if (typeof module.mount !== 'function' && !(component?.prototype instanceof HTMLElement)) return;
    element.replaceChildren();
    element.dataset.hanseModule = hanseHydrate;
    await hanse.mount(element.parentNode);
  } catch (cause) {
    // Its HTML stays; it is only as dead as it was.
    if (reason === 'load') mark(element, hanseRemote, reason, cause);
    else tell(reason, cause);
  }
};

// Hydrate what is marked below an element, which may have come later than the page.
const hydrate = (root = document) =>
  Promise.all([...root.querySelectorAll('[data-hanse-hydrate]:not([data-hanse-fallback])')].map(take));

if (self.hanse) hanse.hydrate = hydrate;
hydrate();
