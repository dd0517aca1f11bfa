// What pages get besides while developing: they are reloaded when a remote was built anew, and a small overlay says
// which remote failed, and why. How this is to be written: hanse.js says it.

const page = JSON.parse(document.querySelector('script#hanse-page')?.textContent || '{}');
const name = `hanse-events:${page.base}`;
const channel = new BroadcastChannel(name);
// In milliseconds. Builds of several remotes end one after the other, and one reload is enough for all of them.
const CALM = 150;
// A server that has no stream for us is asked again after a while, then less and less often.
const PAUSES = [1000, 2000, 5000, 10000, 30000];
// A stream that was opened says first what fails now; what it has not named by then is well again.
const SETTLED = 1000;

// What is shown: [name, reason] by remote where the server says it, and by module where this page found out.
const troubles = new Map();
// Remotes that the server calls failing, and why: whoever holds the stream tells tabs that came later.
const failing = new Map();

// --- The overlay. Under a strict policy: no HTML from text, no style elements.

const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

const sheet = new CSSStyleSheet();
sheet.replaceSync(
  [
    ':host{all:initial;position:fixed;inset:auto 1rem 1rem auto;z-index:2147483647;max-width:min(32rem,calc(100vw - 2rem))}',
    ':host([hidden]){display:none}',
    'section{box-sizing:border-box;max-height:50vh;overflow:auto;padding:.75rem 1rem;border:1px solid #b3261e}',
    'section{border-radius:.5rem;background:#fff;color:#1c1b1f;font:.875rem/1.45 system-ui,sans-serif}',
    'section{box-shadow:0 .25rem 1rem #0004}',
    'header{display:flex;gap:1rem;align-items:center;justify-content:space-between}',
    'h2{margin:0;font-size:1rem;color:#8c1d18}',
    'ul{margin:.5rem 0 0;padding:0;list-style:none}',
    'li{margin:.25rem 0;overflow-wrap:anywhere}',
    'button{font:inherit;padding:.125rem .625rem;border:1px solid currentColor;border-radius:.25rem}',
    'button{background:none;color:inherit;cursor:pointer}',
    'button:focus-visible{outline:2px solid #0b57d0;outline-offset:2px}',
    '@media (prefers-color-scheme:dark){section{background:#1f1f23;color:#e6e1e5;border-color:#f2b8b5}}',
    '@media (prefers-color-scheme:dark){h2{color:#f2b8b5}button:focus-visible{outline-color:#a8c7fa}}',
  ].join('')
);

// What comes into this list is read out when there is time for it. Nothing here ever takes the focus.
const list = make('ul', { ariaLive: 'polite' });
const dismiss = make('button', { type: 'button', textContent: 'Dismiss' });
const heading = make('h2', { id: 'heading', textContent: 'Hanse: a remote failed' });
const section = make('section', {}, make('header', {}, heading, dismiss), list);
const overlay = make('div', { id: 'hanse-overlay', hidden: true });
section.setAttribute('aria-labelledby', 'heading');
overlay.attachShadow({ mode: 'open' }).append(section);
overlay.shadowRoot.adoptedStyleSheets = [sheet];

const hide = () => {
  troubles.clear();
  show();
};

dismiss.addEventListener('click', hide);
overlay.addEventListener('keydown', (event) => event.key === 'Escape' && hide());

const show = () => {
  // Into the page when it is needed, and with nothing in it yet: what appears in it later is read out.
  if (troubles.size && !overlay.isConnected) document.body.append(overlay);
  overlay.hidden = !troubles.size;
  const items = Array.from(troubles.values(), ([title, reason]) =>
    make('li', {}, make('strong', { textContent: title }), `: ${reason}`)
  );
  setTimeout(() => list.replaceChildren(...items));
};

// --- What comes to be known: from the server, from other tabs, from the loader, from the page as it was sent.

let reload;

const handlers = {
  reload() {
    clearTimeout(reload);
    reload = setTimeout(() => location.reload(), CALM);
  },
  failing({ remote, reason }) {
    // Told once more, as after a break of the stream, it is no news: it may have been dismissed.
    if (failing.get(remote) === reason) return;
    failing.set(remote, reason);
    troubles.set(remote, [remote, reason]);
    show();
  },
  healed({ remote }) {
    failing.delete(remote);
    troubles.delete(remote);
    show();
  },
};

const hear = ({ type, data }) => Object.keys(handlers).includes(type) && handlers[type](data);
const relay = (message) => {
  channel.postMessage(message);
  hear(message);
};

addEventListener('hanse-error', ({ detail: { remote, key, error } }) => {
  const title = `${remote}${key && '/' + key}`;
  troubles.set(`module ${title}`, [title, error.message.replace(`hanse: ${title}: `, '')]);
  show();
});

// Errors from before this script ran have left their mark.
for (const element of document.querySelectorAll('[data-hanse-fallback]')) {
  const [, remote, reason] = /^remote=(.*);reason=(.*)$/.exec(element.dataset.hanseFallback) ?? [];
  if (remote) troubles.set(`early ${remote}`, [remote, `one of its modules could not be shown: ${reason}`]);
}
show();

// --- One stream for all tabs: a browser has six connections to an origin, and a stream keeps its own for good.

// The tab that holds the lock reads the stream, and tells the others; when it is closed the next one does.
let leave;
let attempt = 0;

const read = () =>
  new Promise((done) => {
    const source = new EventSource(`${page.base}events`);
    leave = (pause) => {
      source.close();
      done(pause);
    };
    let doubtful;
    source.onopen = () => {
      attempt = 0;
      doubtful = new Set(failing.keys());
      setTimeout(() => doubtful.forEach((remote) => relay({ type: 'healed', data: { remote } })), SETTLED);
    };
    // Browsers go on by themselves where the connection broke, and give up on an answer that is no stream.
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) leave(PAUSES[Math.min(attempt++, PAUSES.length - 1)]);
    };
    for (const type of Object.keys(handlers)) {
      source.addEventListener(type, (event) => {
        const data = JSON.parse(event.data);
        doubtful?.delete(data.remote);
        relay({ type, data });
      });
    }
  });

const watch = async () => {
  // A page that is kept for going back to must not keep the stream, nor wait for it.
  const away = new AbortController();
  const { signal } = away;
  addEventListener('pagehide', () => [away.abort(), leave?.()], { once: true });
  while (!signal.aborted) {
    // Without locks, as on plain HTTP from another machine, every tab has a stream of its own.
    const held = navigator.locks ? navigator.locks.request(name, { signal }, read) : read();
    const pause = await held.catch(() => 0);
    leave = undefined;
    if (pause) await new Promise((done) => setTimeout(done, pause));
  }
};

channel.onmessage = ({ data }) => {
  if (data.type !== 'hello') return hear(data);
  if (leave) failing.forEach((reason, remote) => channel.postMessage({ type: 'failing', data: { remote, reason } }));
};

if (page.base) {
  channel.postMessage({ type: 'hello' });
  addEventListener('pageshow', ({ persisted }) => persisted && watch());
  watch();
}
