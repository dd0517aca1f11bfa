// Prints the age vectors of the package cctv-age whose names begin with `stream_`: name and base64, one a line.
// Usage: node age_vectors.mjs FOLDER, where FOLDER has the node_modules with the package.

import path from "node:path";
import { pathToFileURL } from "node:url";

const vectors = await import(pathToFileURL(path.resolve(process.argv[2], "node_modules/cctv-age/index.js")).href);

for (const [name, bytes] of Object.entries(vectors)) {
  if (name.startsWith("stream_")) {
    process.stdout.write(`${name} ${Buffer.from(bytes).toString("base64")}\n`);
  }
}
