// Builds containers for servers into dist: each a shape of its own that hosts meet.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ModuleFederationPlugin } from '@module-federation/enhanced/webpack';
import webpack from 'webpack';

const require = createRequire(import.meta.url);
const place = (path) => fileURLToPath(new URL(path, import.meta.url));

const shared = {
  react: { singleton: true, requiredVersion: '^19.0.0' },
  'react-dom': { singleton: true, requiredVersion: '^19.0.0' },
};

const configure = (folder, federation, { output, ...usual } = {}) => ({
  name: folder,
  context: place('.'),
  mode: 'production',
  devtool: false,
  target: 'async-node',
  entry: {},
  performance: false,
  infrastructureLogging: { level: 'error' },
  ...usual,
  output: {
    path: place(`dist/${folder}`),
    clean: true,
    publicPath: 'auto',
    chunkFilename: '[name].[contenthash:8].js',
    ...output,
  },
  plugins: [
    new ModuleFederationPlugin({
      filename: 'remoteEntry.js',
      library: { type: 'commonjs-module', name: federation.name },
      remoteType: 'script',
      dts: false,
      shared,
      ...federation,
    }),
  ],
});

const crane = { './Crane': './src/Crane.js' };
const runtimePlugins = [require.resolve('@module-federation/node/runtimePlugin')];
// Names that a build has without hashes, and readable sources.
const readable = { optimization: { minimize: false, chunkIds: 'named', moduleIds: 'named' } };

const configurations = [
  // With hashes, with a manifest, with webpack's own way of loading chunks.
  configure('quay', { name: 'quay', exposes: crane }),
  // Chunks are called by their ids alone, there is no manifest, the sources are readable.
  configure('wharf', { name: 'wharf', exposes: crane, manifest: false }, { ...readable, output: { chunkFilename: 'chunks/[id].js' } }),
  // Chunks are called by numbers, and a plugin loads them.
  configure('jetty', { name: 'jetty', exposes: crane, manifest: false, runtimePlugins }, { output: { chunkFilename: '[id].js' } }),
  // Consumes another remote, on the server too.
  configure('pier', {
    name: 'pier',
    exposes: { './Harbour': './src/Harbour.js' },
    remotes: { quay: 'quay@http://quay.invalid/remoteEntry.js' },
    runtimePlugins,
  }),
  // Consumes another remote by its manifest.
  configure('causeway', {
    name: 'causeway',
    exposes: { './Harbour': './src/Harbour.js' },
    remotes: { quay: 'quay@http://quay.invalid/mf-manifest.json' },
    runtimePlugins,
  }),
  // Its name is no identifier.
  configure('my-berth', { name: 'my-berth', exposes: crane }),
  // The script lies in a folder of its own, the chunks beside that.
  configure('dock', { name: 'dock', filename: 'entry/remoteEntry.js', exposes: crane }, { output: { chunkFilename: 'parts/[name].[contenthash:8].js' } }),
];

const stats = await new Promise((done, fail) =>
  webpack(configurations, (error, stats) => (error ? fail(error) : done(stats))),
);
if (stats.hasErrors()) {
  console.error(stats.toString({ preset: 'errors-warnings' }));
  process.exit(1);
}
