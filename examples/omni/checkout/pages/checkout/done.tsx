import { Link } from 'hanse';
import Title from 'home/Title';

export default function Done({ town }: { town: string }) {
  return (
    <main>
      <title>Thank you</title>
      <Title>Thank you</Title>
      <p>Your goods are on their way to {town}.</p>
      <Link href="/">Back to the harbour</Link>
    </main>
  );
}
