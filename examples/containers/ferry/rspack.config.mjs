// One container for browsers, a script, and one for servers, a CommonJS module; both expose the same.
import { fileURLToPath } from 'node:url';
import { ModuleFederationPlugin } from '@module-federation/enhanced/rspack';
import { follow } from './follow.mjs';
// How the two are built, written by `npm run plan` from federation.json.
import { steps as client } from './client.generated.mjs';
import { steps as server } from './server.generated.mjs';
// What is shared with the other remotes, written by `npm run share`; the ranges are those of peerDependencies.
import { shared } from './shared.generated.mjs';

const configure = (folder, steps, usual) => {
  const { configuration, federation } = follow(steps, {
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
    ...usual,
    output: {
      path: fileURLToPath(new URL(`dist/${folder}`, import.meta.url)),
      clean: true,
      // Chunks are where the container is, wherever that was deployed.
      publicPath: 'auto',
      chunkFilename: '[name].[contenthash:8].js',
      cssChunkFilename: '[name].[contenthash:8].css',
      ...usual.output,
    },
  });
  // The manifest lies beside the container.
  const options = { ...federation, shared, manifest: { ...federation.manifest, filePath: '' } };
  return { ...configuration, plugins: [new ModuleFederationPlugin(options)] };
};

export default [
  configure('web', client, {
    target: ['web', 'es2022'],
    output: {
      // Under a policy with `require-trusted-types-for 'script'`, the container may load its chunks only like this.
      trustedTypes: { policyName: 'ferry' },
      // Chunks come from another origin than the page: only so are their errors told in full.
      crossOriginLoading: 'anonymous',
    },
  }),
  configure('server', server, {}),
];
