import clsx from 'clsx';
import { Suspense, lazy, useState } from 'react';
import type { Good } from './goods';

const Details = lazy(() => import('./Details'));

/** Tells whoever listens on this page; the catalog does not know which remote that is. */
function add(good: Good): void {
  window.dispatchEvent(new CustomEvent('basket:add', { detail: { id: good.id, name: good.name, price: good.price } }));
}

/** One good: its price, a button that puts it in the basket, and its story on demand. */
export function Product({ good }: { good: Good }) {
  const [open, setOpen] = useState(false);
  return (
    <li className={clsx('catalog-product', open && 'is-open')} data-testid={`product-${good.id}`}>
      <span className="catalog-name">{good.name}</span>
      <span className="catalog-price">
        {good.price} marks a {good.unit}
      </span>
      <span className="catalog-buttons">
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Close' : 'Details'}
        </button>
        <button type="button" className="is-strong" onClick={() => add(good)}>
          Add
        </button>
      </span>
      {open && (
        <Suspense fallback={<p className="catalog-details">Asking the merchants …</p>}>
          <Details good={good} />
        </Suspense>
      )}
    </li>
  );
}
