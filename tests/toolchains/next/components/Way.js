import { useRouter } from 'next/router';

/** Where the visitor is; there has to be a router of Next.js. */
export default function Way() {
  return <p>on the way to {useRouter().pathname}</p>;
}
