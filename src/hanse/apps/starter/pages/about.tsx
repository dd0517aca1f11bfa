import { Link } from 'hanse';

export default function About() {
  return (
    <main>
      <title>About __NAME__</title>
      <h1>About __NAME__</h1>
      <p>Other apps show its pages and its components. It is built and deployed apart from them.</p>
      <Link href="/">Back</Link>
    </main>
  );
}
