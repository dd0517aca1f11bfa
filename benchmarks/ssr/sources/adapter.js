// Renders a React component: to a string, or where it has to wait for something, to the end of a stream.
import { createElement } from 'react';
import { renderToReadableStream, renderToString } from 'react-dom/server';

const waiting = new WeakSet();

const whole = async (element) => {
  const stream = await renderToReadableStream(element, { progressiveChunkSize: Infinity });
  await stream.allReady;
  return stream;
};

export const render = (component, props) => {
  const element = createElement(component, props);
  if (!waiting.has(component)) {
    try {
      return renderToString(element);
    } catch {
      waiting.add(component);
    }
  }
  return whole(element);
};
