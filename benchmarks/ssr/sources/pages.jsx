// What the peer's host renders: fragments of its remotes, with the fallback that a careful author would write.
import { createElement } from 'react';
import { renderToPipeableStream, renderToString } from 'react-dom/server';
import { Writable } from 'node:stream';

import { REMOTES } from '#remotes';

// Works in a bundle alone.
export { revalidate } from '@module-federation/node/utils';

// The fastest way to HTML there is, for components that wait for nothing.
export const render = async (remote, props) => {
  const { default: component } = await REMOTES[remote]();
  return renderToString(createElement(component, props));
};

// For components that load others while they are rendered: all of the HTML, since nothing in it may come later.
export const renderLazy = async (remote, props) => {
  const { default: component } = await REMOTES[remote]();
  return new Promise((done, fail) => {
    const pieces = [];
    const sink = new Writable({
      write(piece, _, next) {
        pieces.push(piece);
        next();
      },
      final(next) {
        done(Buffer.concat(pieces).toString());
        next();
      },
    });
    const { pipe } = renderToPipeableStream(createElement(component, props), {
      onAllReady: () => pipe(sink),
      onShellError: fail,
      onError: () => {},
    });
  });
};

export const renderOrExcuse = async (remote, props) => {
  try {
    return await render(remote, props);
  } catch (error) {
    return `<p data-excuse="${remote}">${String(error.message).slice(0, 200).replace(/[&<>]/g, ' ')}</p>`;
  }
};
