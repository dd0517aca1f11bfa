// Builds this remote into dist/web and dist/server.
import { rspack } from '@rspack/core';
import configurations from './rspack.config.mjs';

const stats = await new Promise((done, fail) =>
  rspack(configurations, (error, stats) => (error ? fail(error) : done(stats))),
);
if (stats.hasErrors() || stats.hasWarnings()) {
  console.error(stats.toString({ preset: 'errors-warnings' }));
  process.exit(1);
}
