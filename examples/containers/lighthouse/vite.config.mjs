// A container that is an ES module. It is built for pages of other origins: its files are named relatively.
import { federation } from '@module-federation/vite';
import { defineConfig } from 'vite';
// What is shared with the other remotes, written by `npm run share`. Vite's plugin does not read the ranges of
// peerDependencies; they are in shared.json.
import { shared } from './shared.generated.mjs';

export default defineConfig({
  // As `/`, it would ask the page's own origin for its files.
  base: './',
  esbuild: { jsx: 'automatic' },
  plugins: [
    federation({
      name: 'lighthouse',
      filename: 'remoteEntry.js',
      exposes: { './Lamp': './src/Lamp.jsx' },
      shared,
      manifest: true,
      dts: false,
    }),
  ],
  build: { target: 'es2022', modulePreload: false, rollupOptions: { input: 'src/Lamp.jsx' } },
});
