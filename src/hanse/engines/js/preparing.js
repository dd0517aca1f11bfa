// What is evaluated before a generation comes: modules that it will have, known by their numbers until then.

import { Failure } from './failing.js';

export const PREPARED = 'hanse://prepared/';

/** Makes the modules that Python pushed beforehand ready for the engine's loader; none where there are none. */
export const makePrepared = (pushed = { modules: [], roots: [] }) => {
  const urlOf = (number) => `${PREPARED}${number}.js`;
  const modules = new Map(pushed.modules.map(({ text, links }, number) => [urlOf(number), { text, links: new Map(links) }]));

  const resolve = (parent, specifier) => {
    const number = modules.get(parent).links.get(specifier);
    if (number === undefined) throw new Failure('import', `${parent} imports ${specifier}, which was not prepared`, { subject: parent });
    return urlOf(number);
  };

  /** Evaluates them, and has those that can be warmed up do so: functions are compiled when they first run. */
  const evaluate = async (importModule) => {
    for (const number of pushed.roots) {
      const { warm } = await importModule(urlOf(number));
      if (typeof warm === 'function') await warm();
    }
  };

  return { has: (url) => modules.has(url), textOf: (url) => modules.get(url).text, urlOf, resolve, evaluate };
};
