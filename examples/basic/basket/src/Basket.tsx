import clsx from 'clsx';
import { useEffect, useState, version } from 'react';
import { createRoot } from 'react-dom/client';
import { dependencies } from '../package.json';
import { type Item, type Line, addItem, removeItem, total } from './lines';
import { style } from './style';

/** The basket's lines, fed by whoever dispatches `basket:add` on the window. */
function useLines(): [Line[], (id: string) => void] {
  const [lines, setLines] = useState<Line[]>([]);
  useEffect(() => {
    const receive = (event: Event) => {
      const item = (event as CustomEvent<Item>).detail;
      setLines((current) => addItem(current, item));
    };
    window.addEventListener('basket:add', receive);
    return () => window.removeEventListener('basket:add', receive);
  }, []);
  return [lines, (id) => setLines((current) => removeItem(current, id))];
}

/** What the visitor chose so far, and what it costs. */
export default function Basket() {
  const [lines, remove] = useLines();
  return (
    <section className={clsx('basket', lines.length === 0 && 'is-empty')} aria-label="Basket">
      <h2>Basket</h2>
      {lines.length === 0 && <p data-testid="basket-empty">Nothing chosen yet.</p>}
      <ul>
        {lines.map((line) => (
          <li key={line.id} data-testid={`line-${line.id}`}>
            <span>
              {line.count} × {line.name}
            </span>
            <button type="button" aria-label={`Remove one ${line.name}`} onClick={() => remove(line.id)}>
              −
            </button>
          </li>
        ))}
      </ul>
      <p className="basket-total">
        <span>Total</span> <b data-testid="basket-total">{total(lines)} marks</b>
      </p>
      <footer>
        team/basket · built with React {dependencies.react}, running on <b data-testid="basket-react">{version}</b>
      </footer>
    </section>
  );
}

/** Shows the component inside `element`; the function that comes back takes it away again. */
export function mount(element: Element): () => void {
  const removeStyle = style();
  const root = createRoot(element);
  root.render(<Basket />);
  return () => {
    root.unmount();
    removeStyle();
  };
}
