import { Link } from 'hanse';
import { add } from 'shop/cart';
import './ProductCard.css';

export type Product = { id: string; name: string; price: number };

/** One of the store's goods, with a button that puts it into the cart. */
export default function ProductCard({ product }: { product: Product }) {
  return (
    <article className="product-card" aria-label={product.name}>
      <Link href={`/shop/${product.id}`}>{product.name}</Link>
      <span>{product.price} marks</span>
      <button type="button" onClick={() => add(product.id)}>
        Add
      </button>
    </article>
  );
}
