import './Title.css';
import styles from './Title.module.css';

/** The heading of every page of the store, whichever app's that is. */
export default function Title({ children }: { children: string }) {
  return <h1 className={styles.title}>{children}</h1>;
}
