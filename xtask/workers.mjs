// Runs the three Workers on workerd, with one control port for the clock, the tests and the curious.
//
// Started by `cargo xtask dev` and by the end-to-end tests, never by hand. The first line on stdin is the
// settings (JSON, because it carries passwords, which do not belong on a command line); the end of stdin means
// that whoever started this is gone, and everything stops. stdout carries JSON lines: one `{"ready": …}`, then
// one `{"log": …}` per line that a Worker logs.

import { createServer } from "node:http";
import path from "node:path";
import { createInterface } from "node:readline";
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";

const KEPT_LOG_LINES = 50_000;
/** The Worker through whose binding the control port sees KV. */
const KV_WRITER = "weir-refresh";

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** One Worker as wrangler.toml declares it, so that the file stays the only place where bindings are listed. */
function declared(settings, configPath) {
  const config = unstable_readConfig({ config: path.join(settings.root, configPath) }, { hideWarnings: true });
  const { workerOptions, main } = unstable_getMiniflareWorkerOptions(config);
  const build = path.dirname(main);
  const { modulesRules: _, ...options } = workerOptions;
  return {
    ...options,
    name: config.name,
    modulesRoot: build,
    modules: [
      { type: "ESModule", path: main },
      { type: "CompiledWasm", path: path.join(build, "index_bg.wasm") },
    ],
    bindings: withVars(options.bindings, settings.vars[config.name]),
    kvNamespaces: oneNamespace(options.kvNamespaces),
  };
}

/** The file's variables and .dev.vars, with what this run decides on top; `null` takes a variable away. */
function withVars(bindings, vars) {
  const all = Object.entries({ ...bindings, ...vars });
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}

/** KV is shared by id; whatever ids an operator put into the three files, here it is one namespace. */
function oneNamespace(namespaces) {
  return Object.fromEntries(Object.keys(namespaces ?? {}).map((binding) => [binding, { id: "hot" }]));
}

/** The same module under further names: several isolates of `read`, as one edge location has. */
function isolates(read, count) {
  return Array.from({ length: count - 1 }, (_, more) => ({ ...read, name: `${read.name}-${more + 2}` }));
}

function miniflareOptions(settings, onLog) {
  for (const [binding, url] of Object.entries(settings.databases)) {
    process.env[`CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_${binding}`] = url;
  }
  const [read, ...others] = settings.configs.map((configPath) => declared(settings, configPath));
  return convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: settings.port,
    cf: false,
    log: new Log(LogLevel.ERROR),
    telemetry: { enabled: false },
    resourcePersistencePath: settings.state,
    handleStructuredLogs: onLog,
    workers: [read, ...isolates(read, settings.isolates), ...others],
  });
}

class Workers {
  #settings;
  #miniflare;
  #logs = [];
  #logged = 0;

  constructor(settings) {
    this.#settings = settings;
  }

  async start() {
    const options = miniflareOptions(this.#settings, (log) => this.#log(log));
    this.#miniflare = new Miniflare(options);
    const url = await this.#miniflare.ready;
    this.#settings.port = Number(url.port);
    return `http://127.0.0.1:${url.port}`;
  }

  async stop() {
    await this.#miniflare?.dispose();
  }

  /** Everything held in memory goes; KV stays. */
  async restart() {
    await this.stop();
    return await this.start();
  }

  async scheduled(worker, cron, at) {
    const target = await this.#miniflare.getWorker(worker);
    return await target.scheduled({ cron, scheduledTime: at });
  }

  kv() {
    return this.#miniflare.getKVNamespace("HOT", KV_WRITER);
  }

  logsAfter(after) {
    const from = Math.max(0, this.#logs.length - (this.#logged - after));
    return { next: this.#logged, lines: this.#logs.slice(from) };
  }

  #log({ level, message }) {
    this.#logged += 1;
    this.#logs.push({ level, message });
    if (this.#logs.length > KEPT_LOG_LINES) this.#logs.splice(0, KEPT_LOG_LINES / 2);
    say({ log: { message, level } });
  }
}

/** The control port's whole language: method and path to what is done. */
const COMMANDS = {
  "POST /scheduled": async (workers, query) => {
    const at = query.get("at");
    const outcome = await workers.scheduled(query.get("worker"), query.get("cron"), at ? new Date(Number(at)) : undefined);
    return json(outcome, outcome.outcome === "ok" ? 200 : 500);
  },
  "POST /restart": async (workers) => json({ url: await workers.restart() }),
  "GET /logs": async (workers, query) => json(workers.logsAfter(Number(query.get("after") ?? 0))),
  "GET /kv": async (workers, query) => json(await kvKeys(await workers.kv(), query.get("prefix") ?? "")),
  "GET /kv/value": async (workers, query) => {
    const { value, metadata } = await (await workers.kv()).getWithMetadata(query.get("key"), "arrayBuffer");
    if (value === null) return json({ error: "no such key" }, 404);
    return { status: 200, headers: { "kv-metadata": JSON.stringify(metadata) }, body: Buffer.from(value) };
  },
  "PUT /kv/value": async (workers, query, body) => {
    const metadata = query.get("metadata");
    await (await workers.kv()).put(query.get("key"), body, metadata ? { metadata: JSON.parse(metadata) } : {});
    return json({ put: query.get("key") });
  },
  "DELETE /kv": async (workers, query) => {
    const kv = await workers.kv();
    const keys = await kvKeys(kv, query.get("prefix") ?? "");
    for (const { name } of keys) await kv.delete(name);
    return json({ deleted: keys.length });
  },
};

const json = (value, status = 200) => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

async function kvKeys(kv, prefix) {
  const keys = [];
  for (let cursor; ; ) {
    const page = await kv.list({ prefix, cursor });
    keys.push(...page.keys);
    if (page.list_complete) return keys;
    cursor = page.cursor;
  }
}

async function answer(workers, request) {
  const url = new URL(request.url, "http://control");
  const command = COMMANDS[`${request.method} ${url.pathname}`];
  if (!command) return json({ error: "unknown command", commands: Object.keys(COMMANDS) }, 404);
  const parts = [];
  for await (const part of request) parts.push(part);
  return await command(workers, url.searchParams, Buffer.concat(parts));
}

function controlServer(workers) {
  return createServer((request, response) => {
    answer(workers, request)
      .catch((error) => json({ error: String(error?.stack ?? error) }, 500))
      .then(({ status, headers, body }) => response.writeHead(status, headers).end(body));
  });
}

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server.address().port));
  });
}

async function run(settings, untilGone) {
  const workers = new Workers(settings);
  const server = controlServer(workers);
  const url = await workers.start();
  const control = await listen(server, settings.controlPort);
  say({ ready: { url, control: `http://127.0.0.1:${control}` } });
  await untilGone;
  server.close();
  await workers.stop();
}

const lines = createInterface({ input: process.stdin });
const untilGone = new Promise((resolve) => lines.once("close", resolve));
// A pipe whose reader went away is the same news as the end of stdin.
process.stdout.on("error", () => process.exit(0));
lines.once("line", (line) => {
  run(JSON.parse(line), untilGone).then(
    () => process.exit(0),
    (error) => {
      // The message last, because the last lines are what people are shown.
      process.stderr.write(`${error?.stack ?? ""}\n${error?.message ?? error}\n`);
      process.exit(1);
    },
  );
});
