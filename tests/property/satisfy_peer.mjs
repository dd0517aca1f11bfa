// Asks Module Federation's own `satisfy`: one [version, range] a line in, one answer a line out.
// Usage: node satisfy_peer.mjs FOLDER, where FOLDER has the node_modules with the runtime.

import path from "node:path";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const runtime = path.resolve(process.argv[2], "node_modules/@module-federation/runtime/dist/index.js");
const { satisfy } = await import(pathToFileURL(runtime).href);

for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  process.stdout.write(`${JSON.stringify(satisfy(...JSON.parse(line)))}\n`);
}
