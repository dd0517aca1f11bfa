import dynamic from 'next/dynamic';
import Head from 'next/head';
import Image from 'next/image';
import Seal from './Seal';

const Late = dynamic(() => import('./Late'), { loading: () => <i>soon</i> });
const Never = dynamic(() => import('./Late'), { ssr: false });

/** What a component may take of Next.js besides links. */
export default function Poster({ owner = 'nobody' }) {
  return (
    <article>
      <Head>
        <title>{`sealed by ${owner}`}</title>
      </Head>
      <Image src="/seal.png" alt="a seal" width={40} height={20} />
      <Seal owner={owner} />
      <Late word="wax" />
      <Never word="never" />
    </article>
  );
}
