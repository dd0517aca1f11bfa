import { createElement as h } from 'react';

/** Says whose the load is. */
export default function Label() {
  return h('em', null, 'salt from Lüneburg');
}
