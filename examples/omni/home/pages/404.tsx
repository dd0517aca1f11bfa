import { Link } from 'hanse';
import Title from '../components/Title';

export default function Missing() {
  return (
    <main>
      <title>There is nothing here</title>
      <Title>There is nothing here</Title>
      <Link href="/">Back to the harbour</Link>
    </main>
  );
}
