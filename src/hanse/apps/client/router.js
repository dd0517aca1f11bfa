// Navigates between the pages of all apps without a reload. The first page is hydrated; what comes then is rendered
// into the same root, so that there is one React and one tree as long as the document lives.
import { createElement, startTransition, useLayoutEffect, useSyncExternalStore } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { install } from 'hanse';

// How long what was prefetched is as good as new, in milliseconds, and how long a page's styles are waited for.
const FRESH = 10_000;
const PATIENCE = 3_000;
const PAGE = '_hanse/page';
const FRAGMENT = '_hanse/fragment';

// Of which snapshot the document is: what is asked for fits its import map.
const { snapshot = '' } = JSON.parse(document.querySelector('script#hanse-page')?.textContent || '{}');

let shown;
let listeners = new Set();
let under;
const fetched = new Map();

const show = (next) => {
  shown = next;
  for (const tell of listeners) tell();
};

const subscribe = (tell) => {
  listeners.add(tell);
  return () => listeners.delete(tell);
};

/** The root of the document: whatever page is shown. */
const Root = () => {
  const { Page, props, landed } = useSyncExternalStore(subscribe, () => shown, () => shown);
  useLayoutEffect(() => landed?.(), [landed]);
  return createElement(Page, props);
};

const here = () => location.pathname + location.search;

const failed = (message) => new Error(`hanse: ${message}`);

// Asks this page's own origin, whoever's page it is.
const ask = async (url, signal) => {
  const headers = { accept: 'application/json', 'hanse-snapshot': snapshot };
  const answer = await fetch(`/${PAGE}${url.pathname}${url.search}`, { headers, signal, credentials: 'same-origin' });
  if (!answer.headers.get('content-type')?.startsWith('application/json')) throw failed('no page came');
  const told = await answer.json();
  if (told.redirect === undefined && told.module === undefined) throw failed('no page came');
  return told;
};

const fetchPage = (url, signal) => {
  const key = url.pathname + url.search;
  const known = fetched.get(key);
  fetched.delete(key);
  if (known && performance.now() - known.at < FRESH) return known.told;
  return ask(url, signal);
};

// Fetches a page and its modules before anybody goes there; what goes wrong is found out again when somebody does.
const prefetch = (url) => {
  const key = url.pathname + url.search;
  const known = fetched.get(key);
  if (key === here() || (known && performance.now() - known.at < FRESH)) return;
  const told = ask(url);
  fetched.set(key, { at: performance.now(), told });
  told.then(({ module }) => module && import(module)).catch(() => fetched.delete(key));
};

// Adds the style sheets that are not there yet, and waits until they apply.
const dress = (styles = []) => {
  const links = [...document.querySelectorAll('link[rel=stylesheet], style[data-href]')];
  const there = new Set(links.map(({ href, dataset }) => href || dataset.href));
  const waits = styles.filter((href) => !there.has(new URL(href, location).href)).map((href) => {
    const link = document.createElement('link');
    Object.assign(link, { rel: 'stylesheet', href });
    return new Promise((done) => {
      link.onload = link.onerror = done;
      document.head.append(link);
    });
  });
  return Promise.race([Promise.all(waits), new Promise((done) => setTimeout(done, PATIENCE))]);
};

// Markup of a fragment comes from this page's own server, which has written it anew where nobody vouches for it.
const policy = self.trustedTypes?.createPolicy('hanse-fragment', { createHTML: (html) => html });
const filled = new WeakMap();

// Fills an element with a module that is rendered on the server; what the server has filled already stays.
const fill = async (element, of, props, app) => {
  const wanted = `${of}\n${props}`;
  const known = filled.get(element);
  filled.set(element, wanted);
  if (known === wanted || (known === undefined && element.firstChild)) return;
  try {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const body = JSON.stringify({ of, props: JSON.parse(props), app });
    const answer = await fetch(`/${FRAGMENT}`, { method: 'POST', headers, body, credentials: 'same-origin' });
    if (!answer.ok) throw failed(`${of} cannot be shown: ${answer.status}`);
    const { html, styles } = await answer.json();
    await dress(styles);
    if (filled.get(element) !== wanted) return;
    element.innerHTML = policy ? policy.createHTML(html) : html;
    await Promise.all([self.hanse?.mount?.(element), self.hanse?.hydrate?.(element)]);
  } catch (error) {
    if (filled.get(element) === wanted) filled.delete(element);
    console.error(error);
  }
};

const note = (state) => history.replaceState({ ...history.state, ...state }, '');

const remember = () => note({ hanse: { scroll: [scrollX, scrollY] } });

// Where the reader looks next: the place that the URL names, the place they had left, or the top.
const settle = (hash, scroll, keep) => {
  const place = hash && document.getElementById(decodeURIComponent(hash.slice(1)));
  if (place) place.scrollIntoView();
  else if (scroll) scrollTo(...scroll);
  else if (!keep) scrollTo(0, 0);
  const main = place || document.querySelector('main, [role=main], h1') || document.body;
  if (!main.hasAttribute('tabindex')) main.setAttribute('tabindex', '-1');
  main.focus({ preventScroll: true });
};

const render = (Page, props) =>
  new Promise((landed) => {
    startTransition(() => show({ Page, props, landed }));
  });

const go = async (url, { replace = false, scroll = true, back } = {}) => {
  under?.abort();
  const mine = (under = new AbortController());
  document.documentElement.dataset.hanseNavigating = '';
  try {
    const told = await fetchPage(url, mine.signal);
    if (told.redirect !== undefined) {
      const to = new URL(told.redirect, url);
      if (to.origin !== location.origin) return void location.assign(to);
      mine.signal.throwIfAborted();
      return await go(to, { replace, scroll });
    }
    const [module] = await Promise.all([import(told.module), dress(told.styles)]);
    // A later one has begun, or a page was left meanwhile.
    mine.signal.throwIfAborted();
    if (!back) {
      remember();
      history[replace ? 'replaceState' : 'pushState']({ hanse: {} }, '', url);
    }
    await render(module.default, told.props);
    settle(url.hash, back?.scroll, !scroll);
    dispatchEvent(new CustomEvent('hanse-navigated', { detail: { path: here(), route: told.props.route } }));
  } catch (error) {
    if (mine.signal.aborted) throw error;
    // Whatever it was: the server shows the page, or says why it cannot.
    location.assign(url);
  } finally {
    if (under === mine) delete document.documentElement.dataset.hanseNavigating;
  }
};

const navigate = (href, options) => {
  const url = new URL(href, location.href);
  if (url.origin !== location.origin) {
    location.assign(url);
    return new Promise(() => undefined);
  }
  if (url.hash && url.pathname + url.search === here()) {
    location.hash = url.hash;
    return Promise.resolve();
  }
  return go(url, options);
};

const linkOf = (event) => {
  const link = event.target?.closest?.('a[data-hanse-link]');
  if (!link || link.target || link.hasAttribute('download')) return undefined;
  return new URL(link.href).origin === location.origin ? link : undefined;
};

const clicked = (event) => {
  const link = linkOf(event);
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const { hanseReplace, hanseKeepScroll } = link.dataset;
  navigate(link.href, { replace: hanseReplace !== undefined, scroll: hanseKeepScroll === undefined }).catch(() => undefined);
};

const intended = (event) => {
  const link = linkOf(event);
  if (link?.dataset.hanseLink === 'intent') prefetch(new URL(link.href));
};

const listen = () => {
  history.scrollRestoration = 'manual';
  addEventListener('click', clicked);
  for (const kind of ['pointerover', 'focusin', 'touchstart']) addEventListener(kind, intended, { passive: true });
  addEventListener('popstate', ({ state }) => {
    if (state?.hanse) go(new URL(location.href), { back: state.hanse }).catch(() => undefined);
  });
  addEventListener('pagehide', remember);
  note({ hanse: history.state?.hanse ?? {} });
};

/** Takes over the page that the server has rendered into an element, or renders it where that is empty. */
export const begin = (Page, element, props, options) => {
  shown = { Page, props };
  install({ navigate, fill });
  listen();
  if (element.firstChild) return hydrateRoot(element, createElement(Root), options);
  const root = createRoot(element, options);
  root.render(createElement(Root));
  return root;
};
