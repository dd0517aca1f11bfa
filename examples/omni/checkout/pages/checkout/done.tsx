import { Link } from 'hanse';
import { Suspense, lazy } from 'react';

const Title = require('home/Title').default;
const ProductCard = lazy(() => import('shop/ProductCard'));

const NEXT = { id: 'furs', name: 'Furs from Novgorod', price: 120 };

export default function Done({ town }: { town: string }) {
  return (
    <main>
      <title>Thank you</title>
      <Title>Thank you</Title>
      <p>Your goods are on their way to {town}.</p>
      <Suspense fallback={null}>
        <ProductCard product={NEXT} />
      </Suspense>
      <Link href="/">Back to the harbour</Link>
    </main>
  );
}
