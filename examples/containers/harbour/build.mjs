// Builds this remote into dist/: remoteEntry.json and the files it names.
import { rm } from 'node:fs/promises';
import { runEsBuildBuilder } from '@softarc/native-federation-esbuild';

await rm('dist', { recursive: true, force: true });
const federation = await runEsBuildBuilder('federation.config.mjs', {
  outputPath: 'dist',
  tsConfig: 'tsconfig.json',
  entryPoints: ['src/Quay.tsx'],
  // The adapter's own React preset names files that React 19 no longer ships. All that React 19 needs is
  // its CommonJS turned into modules; NODE_ENV, which the adapter sets, picks the production files.
  adapterConfig: { plugins: [], frameworks: [{ name: 'react-19', needsCommonJsPlugin: true }] },
});
await federation.close();
