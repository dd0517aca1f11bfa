// Builds this remote into dist/: remoteEntry.json and the files it names. With --watch it does so again whenever
// a source changes, until it is interrupted.
import { rm } from 'node:fs/promises';
import { runEsBuildBuilder } from '@softarc/native-federation-esbuild';

const watch = process.argv.includes('--watch');
await rm('dist', { recursive: true, force: true });
// What is in dist/ from now on is not what `make examples` left there.
if (watch) await rm('node_modules/.built', { force: true });
const federation = await runEsBuildBuilder('federation.config.mjs', {
  outputPath: 'dist',
  tsConfig: 'tsconfig.json',
  entryPoints: ['src/Basket.tsx'],
  watch,
  // The adapter's own React preset names files that React 19 no longer ships. All that React 19 needs is
  // its CommonJS turned into modules; NODE_ENV, which the adapter sets, picks the production files.
  adapterConfig: { plugins: [], frameworks: [{ name: 'react-19', needsCommonJsPlugin: true }] },
});
if (!watch) await federation.close();
