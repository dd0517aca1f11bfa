// One generation's modules, and what their imports mean. A node is a module's name, or `:exposed/:ferry/:.%2FTicket`.

import { Failure } from './failing.js';
import { PREPARED } from './preparing.js';

const { stringify } = JSON;

const EXPOSED = ':exposed/';

const escaped = (part) => part.replace(/[?#]/g, encodeURIComponent);

/**
 * Makes the table of what Python pushed; maps come as lists of pairs, so that any word may be a name.
 * `prepared` has the modules that were evaluated before: their URLs are those that they had then.
 */
export const makeTable = (pushed, prepared) => {
  const modules = new Map(pushed.modules.map((module) => [module.name, module]));
  const imports = new Map(pushed.imports);
  const scopes = new Map(pushed.scopes.map(([remote, entries]) => [remote, new Map(entries)]));
  const containers = new Map(pushed.containers.map((container) => [container.remote, container]));
  const exposed = new Map();
  const prefix = `hanse://${pushed.id}/`;
  const known = new Map(pushed.known.map(([node, number]) => [node, prepared.urlOf(number)]));
  const urls = new Map([...known].map(([node, url]) => [url, node]));

  // A target is a module's name, or a pair of a container and a key.
  const nodeOf = (target) => {
    if (typeof target === 'string') return modules.has(target) ? target : undefined;
    const [container, key] = target;
    if (!containers.has(container)) return undefined;
    // No part of it is a dot alone, which URLs leave out.
    const node = `${EXPOSED}:${encodeURIComponent(container)}/:${encodeURIComponent(key)}`;
    exposed.set(node, { container, key });
    return node;
  };

  const urlOf = (node) => {
    const old = known.get(node);
    if (old !== undefined) return old;
    const url = prefix + escaped(encodeURI(node));
    urls.set(url, node);
    return url;
  };

  const relative = (name, specifier) => {
    const parts = name.split('/').slice(0, -1);
    for (const part of specifier.split('/')) {
      if (part === '..') {
        if (parts.pop() === undefined) return undefined;
      } else if (part !== '.') parts.push(part);
    }
    return parts.join('/');
  };

  const isRelative = (specifier) => specifier.startsWith('./') || specifier.startsWith('../');

  const remoteOf = (node) => modules.get(node)?.remote ?? exposed.get(node)?.container ?? '';

  const find = (name, specifier) => {
    if (isRelative(specifier)) {
      const file = relative(name, specifier);
      return file !== undefined && modules.has(file) ? file : undefined;
    }
    const target = scopes.get(modules.get(name)?.remote)?.get(specifier) ?? imports.get(specifier);
    return target === undefined ? undefined : nodeOf(target);
  };

  /** Returns the node that a module means by a specifier. */
  const resolve = (name, specifier) => {
    const node = find(name, specifier);
    if (node !== undefined) return node;
    throw new Failure('import', `${name} imports ${stringify(specifier)}, which its generation's table does not name`, {
      subject: name,
      hint: 'expose or share it, or bundle it into the module that imports it',
    });
  };

  // What a delegate's container has is for it to say: the table need not name what the host asks it for.
  const open = pushed.containers.filter((container) => !container.bundled).map(({ remote }) => remote);
  const askedOfDelegate = (specifier) => {
    const remote = open.find((name) => specifier.startsWith(`${name}/./`));
    return remote === undefined ? undefined : [remote, specifier.slice(remote.length + 1)];
  };

  /** Returns the node that the host means: a specifier of `imports`, or a module's name. */
  const asked = (specifier) => {
    const target = imports.get(specifier) ?? askedOfDelegate(specifier);
    const node = target === undefined ? (modules.has(specifier) ? specifier : undefined) : nodeOf(target);
    if (node !== undefined) return node;
    throw new Failure('missing', `there is no module ${stringify(specifier)} in this generation`, { subject: specifier });
  };

  const begins = `(?:${[prefix, PREPARED].map((start) => start.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})`;
  const lines = new RegExp(`${begins}[^\\s()]*`, 'g');
  const decode = (url) => {
    const place = /(:\d+(?::\d+)?)?$/.exec(url)[0];
    const node = urls.get(url.slice(0, url.length - place.length));
    if (node !== undefined) return node + place;
    const path = url.slice(prefix.length);
    try {
      return decodeURIComponent(path.slice(0, path.length - place.length).replace(/%25/g, '%2525')).replace(/%25/g, '%') + place;
    } catch {
      return path;
    }
  };

  /** Writes URLs of this generation as names of modules, and leaves out the engine's own lines. */
  const names = (stack) =>
    stack
      .split('\n')
      .filter((line) => !/^\s+at .*(file:\/\/|ext:|node:|hanse:)/.test(line) || line.includes(prefix) || line.includes(PREPARED))
      .join('\n')
      .replace(lines, decode);

  return {
    modules,
    containers,
    exposed,
    prefix,
    begins,
    known,
    shared: pushed.shared,
    warm: pushed.warm,
    resolve,
    find,
    asked,
    names,
    remoteOf,
    urlOf,
    nodeAt: (url) => urls.get(url),
  };
};
