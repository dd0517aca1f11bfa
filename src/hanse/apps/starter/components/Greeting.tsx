import { useState } from 'react';
import styles from './Greeting.module.css';

/** Other apps import it: `import Greeting from '__NAME__/Greeting'`. */
export default function Greeting({ name }: { name: string }) {
  const [cheers, setCheers] = useState(0);
  return (
    <header className={styles.greeting}>
      <h1>Welcome to {name}</h1>
      <button type="button" onClick={() => setCheers(cheers + 1)}>
        Cheers: {cheers}
      </button>
    </header>
  );
}
