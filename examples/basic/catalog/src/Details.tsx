import type { Good } from './goods';
import { origins } from './origins';

/** The story of one good. This file is a chunk of its own: nobody loads it before the first click. */
export default function Details({ good }: { good: Good }) {
  return (
    <p className="catalog-details" data-testid={`details-${good.id}`}>
      {origins[good.id] ?? 'Nobody remembers where this came from.'}
    </p>
  );
}
