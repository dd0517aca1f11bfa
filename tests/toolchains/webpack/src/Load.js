import { createElement as h, lazy, Suspense, useState } from 'react';

const Label = lazy(() => import('./Label.js'));

/** What hangs on the crane; its label is a chunk that only this chunk asks for. */
export default function Load({ load }) {
  const [weight] = useState(load);
  return h('p', null, `load of ${weight}`, h(Suspense, { fallback: null }, h(Label)));
}
