import { useId, useInsertionEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { news } from './news';
import { style } from './style';

/** What is new in town; rendered on the server, and counted on in the browser. */
export default function News({ town }: { town: string }) {
  const [heard, setHeard] = useState(0);
  const id = useId();
  useInsertionEffect(style, []);
  return (
    <section className="crier" aria-labelledby={id}>
      <h2 id={id}>News of {town}</h2>
      <ul>
        {news.map((item) => (
          <li key={item}>{item}</li>
        ))}
      </ul>
      <button type="button" data-testid="crier-heard" onClick={() => setHeard(heard + 1)}>
        Heard {heard} times
      </button>
    </section>
  );
}

/** Shows the component inside `element`; the function that comes back takes it away again. */
export function mount(element: Element, props: { town: string }): () => void {
  const root = createRoot(element);
  root.render(<News {...props} />);
  return () => root.unmount();
}
