// The peer: a host in as many Node processes as asked, one port. Told what to do by JSON, one line each, on standard
// input: first the task `{bundle, port, processes}`, then `{op}`; each is answered by a line. The end of input ends it.
//
// It answers with pages at /shop (one fragment of about a thousand elements), /flat, /levels and /chain (fragments that
// load thirty chunks), /both (a large and a small fragment, each with an excuse in its place if it fails) and /home.
const cluster = require('node:cluster');
const http = require('node:http');
const { createInterface } = require('node:readline');

const PATIENCE = 120_000;

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const runPrimary = async () => {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const task = JSON.parse((await lines.next()).value);
  // What workers print must not come between the answers.
  cluster.setupPrimary({ stdio: ['ignore', 2, 2, 'ipc'] });
  const start = () =>
    new Promise((done) => {
      const worker = cluster.fork({ BENCH_TASK: JSON.stringify(task) });
      worker.once('message', () => done(worker));
    });
  const ended = [];
  cluster.on('exit', (worker, code, signal) => {
    ended.push(signal ?? code);
    start();
  });
  const workers = await Promise.all(Array.from({ length: task.processes }, start));
  say({ ready: true, node: process.version, pids: workers.map((worker) => worker.process.pid) });

  const ask = (worker, command) =>
    new Promise((done) => {
      const timer = setTimeout(() => done({ late: true }), PATIENCE);
      const settle = (answer) => {
        clearTimeout(timer);
        worker.off('message', settle);
        worker.off('exit', gone);
        done(answer);
      };
      const gone = () => settle({ gone: true });
      worker.once('message', settle);
      worker.once('exit', gone);
      worker.send(command);
    });

  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    const command = JSON.parse(line.value);
    const answers = await Promise.all(Object.values(cluster.workers).map((worker) => ask(worker, command)));
    say({ answers, ended });
  }
  process.exit(0);
};

const runWorker = async () => {
  const task = JSON.parse(process.env.BENCH_TASK);
  // It listens at once: whoever comes before the host is there waits for it.
  let host = require(task.bundle).load();
  host.catch(() => {});

  const document = (...parts) =>
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Market</title></head><body>${parts.join('')}</body></html>`;
  const lazily = (remote) => async (props) => document(await (await host).renderLazy(remote, props));
  const excuse = async (remote, props) => (await host).renderOrExcuse(remote, props);
  const pages = {
    '/shop': async (props) => document(await (await host).render('shop', props)),
    '/home': async (props) => document(await excuse('home', props)),
    '/both': async (props) =>
      document(...(await Promise.all([excuse('shop', props), excuse('home', props)]))),
    '/flat': lazily('flat'),
    '/levels': lazily('levels'),
    '/chain': lazily('chain'),
  };
  const forget = () => {
    for (const file of Object.keys(require.cache)) {
      if (file.startsWith(task.folder)) delete require.cache[file];
    }
  };

  const commands = {
    // As its authors have it: where something changed, everything is dropped and the host is loaded again. Only when
    // it has been asked once more does it know the new entries, and can tell the next change.
    async reload() {
      const changed = await (await host).revalidate();
      if (changed) {
        forget();
        host = require(task.bundle).load();
        await excuse('shop', {});
        await (await host).revalidate();
      }
      return { changed };
    },
    async memory() {
      return { heap: process.memoryUsage().heapUsed };
    },
  };
  process.on('message', async ({ op }) => {
    try {
      process.send(await commands[op]());
    } catch (error) {
      process.send({ error: String(error) });
    }
  });

  const server = http.createServer(async (request, response) => {
    const page = pages[request.url];
    let status = 200;
    let body;
    try {
      body = page === undefined ? ((status = 404), 'no such page') : await page({ visitor: 'Tuva' });
    } catch (error) {
      status = 500;
      body = String(error);
    }
    const bytes = Buffer.from(body);
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'content-length': bytes.length });
    response.end(bytes);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(task.port, '127.0.0.1', () => process.send({ ready: true }));
};

(cluster.isPrimary ? runPrimary : runWorker)();
