// Writes the sources of a remote whose page is made of thirty chunks, which it loads while it is rendered.
//
// flat: the page asks for all of them; levels: for six, each of which asks for the next of five; chain: for one.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const COUNT = 30;
const WIDTHS = { flat: COUNT, levels: 6, chain: 1 };
const name = (number) => `part-${String(number).padStart(2, '0')}`;
// About 3 kB that no minifier takes away, unlike from chunk to chunk.
const words = (number) =>
  Array.from({ length: 40 }, (_, line) => `${name(number)} line ${line}: ${(number * 7919 + line * 104729).toString(36)} ${'.'.repeat(40)}`);

const lazy = (number) => `lazy(() => import('./${name(number)}.jsx'))`;

const part = (number, next) => `import { lazy } from 'react';
const WORDS = ${JSON.stringify(words(number))};
${next === undefined ? '' : `const Next = ${lazy(next)};`}
export default function Part() {
  return <section data-part="${number}"><h2>Part ${number}</h2><p>{WORDS[WORDS.length - 1]}</p>${next === undefined ? '' : '<Next />'}</section>;
}
`;

const page = (firsts) => `import { lazy } from 'react';
export const BUILD = 'build-000000';
const PARTS = [${firsts.map(lazy).join(', ')}];
export default function Page() {
  return <main data-build={BUILD}><h1>Thirty parts</h1>{PARTS.map((Part, number) => <Part key={number} />)}</main>;
}
`;

export const SHAPES = Object.keys(WIDTHS);

export const writeChunks = (shape, folder) => {
  const width = WIDTHS[shape];
  mkdirSync(folder, { recursive: true });
  for (let number = 0; number < COUNT; number += 1) {
    const next = number + width;
    writeFileSync(join(folder, `${name(number)}.jsx`), part(number, next < COUNT ? next : undefined));
  }
  writeFileSync(join(folder, 'Page.jsx'), page(Array.from({ length: width }, (_, number) => number)));
  return join(folder, 'Page.jsx');
};
