import { version } from 'react';
import { createRoot } from 'react-dom/client';
import { dependencies } from '../package.json';
import { goods } from './goods';
import { Product } from './Product';
import { style } from './style';

/** The goods of the market, one line each. */
export default function ProductList() {
  return (
    <section className="catalog" aria-label="Catalog">
      <h2>Catalog</h2>
      <ul>
        {goods.map((good) => (
          <Product key={good.id} good={good} />
        ))}
      </ul>
      <footer>
        team/catalog · built with React {dependencies.react}, running on <b data-testid="catalog-react">{version}</b>
      </footer>
    </section>
  );
}

/** Shows the component inside `element`; the function that comes back takes it away again. */
export function mount(element: Element): () => void {
  const removeStyle = style();
  const root = createRoot(element);
  root.render(<ProductList />);
  return () => {
    root.unmount();
    removeStyle();
  };
}
