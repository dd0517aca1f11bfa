// Follows the steps of `hanse share plan`: what each sets or adds goes into the configuration or, below
// `federation`, into the options of the federation plugin.

// These belong to Next.js, which is not here: its plugins, its runtime plugin, and the entry that provides its modules.
const foreign = ({ action, at }) => ['apply', 'wrap', 'warn'].includes(action) || at === 'entry.noop';
const installed = (plugin) => !plugin.includes('nextjs-mf');
// Packages name their parts for importers; the plan names files.
const importable = (plugin) => plugin.split('?')[0].replace(/\/dist\/src\/(\w+)\.js$/, '/$1');

const place = (root, at) => {
  const keys = at.split('.');
  const last = keys.pop();
  return [keys.reduce((table, key) => (table[key] ??= {}), root), last];
};

const rule = ({ resourceQuery, layer }) => ({ resourceQuery: new RegExp(resourceQuery), layer });

const acts = {
  set: (table, key, value) => (table[key] = value),
  add: (table, key, value) => (table[key] ??= []).push(value.resourceQuery ? rule(value) : value),
};

export const follow = (steps, configuration) => {
  const root = { ...configuration, federation: {} };
  for (const effect of steps.flatMap((step) => step.effects).filter((effect) => !foreign(effect))) {
    acts[effect.action](...place(root, effect.at), effect.value);
  }
  const { federation, ...rest } = root;
  federation.runtimePlugins = (federation.runtimePlugins ?? [])
    .filter(installed)
    .map(importable);
  return { configuration: rest, federation };
};
