import Title from '../components/Title';

export default function Failed({ status, message }: { status: number; message: string }) {
  return (
    <main>
      <title>{`${status}`}</title>
      <Title>{`${status}`}</Title>
      <p>{message}. Please come again in a while.</p>
    </main>
  );
}
