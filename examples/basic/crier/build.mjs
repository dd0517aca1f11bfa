// Builds this remote into dist/: remoteEntry.json and the files it names.
import { rm } from 'node:fs/promises';
import { runEsBuildBuilder } from '@softarc/native-federation-esbuild';

await rm('dist', { recursive: true, force: true });
const federation = await runEsBuildBuilder('federation.config.mjs', {
  outputPath: 'dist',
  tsConfig: 'tsconfig.json',
  entryPoints: ['src/News.tsx'],
  // React 19 needs its CommonJS turned into modules, and no more; see the catalog's build.
  watch: false,
  adapterConfig: { plugins: [], frameworks: [{ name: 'react-19', needsCommonJsPlugin: true }] },
});
await federation.close();
// A worker of the toolchain is left behind where it bundled packages anew; it would keep this process for good.
process.exit();
