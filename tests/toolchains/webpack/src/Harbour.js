import { createElement as h, useState } from 'react';
import Crane from 'quay/Crane';

/** A harbour, around the crane of another remote. */
export default function Harbour({ load = 3 }) {
  const [name] = useState('harbour');
  return h('main', null, h('h1', null, name), h(Crane, { load }));
}
