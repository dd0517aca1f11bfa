import { Link } from 'hanse';
import { Suspense, lazy } from 'react';
import Title from '../components/Title';

// The same as importing it; and a chunk of its own, loaded when it is shown.
const CartBadge = require('checkout/CartBadge').default;
const ProductCard = lazy(() => import('shop/ProductCard'));

const BARREL = { id: 'salt', name: 'Salt, by the barrel', price: 8 };

export default function Harbour() {
  return (
    <>
      <title>At the harbour</title>
      <CartBadge />
      <main>
        <Title>At the harbour</Title>
        <Suspense fallback={<p>It is being unloaded…</p>}>
          <ProductCard product={BARREL} />
        </Suspense>
        <Link href="/">To the store</Link>
      </main>
    </>
  );
}
