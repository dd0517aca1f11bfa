import { Link } from 'hanse';
import Greeting from '../components/Greeting';

export default function Home({ visits }: { visits: number }) {
  return (
    <main>
      <title>__NAME__</title>
      <Greeting name="__NAME__" />
      <p>This page was shown {visits} times.</p>
      <Link href="/about">About this app</Link>
    </main>
  );
}
