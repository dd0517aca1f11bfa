// What components of a Next.js build for pages look for in their server's runtime: its contexts, without providers.
//
// Outside of Next.js nobody provides them, in browsers neither; so both sides show the same.
const React = require('react');

const define = (fields) => Object.defineProperty(fields, '__esModule', { value: true });

const contexts = (values) => {
  const made = {};
  for (const [name, value] of Object.entries(values)) {
    made[name] = React.createContext(value);
    made[name].displayName = name;
  }
  return made;
};

// What is loaded later is loaded in browsers, where it begins with the same `loading`.
const Loadable = (options) => {
  const shown = { error: null, isLoading: true, pastDelay: true, timedOut: false, retry: () => {} };
  const Later = () => (options.loading ? React.createElement(options.loading, shown) : null);
  Later.preload = () => Promise.resolve();
  return Later;
};
Loadable.preloadAll = () => Promise.resolve();
Loadable.preloadReady = () => Promise.resolve();

const known = {
  AmpContext: define(contexts({ AmpStateContext: {} })),
  AppRouterContext: define(
    contexts({
      AppRouterContext: null,
      GlobalLayoutRouterContext: null,
      LayoutRouterContext: null,
      MissingSlotContext: new Set(),
      TemplateContext: null,
    }),
  ),
  HeadManagerContext: define(contexts({ HeadManagerContext: {} })),
  HooksClientContext: define(contexts({ PathParamsContext: null, PathnameContext: null, SearchParamsContext: null })),
  ImageConfigContext: define(contexts({ ImageConfigContext: null })),
  Loadable: define({ default: Loadable }),
  LoadableContext: define(contexts({ LoadableContext: null })),
  RouterContext: define(contexts({ RouterContext: null })),
  ServerInsertedHtml: define({ ...contexts({ ServerInsertedHTMLContext: null }), useServerInsertedHTML: () => {} }),
};

// Whatever else the runtime has is a part of Next.js's server, which is not here.
const only = (name, fields) =>
  new Proxy(fields, {
    get: (target, key) => {
      if (typeof key === 'symbol' || key in target || key === 'then' || key === '__esModule' || key === 'default') return target[key];
      throw new Error(`${name}.${key} is a part of Next.js's own server: components that need it render in Next.js alone`);
    },
  });

module.exports = only('next-server', { vendored: only('vendored', { contexts: only('vendored.contexts', known) }) });
