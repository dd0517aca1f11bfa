import { Fragment, Link } from 'hanse';
import Title from 'home/Title';
import { useCart } from 'shop/cart';

export default function Checkout() {
  const goods = useCart();
  return (
    <main>
      <title>Checkout</title>
      <Title>Checkout</Title>
      <ol>
        {goods.map((id, place) => (
          <li key={place}>{id}</li>
        ))}
      </ol>
      <Fragment of="offer/herring" />
      <Link href="/checkout/address">Where to?</Link>
      <Link href="/">Back to the harbour</Link>
    </main>
  );
}
