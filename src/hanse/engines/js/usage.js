// Which modules a call uses: what is rendered with all it imports, and what it loads or looks at on its way.

/** `current()` gives the record of the call under way, if any; `table.modules` says which nodes are modules. */
export const makeUsage = ({ modules }, current) => {
  const edges = new Map();

  /** Remembers that whoever uses `node` uses `target` with it. */
  const join = (node, target) => {
    let targets = edges.get(node);
    if (targets === undefined) edges.set(node, (targets = new Set()));
    targets.add(target);
  };

  const add = (used, start) => {
    const open = [start];
    while (open.length > 0) {
      const node = open.pop();
      if (used.has(node)) continue;
      used.add(node);
      open.push(...[...(edges.get(node) ?? [])].reverse());
    }
  };

  /** Counts a node, and what it imports, to the call under way. */
  const use = (node) => {
    const call = current();
    if (call !== undefined && !call.used.has(node)) add(call.used, node);
  };

  const proxies = new WeakMap();

  /** Returns a namespace that counts its module to every call that looks at one of its exports. */
  const watched = (node, namespace) => {
    if ((typeof namespace !== 'object' && typeof namespace !== 'function') || namespace === null) return namespace;
    let proxy = proxies.get(namespace);
    if (proxy === undefined) {
      const get = (target, key) => {
        if (typeof key === 'string') use(node);
        return Reflect.get(target, key);
      };
      // A promise that gives the namespace asks for `then`, which is no use of it.
      const asks = (target, key) => (key === 'then' && !Reflect.has(target, key) ? undefined : get(target, key));
      proxies.set(namespace, (proxy = new Proxy(namespace, { get: asks })));
    }
    return proxy;
  };

  /** The names of the modules used by a call, in the order they were first asked for. */
  const listed = (used) => [...used].filter((node) => modules.has(node));

  return { join, use, watched, listed };
};
