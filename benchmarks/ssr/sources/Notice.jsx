// A small fragment of another remote, which never fails.
import { useId } from 'react';

export const BUILD = 'build-000000';

export default function Notice({ visitor = 'nobody' }) {
  const id = useId();
  return (
    <aside data-build={BUILD} aria-labelledby={id}>
      <h2 id={id}>The harbour is open</h2>
      <p>Welcome, {visitor}.</p>
    </aside>
  );
}
