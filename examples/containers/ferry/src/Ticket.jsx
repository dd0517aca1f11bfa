import { createContext, useContext, useState, version } from 'react';
import { createRoot } from 'react-dom/client';

/** What a crossing costs, in marks; whoever shows tickets says it. */
export const Fare = createContext(3);

/** A ticket for as many as come along. */
export default function Ticket() {
  const fare = useContext(Fare);
  const [travellers, setTravellers] = useState(1);
  return (
    <section aria-label="Ticket">
      <p data-testid="ticket">
        {travellers} × {fare} = {travellers * fare} marks
      </p>
      <button type="button" onClick={() => setTravellers(travellers + 1)}>
        One more
      </button>
      <footer>
        ferry · running on React <b data-testid="ticket-react">{version}</b>
      </footer>
    </section>
  );
}

/** Shows a ticket inside `element`; the function that comes back takes it away again. */
export function mount(element, { fare } = {}) {
  const root = createRoot(element);
  root.render(
    <Fare.Provider value={fare ?? 3}>
      <Ticket />
    </Fare.Provider>,
  );
  return () => root.unmount();
}
