import { Link } from 'hanse';
import { useCart } from 'shop/cart';

/** How much is in the cart, and the way to pay for it. */
export default function CartBadge() {
  const goods = useCart();
  return (
    <nav aria-label="Cart">
      <Link href="/checkout">
        Cart: <b data-testid="cart">{goods.length}</b>
      </Link>
    </nav>
  );
}
