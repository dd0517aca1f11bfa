import { Fragment, Link } from 'hanse';
import CartBadge from 'checkout/CartBadge';
import ProductCard, { type Product } from 'shop/ProductCard';
import Title from '../components/Title';

export default function Home({ teasers }: { teasers: Product[] }) {
  return (
    <>
      <title>The harbour store</title>
      <CartBadge />
      <main>
        <Title>The harbour store</Title>
        <ul>
          {teasers.map((product) => (
            <li key={product.id}>
              <ProductCard product={product} />
            </li>
          ))}
        </ul>
        <Fragment of="shop/Dearest" props={{ count: 1 }} />
        <Fragment of="bulletin/News" props={{ port: 'Visby' }} />
        <Link href="/shop">All goods</Link>
        <Link href="/harbour">At the harbour</Link>
      </main>
    </>
  );
}
