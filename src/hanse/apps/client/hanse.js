// What the components of apps use of Hanse, one copy on each page and in each generation: the place one is at, its
// data, and links. The router (`hanse/router`) is a file of its own; on the server there is none, and a link is an
// anchor.
import { createContext, createElement, useContext, useEffect, useRef } from 'react';

const Place = createContext({ route: { app: '', path: '/', pattern: '/', params: {}, query: {} }, data: {} });

// What the browser's router puts in place of this.
let router = { navigate: () => Promise.reject(new Error('hanse: there is no navigating on the server')) };

/** Called by the router, once. */
export const install = (given) => {
  router = given;
};

/** Where the page is: `{app, path, pattern, params, query}`. */
export const useRoute = () => useContext(Place).route;

/** What the page's `load` gave. */
export const useData = () => useContext(Place).data;

/** Goes to a page; resolves when it is shown. `{replace, scroll}` as for links. */
export const navigate = (href, options) => router.navigate(href, options);

/** A link between any two pages of any two apps. `prefetch`: `intent`, or `none`. */
export const Link = ({ href, replace = false, scroll = true, prefetch = 'intent', children, ...rest }) =>
  createElement(
    'a',
    {
      ...rest,
      href,
      'data-hanse-link': prefetch,
      'data-hanse-replace': replace ? '' : undefined,
      'data-hanse-keep-scroll': scroll ? undefined : '',
    },
    children,
  );

// Where a page asks for it, React writes nothing into an element but what is trusted.
const EMPTY = { __html: globalThis.trustedTypes?.emptyHTML ?? '' };
const style = { display: 'contents' };

/**
 * A module of any remote, rendered by itself: on the server first, with data of its own, whoever wrote it and in
 * whatever framework. `of` is its name, such as `shop/Teaser`.
 */
export const Fragment = ({ of, props = {} }) => {
  const element = useRef(null);
  const told = JSON.stringify(props);
  const { app } = useRoute();
  // React keeps out of what is in there, and leaves what the server has filled in as it is.
  useEffect(() => void router.fill?.(element.current, of, told, app), [of, told, app]);
  return createElement('hanse-fragment', {
    'data-of': of, 'data-props': told, style, ref: element, suppressHydrationWarning: true, dangerouslySetInnerHTML: EMPTY,
  });
};

/** Makes the component of a page and the layouts around it, the outermost first. */
export const page = (Page, layouts = []) => {
  const Whole = ({ route, data }) => {
    const inner = createElement(Page, { ...data, route });
    const tree = layouts.reduceRight((children, Layout) => createElement(Layout, { route }, children), inner);
    return createElement(Place.Provider, { value: { route, data } }, tree);
  };
  return Whole;
};
