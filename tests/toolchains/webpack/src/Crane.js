import { createContext, createElement as h, lazy, Suspense, useContext, useId, useMemo } from 'react';

const Load = lazy(() => import('./Load.js'));
const Depth = createContext('none');

function Hook() {
  return h('b', { id: useId() }, useContext(Depth));
}

/** A crane on the quay; what hangs on it is a chunk of its own. */
export default function Crane({ load = 1 }) {
  const doubled = useMemo(() => load * 2, [load]);
  return h(
    Depth.Provider,
    { value: 'deep' },
    h('section', null, h('p', null, `crane lifts ${doubled}`), h(Hook), h(Suspense, { fallback: h('i', null, '…') }, h(Load, { load }))),
  );
}
