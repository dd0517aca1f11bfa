import { useMemo } from 'react';
import { crossings } from './crossings.js';

/** What to expect on the way. */
export default function Weather() {
  const longest = useMemo(() => crossings.reduce((far, one) => (one.miles > far.miles ? one : far)), []);
  return <p data-testid="weather">Calm seas, {longest.miles} miles to {longest.to}.</p>;
}
