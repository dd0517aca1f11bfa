// One container for browsers, a script, and one for servers, a CommonJS module; both expose the same.
import { fileURLToPath } from 'node:url';
import { ModuleFederationPlugin } from '@module-federation/enhanced/rspack';
// What is shared with the other remotes, written by `npm run share`; the ranges are those of peerDependencies.
import { shared } from './shared.generated.mjs';

const name = 'ferry';
const exposes = { './Ticket': './src/Ticket.jsx', './Timetable': './src/Timetable.jsx' };

const configure = ({ folder, library, ...others }) => ({
  name: folder,
  mode: 'production',
  devtool: false,
  // Without errors, it would still say that `auto` is worked out in the browser.
  infrastructureLogging: { level: 'error' },
  entry: {},
  resolve: { extensions: ['.jsx', '...'] },
  module: {
    rules: [
      { test: /\.jsx$/, loader: 'builtin:swc-loader', options: { jsc: { parser: { syntax: 'ecmascript', jsx: true }, transform: { react: { runtime: 'automatic' } } } } },
      { test: /\.css$/, type: 'css/auto' },
    ],
  },
  // What is exposed may be as large as it has to be.
  performance: false,
  plugins: [
    new ModuleFederationPlugin({ name, filename: 'remoteEntry.js', library, exposes, shared, manifest: true, dts: false }),
  ],
  ...others,
  output: {
    path: fileURLToPath(new URL(`dist/${folder}`, import.meta.url)),
    clean: true,
    uniqueName: name,
    // Chunks are where the container is, wherever that was deployed.
    publicPath: 'auto',
    chunkFilename: '[name].[contenthash:8].js',
    cssChunkFilename: '[name].[contenthash:8].css',
    ...others.output,
  },
});

export default [
  configure({
    folder: 'web',
    target: ['web', 'es2022'],
    library: { type: 'var', name },
    output: {
      // Under a policy with `require-trusted-types-for 'script'`, the container may load its chunks only like this.
      trustedTypes: { policyName: name },
      // Chunks come from another origin than the page: only so are their errors told in full.
      crossOriginLoading: 'anonymous',
    },
  }),
  configure({
    folder: 'server',
    target: 'async-node',
    library: { type: 'commonjs-module', name },
  }),
];
