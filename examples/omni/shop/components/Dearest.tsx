import ProductCard, { type Product } from './ProductCard';

/** The dearest of the goods; its data comes from `Dearest.py`, whoever shows it. */
export default function Dearest({ products }: { products: Product[] }) {
  return (
    <section aria-label="The dearest goods">
      {products.map((product) => (
        <ProductCard key={product.id} product={product} />
      ))}
    </section>
  );
}
