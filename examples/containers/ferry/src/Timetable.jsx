import { lazy, Suspense, useState, version } from 'react';
import { createRoot } from 'react-dom/client';
import { crossings } from './crossings.js';
import './timetable.css';

const Weather = lazy(() => import('./Weather.jsx'));

/** When the ferry leaves; the weather is a chunk of its own, loaded by who asks for it. */
export default function Timetable() {
  const [asked, setAsked] = useState(false);
  return (
    <section className="timetable" aria-label="Timetable">
      <h2>Timetable</h2>
      <ul>
        {crossings.map(({ time, to }) => (
          <li key={time}>
            <time>{time}</time> {to}
          </li>
        ))}
      </ul>
      <button type="button" onClick={() => setAsked(true)}>
        Weather
      </button>
      {asked && (
        <Suspense fallback={<p>…</p>}>
          <Weather />
        </Suspense>
      )}
      <footer>
        ferry · running on React <b data-testid="ferry-react">{version}</b>
      </footer>
    </section>
  );
}

/** Shows the timetable inside `element`; the function that comes back takes it away again. */
export function mount(element) {
  const root = createRoot(element);
  root.render(<Timetable />);
  return () => root.unmount();
}
