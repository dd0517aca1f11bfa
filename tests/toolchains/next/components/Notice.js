import Link from 'next/link';
import Seal from './Seal';

/** A seal with a link, as only Next.js has it. */
export default function Notice({ owner }) {
  return (
    <div>
      <Seal owner={owner} /> <Link href="/guild">see there</Link>
    </div>
  );
}
