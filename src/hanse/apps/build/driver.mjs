// Drives esbuild for `hanse build`, `dev` and `start`: reads one task as a line of JSON, answers with a line for each
// build. Which files there are and what they are called is decided in Python; this only bundles.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const RESOLVED = Symbol('resolved');
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
// Names that no module can export by declaring them.
const RESERVED = new Set('default break case catch class const continue debugger delete do else enum export extends false finally for function if import in instanceof new null return super switch this throw true try typeof var void while with yield let static await implements interface package private protected public arguments eval'.split(' '));
const SOURCES = /\.[cm]?[jt]sx?$/;
const ASSETS = Object.fromEntries(['avif', 'gif', 'ico', 'jpeg', 'jpg', 'otf', 'png', 'svg', 'ttf', 'webp', 'woff', 'woff2'].map((kind) => [`.${kind}`, 'file']));

const TEXTS = /\.(js|css|svg|json|txt)$/;
const compress = { br: promisify(zlib.brotliCompress), gz: promisify(zlib.gzip) };

const posix = (path) => path.split(sep).join('/');
const quoted = JSON.stringify;

// --- what is left to the import map -------------------------------------------------------------------

const isOf = (name) => (one) => one === name || one.startsWith(`${name}/`);

/** Leaves other apps' modules and shared packages to whoever maps them, however they are asked for. */
const outside = ({ remotes, shared }, own) => {
  const left = (path) => path !== own && (shared.includes(path) || remotes.some((name) => isOf(name)(path)));
  return {
    name: 'outside',
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, ({ path, kind, pluginData }) => {
        if (pluginData === RESOLVED || !left(path)) return undefined;
        // What a CommonJS call names has to be there before: it becomes a static import.
        if (kind === 'require-call') return { path, namespace: 'required' };
        return { path, external: true };
      });
      build.onLoad({ filter: /.*/, namespace: 'required' }, ({ path }) => ({
        contents: `export * from ${quoted(path)}; import * as all from ${quoted(path)}; export default all.default;`,
        loader: 'js',
      }));
    },
  };
};

// --- styles -------------------------------------------------------------------------------------------

/** Gives the classes of `.module.css` names that depend on the file alone: the same in both builds. */
const styleModules = ({ esbuild, folder }) => ({
  name: 'style-modules',
  setup(build) {
    const texts = new Map();
    build.onLoad({ filter: /\.module\.css$/, namespace: 'file' }, async ({ path }) => {
      const css = await readFile(path, 'utf8');
      const place = posix(relative(folder, path));
      const mark = createHash('sha256').update(place).digest('hex').slice(0, 6);
      const renamed = join(dirname(path), `${basename(path, '.module.css')}_${mark}.css`);
      const given = {
        name: 'given',
        setup(inner) {
          inner.onResolve({ filter: /^the-styles$/ }, () => ({ path: renamed }));
          inner.onLoad({ filter: /.*/ }, ({ path: asked }) => (asked === renamed ? { contents: css, loader: 'local-css' } : undefined));
        },
      };
      const made = await esbuild.build({
        stdin: { contents: "export * from 'the-styles'; export { default } from 'the-styles';", resolveDir: dirname(path) },
        plugins: [given], bundle: true, write: false, format: 'esm', outdir: folder, external: ['*.woff2', 'http://*', 'https://*', 'data:*'], logLevel: 'silent',
      });
      const text = (ending) => made.outputFiles.find((file) => file.path.endsWith(ending))?.text ?? '';
      texts.set(path, text('.css'));
      return {
        contents: `import ${quoted(`hanse-style:${path}`)};\n${text('.js')}`,
        loader: 'js', resolveDir: dirname(path), watchFiles: [path],
      };
    });
    build.onResolve({ filter: /^hanse-style:/ }, ({ path }) => ({ path: path.slice('hanse-style:'.length), namespace: 'style' }));
    build.onLoad({ filter: /.*/, namespace: 'style' }, ({ path }) => ({
      contents: texts.get(path), loader: 'css', resolveDir: dirname(path),
    }));
  },
});

// --- entries ------------------------------------------------------------------------------------------

const pageText = ({ file, layouts }, browser) => {
  const from = (path) => quoted(`./${path}`);
  const lines = [
    "import { page } from 'hanse';",
    `import Page from ${from(file)};`,
    ...layouts.map((path, place) => `import Layout${place} from ${from(path)};`),
    `const made = page(Page, [${layouts.map((_, place) => `Layout${place}`).join(', ')}]);`,
    'export default made;',
  ];
  if (browser) {
    lines.push("import { begin } from 'hanse/router';");
    lines.push('export const hydrate = (element, props, options) => begin(made, element, props, options);');
    // Where the server has rendered nothing.
    lines.push('export const mount = (element, props) => hydrate(element, props);');
  }
  return lines.join('\n');
};

/** The entries of an app: pages with their layouts around them, and components as they are. */
const entries = ({ folder, items, browser }) => ({
  name: 'entries',
  setup(build) {
    build.onResolve({ filter: /^hanse-entry:/ }, ({ path }) => {
      const item = items.get(path.slice('hanse-entry:'.length));
      return item.layouts === undefined ? { path: resolve(folder, item.file) } : { path: item.name, namespace: 'page' };
    });
    build.onLoad({ filter: /.*/, namespace: 'page' }, ({ path }) => ({
      contents: pageText(items.get(path), browser), loader: 'js', resolveDir: folder,
    }));
  },
});

/** A shared package as a module with names: those that its CommonJS has, or those of its own modules. */
const packages = ({ esbuild, folder, require, own }) => ({
  name: 'packages',
  setup(build) {
    build.onResolve({ filter: /^hanse-package:/ }, ({ path }) => ({ path: path.slice('hanse-package:'.length), namespace: 'package' }));
    build.onLoad({ filter: /.*/, namespace: 'package' }, async ({ path: specifier }) => {
      if (own[specifier] !== undefined) return { contents: await readFile(own[specifier], 'utf8'), loader: 'js', resolveDir: folder };
      const { path, errors } = await build.resolve(specifier, { kind: 'import-statement', resolveDir: folder, pluginData: RESOLVED });
      if (errors.length > 0) return { errors };
      const { metafile } = await esbuild.build({ entryPoints: [path], bundle: false, write: false, metafile: true, outdir: folder, logLevel: 'silent' });
      const [{ format }] = Object.values(metafile.inputs);
      if (format === 'esm') {
        const [{ exports }] = Object.values(metafile.outputs);
        const all = `export * from ${quoted(path)};`;
        return { contents: exports.includes('default') ? `${all} export { default } from ${quoted(path)};` : all, loader: 'js', resolveDir: folder };
      }
      const names = Object.keys(require(path)).filter((name) => IDENTIFIER.test(name) && !RESERVED.has(name));
      return {
        contents: `import all from ${quoted(path)}; export default all; export const { ${names.join(', ')} } = all;`,
        loader: 'js', resolveDir: folder,
      };
    });
  },
});

// --- builds -------------------------------------------------------------------------------------------

const common = ({ folder, production, esbuild, require }, browser) => ({
  absWorkingDir: folder,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  charset: 'utf8',
  splitting: true,
  metafile: true,
  write: false,
  minify: production,
  // A map leads back to lines; what stands there, the server's secrets among it, is for whoever develops.
  sourcemap: browser ? 'linked' : false,
  sourcesContent: !production,
  legalComments: 'linked',
  logLevel: 'silent',
  loader: ASSETS,
  entryNames: '[name]-[hash]',
  chunkNames: 'chunk-[hash]',
  assetNames: 'asset-[hash]',
  platform: browser ? 'browser' : 'neutral',
  mainFields: browser ? ['browser', 'module', 'main'] : ['module', 'main'],
  conditions: browser ? undefined : ['worker', 'module'],
  define: {
    'process.browser': String(browser),
    'process.env.NODE_ENV': quoted(production ? 'production' : 'development'),
  },
});

const outputName = (key) => key.replace(/^\.\//, '').replace(/\[\.\.\.(\w+)\]/g, '_$1').replace(/\[(\w+)\]/g, '_$1').replaceAll('/', '-');

const bundleOf = (task, side, browser, out) => {
  const items = new Map(task.entries.map((item) => [item.key, { ...item, name: item.key }]));
  return {
    ...common(task, browser),
    outdir: out,
    entryPoints: [...items.keys()].map((key) => ({ in: `hanse-entry:${key}`, out: outputName(key) })),
    plugins: [entries({ folder: task.folder, items, browser }), outside({ ...task, shared: side.shared }), styleModules(task)],
  };
};

const sharedOf = (task, side, browser, out, specifier) => ({
  ...common(task, browser),
  splitting: false,
  sourcemap: false,
  entryNames: '[name].[hash]',
  outdir: out,
  entryPoints: [{ in: `hanse-package:${specifier}`, out: specifier.replace(/^@/, '').replaceAll(/[/.]/g, '_') }],
  alias: side.alias,
  plugins: [packages({ ...task, own: task.own }), outside({ ...task, remotes: [], shared: side.shared }, specifier)],
});

const summary = (metafile, out, folder) => {
  const inside = (path) => posix(relative(out, resolve(folder, path)));
  return Object.fromEntries(
    Object.entries(metafile.outputs).map(([path, { imports, entryPoint, cssBundle }]) => [
      inside(path),
      {
        entry: entryPoint, css: cssBundle && inside(cssBundle),
        imports: imports.filter(({ kind }) => kind !== 'url-token').map(({ path: to, kind, external }) => ({ path: external ? to : inside(to), kind, external: external === true })),
      },
    ]),
  );
};

const buildSide = async (task, name) => {
  const side = task[name];
  const browser = name === 'browser';
  const out = resolve(task.folder, side.out);
  const { esbuild } = task;
  // What is built again and again is built by contexts, which know what has not changed.
  const contexts = (task.contexts[name] ??= Promise.all([
    esbuild.context(bundleOf(task, side, browser, out)),
    ...side.provides.map((specifier) => esbuild.context(sharedOf(task, side, browser, out, specifier))),
  ]));
  const results = await Promise.all((await contexts).map((context) => context.rebuild()));
  const outputs = Object.assign({}, ...results.map(({ metafile }) => summary(metafile, out, task.folder)));
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const files = results.flatMap(({ outputFiles }) => outputFiles);
  await Promise.all(files.map(({ path, contents }) => writeFile(path, contents)));
  if (browser && task.production) await Promise.all(files.map(({ path, contents }) => squeeze(path, contents)));
  const warnings = results.flatMap((result) => result.warnings).map(told);
  return { outputs, warnings };
};

// Once here, so that no server has to for each visitor; what hardly gets smaller is left as it is.
const squeeze = async (path, contents) => {
  if (contents.length < 1024 || !TEXTS.test(path)) return;
  const made = await Promise.all([
    compress.br(contents, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: contents.length } }),
    compress.gz(contents, { level: 9 }),
  ]);
  await Promise.all(['br', 'gz'].map((ending, place) => writeFile(`${path}.${ending}`, made[place])));
};

const told = ({ text, location, notes }) => ({
  text: [text, ...(notes ?? []).map((note) => note.text)].join('\n'),
  file: location?.file ?? '', line: location?.line ?? 0, column: location?.column ?? 0, source: location?.lineText ?? '',
});

const build = async (task) => {
  try {
    const [browser, server] = await Promise.all([buildSide(task, 'browser'), buildSide(task, 'server')]);
    return { browser, server };
  } catch (error) {
    return { errors: error.errors?.map(told) ?? [told({ text: error.stack ?? String(error) })] };
  }
};

const main = async () => {
  let task;
  for await (const line of createInterface({ input: process.stdin })) {
    if (task === undefined) {
      task = JSON.parse(line);
      process.env.NODE_ENV = task.production ? 'production' : 'development';
      const require = createRequire(join(task.folder, 'package.json'));
      try {
        Object.assign(task, { require, esbuild: require('esbuild'), contexts: {} });
      } catch {
        process.stdout.write(`${quoted({ errors: [told({ text: 'esbuild is not installed: run `npm install --save-dev esbuild` in the app' })] })}\n`);
        return;
      }
    }
    process.stdout.write(`${quoted(await build(task))}\n`);
  }
};

await main();
// The bundler's own process would keep this one.
process.exit();
