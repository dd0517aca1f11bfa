import { type ComponentType, type Context, Suspense, lazy, use, useState, version } from 'react';
import { createRoot } from 'react-dom/client';
import { dependencies } from '../package.json';
import { style } from './style';

declare global {
  interface Window {
    loadRemoteModule<Module>(remote: string, key: string): Promise<Module>;
  }
}

interface TicketModule {
  default: ComponentType;
  Fare: Context<number>;
}

/** The ferry's ticket, in this remote's tree: what the ferry reads from its context, this tree provides. */
function Tickets({ module, fare }: { module: Promise<TicketModule>; fare: number }) {
  const { default: Ticket, Fare } = use(module);
  return (
    <Fare.Provider value={fare}>
      <Ticket />
    </Fare.Provider>
  );
}

const Lamp = lazy(() => window.loadRemoteModule<{ default: ComponentType }>('lighthouse', './Lamp'));

/** A quay where a ferry lands and a lamp stands; both belong to other teams. */
export default function Quay({ ticket }: { ticket: Promise<TicketModule> }) {
  const [fare, setFare] = useState(3);
  return (
    <section className="quay" aria-label="Quay">
      <h2>Quay</h2>
      <p>
        The fare is <b data-testid="fare">{fare}</b> marks.{' '}
        <button type="button" onClick={() => setFare(fare + 1)}>
          Raise it
        </button>
      </p>
      <Suspense fallback={<p>…</p>}>
        <Tickets module={ticket} fare={fare} />
        <Lamp />
      </Suspense>
      <footer>
        harbour · built with React {dependencies.react}, running on <b data-testid="quay-react">{version}</b>
      </footer>
    </section>
  );
}

/** Shows the quay inside `element`; the function that comes back takes it away again. */
export function mount(element: Element): () => void {
  const removeStyle = style();
  const root = createRoot(element);
  root.render(<Quay ticket={window.loadRemoteModule<TicketModule>('ferry', './Ticket')} />);
  return () => {
    root.unmount();
    removeStyle();
  };
}
