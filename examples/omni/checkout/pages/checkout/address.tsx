import { Link } from 'hanse';
import Title from 'home/Title';

export default function Address({ fault, town = '' }: { fault?: string; town?: string }) {
  return (
    <main>
      <title>Where to?</title>
      <Title>Where to?</Title>
      <form method="post">
        <label>
          Town <input name="town" defaultValue={town} aria-invalid={fault !== undefined} />
        </label>
        {fault && <p role="alert">{fault}</p>}
        <button>Order</button>
      </form>
      <Link href="/checkout">Back to the cart</Link>
    </main>
  );
}
