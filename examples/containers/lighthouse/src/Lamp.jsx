import { useState, version } from 'react';
import { createRoot } from 'react-dom/client';
import './lamp.css';

/** A lamp that is lit and put out by a click. */
export default function Lamp() {
  const [lit, setLit] = useState(false);
  return (
    <section className="lamp" aria-label="Lamp">
      <p data-testid="lamp">{lit ? 'The lamp is lit.' : 'The lamp is out.'}</p>
      <button type="button" onClick={() => setLit(!lit)}>
        {lit ? 'Put out' : 'Light'}
      </button>
      <footer>
        lighthouse · running on React <b data-testid="lamp-react">{version}</b>
      </footer>
    </section>
  );
}

/** Shows the lamp inside `element`; the function that comes back takes it away again. */
export function mount(element) {
  const root = createRoot(element);
  root.render(<Lamp />);
  return () => root.unmount();
}
