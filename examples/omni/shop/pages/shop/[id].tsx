import { Link } from 'hanse';
import { Suspense, lazy } from 'react';
import { type Product } from '../../components/ProductCard';
import { add } from '../../components/cart';

const Title = lazy(() => import('home/Title'));

export default function ProductPage({ product }: { product: Product }) {
  return (
    <>
      <title>{product.name}</title>
      <Suspense fallback={<h1>…</h1>}>
        <Title>{product.name}</Title>
      </Suspense>
      <p>{product.price} marks</p>
      <button type="button" onClick={() => add(product.id)}>
        Add
      </button>
      <Link href="/shop">All goods</Link>
      <Link href="/checkout">To the checkout</Link>
    </>
  );
}
