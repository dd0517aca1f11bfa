// The peer: the npm orchestrator, asked over standard input, one JSON command a line.
//
// Its fetch answers from text already in memory, its storage is a fresh object, its console is silent.
// The time runs from the call of initFederation to the moment it hands over the finished import map;
// JSON parsing is inside, reading files, decoding UTF-8 and storing the cache are outside. No collection
// is forced between runs: it would throw away compiled code and slow the peer down.
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { initFederation } from '@softarc/native-federation-orchestrator';

let manifest = {};
let texts = new Map();

globalThis.fetch = async url => {
  const text = texts.get(url);
  return { ok: text !== undefined, status: text === undefined ? 404 : 200, json: async () => JSON.parse(text) };
};

const memory = () => {
  const values = new Map();
  return (key, initial) => {
    const entry = {
      get: () => structuredClone(values.get(key) ?? initial),
      set: value => (values.set(key, value), entry),
      clear: () => (values.delete(key), entry),
    };
    return entry;
  };
};

async function run({ pooling, write }) {
  let seconds, map;
  const start = performance.now();
  await initFederation(manifest, {
    storage: memory,
    feature: { useAutoExternalPooling: pooling },
    setImportMapFn: async importMap => {
      seconds = (performance.now() - start) / 1000;
      map = importMap;
      return importMap;
    },
  });
  if (write) writeFileSync(write, JSON.stringify(map));
  return { seconds };
}

const commands = {
  load({ manifest: names, files }) {
    manifest = names;
    texts = new Map(Object.entries(files).map(([url, path]) => [url, readFileSync(path, 'utf8')]));
    return { loaded: texts.size };
  },
  run,
};

console.warn = console.error = () => {};
for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...rest } = JSON.parse(line);
  const answer = await commands[op](rest);
  process.stdout.write(JSON.stringify(answer) + '\n');
}
