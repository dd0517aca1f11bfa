import ProductCard, { type Product } from '../../components/ProductCard';

const Title = require('home/Title').default;

export default function Shop({ products }: { products: Product[] }) {
  return (
    <>
      <title>Goods</title>
      <Title>Goods</Title>
      <ul>
        {products.map((product) => (
          <li key={product.id}>
            <ProductCard product={product} />
          </li>
        ))}
      </ul>
    </>
  );
}
