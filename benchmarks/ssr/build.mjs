// Builds every remote twice from one source, and the peer's hosts: `node build.mjs FOLDER`.
//
// FOLDER/peer/<remote>: Module Federation containers for servers, by rspack; FOLDER/peer/host-<remote>: hosts.
// FOLDER/hanse/<remote>: plain modules for servers, by esbuild, as native federation builds them; `files.json` says
// which imports which. FOLDER/hanse/react: React as modules.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModuleFederationPlugin } from '@module-federation/enhanced/rspack';
import { rspack } from '@rspack/core';
import * as esbuild from 'esbuild';
import { SHAPES, writeChunks } from './sources/chunks.mjs';

const require = createRequire(import.meta.url);
const here = fileURLToPath(new URL('.', import.meta.url));
const out = resolve(process.argv[2]);
const sources = join(here, 'sources');
// Where the host asks for its remotes; who starts it puts their true origin here.
const ORIGIN = 'http://remotes.invalid';

const REMOTES = {
  home: { './Notice': join(sources, 'Notice.jsx') },
  shop: { './Page': join(sources, 'Page.jsx') },
  ...Object.fromEntries(SHAPES.map((shape) => [shape, { './Page': writeChunks(shape, join(out, 'sources', shape)) }])),
};

const version = require('react/package.json').version;
const shared = Object.fromEntries(
  ['react', 'react/jsx-runtime'].map((key) => [key, { singleton: true, version, requiredVersion: `^${version}` }]),
);

const configure = (name, federation, usual) => ({
  name,
  mode: 'production',
  target: 'async-node',
  devtool: false,
  context: here,
  infrastructureLogging: { level: 'error' },
  performance: false,
  module: {
    rules: [
      {
        test: /\.jsx$/,
        type: 'javascript/auto',
        loader: 'builtin:swc-loader',
        options: { jsc: { parser: { syntax: 'ecmascript', jsx: true }, transform: { react: { runtime: 'automatic' } } } },
      },
    ],
  },
  ...usual,
  resolve: { extensions: ['.jsx', '...'], modules: [join(here, '..', 'node_modules')], ...usual.resolve },
  output: { path: join(out, 'peer', name), clean: true, publicPath: 'auto', chunkFilename: '[name].js', ...usual.output },
  plugins: [
    new ModuleFederationPlugin({
      name,
      filename: 'remoteEntry.js',
      library: { type: 'commonjs-module', name },
      remoteType: 'script',
      runtimePlugins: ['@module-federation/node/runtimePlugin'],
      dts: false,
      shared,
      ...federation,
    }),
  ],
});

const containers = Object.entries(REMOTES).map(([name, exposes]) => configure(name, { exposes }, { entry: {} }));

// A host with `home` and one other remote. As is the default it fetches all its remotes' entries at its start, but not
// where its first visit to the other is timed.
const configureHost = (other) => {
  const name = `host-${other}`;
  const table = join(out, 'sources', `${name}.js`);
  const imports = ['home/Notice', `${other}/Page`].map((id) => `  ${id.split('/')[0]}: () => import('${id}'),`);
  mkdirSync(join(out, 'sources'), { recursive: true });
  writeFileSync(table, `export const REMOTES = {\n${imports.join('\n')}\n};\n`);
  return configure(
    name,
    {
      filename: undefined,
      library: undefined,
      remotes: Object.fromEntries(['home', other].map((remote) => [remote, `${remote}@${ORIGIN}/${remote}/remoteEntry.js`])),
      shareStrategy: SHAPES.includes(other) ? 'loaded-first' : 'version-first',
    },
    {
      entry: { main: join(sources, 'host.js') },
      output: { library: { type: 'commonjs2' }, filename: '[name].js' },
      resolve: { alias: { '#remotes': table } },
    },
  );
};
const hosts = ['shop', ...SHAPES].map(configureHost);

const bundle = (configurations) =>
  new Promise((done, fail) => {
    const compiler = rspack(configurations, (error, stats) => {
      compiler.close(() => {});
      if (error) return fail(error);
      if (stats.hasErrors()) return fail(new Error(stats.toString({ preset: 'errors-only' })));
      return done(stats);
    });
  });

const esm = (options) =>
  esbuild.build({
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    splitting: true,
    minify: true,
    metafile: true,
    jsx: 'automatic',
    chunkNames: '[name]-[hash]',
    entryNames: '[name]',
    logLevel: 'warning',
    ...options,
  });

// Which file imports which, for the document that describes a build.
const describe = (folder, { outputs }) => {
  const name = (file) => relative(folder, resolve(file));
  const files = Object.fromEntries(
    Object.entries(outputs).map(([file, { imports }]) => [
      name(file),
      {
        imports: imports.filter((one) => !one.external).map((one) => name(one.path)),
        externals: imports.filter((one) => one.external).map((one) => one.path),
      },
    ]),
  );
  writeFileSync(join(folder, 'files.json'), JSON.stringify(files, null, 1));
};

const buildModules = async (name, exposes) => {
  const folder = join(out, 'hanse', name);
  const { metafile } = await esm({ entryPoints: Object.values(exposes), outdir: folder, external: ['react', 'react/*'] });
  describe(folder, metafile);
};

// CommonJS has no names that a static import could find: they are written down, as native federation does.
const buildReact = async () => {
  const folder = join(out, 'hanse', 'react');
  const wrappers = join(out, 'sources', 'react');
  mkdirSync(wrappers, { recursive: true });
  const packages = { react: 'react', 'jsx-runtime': 'react/jsx-runtime', 'react-dom': 'react-dom', server: 'react-dom/server.edge' };
  const entryPoints = Object.entries(packages).map(([file, name]) => {
    const names = Object.keys(require(name)).filter((key) => key !== 'default' && /^\w+$/.test(key));
    const path = join(wrappers, `${file}.js`);
    writeFileSync(path, `import all from '${name}';\nexport default all;\nexport const { ${names.join(', ')} } = all;\n`);
    return path;
  });
  const { metafile } = await esm({
    entryPoints,
    outdir: folder,
    nodePaths: [join(here, '..', 'node_modules')],
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  describe(folder, metafile);
};

await bundle([...containers, ...hosts]);
await Promise.all([...Object.entries(REMOTES).map(([name, exposes]) => buildModules(name, exposes)), buildReact()]);
