import { useId, useState } from 'react';

/** A seal; it needs React and nothing of Next.js. */
export default function Seal({ owner = 'nobody' }) {
  const [name] = useState(owner);
  return <p id={useId()}>sealed by {name}</p>;
}
