// A fleet: 50 replicas behind one PgBouncer and one PostgreSQL. They start together, and then each is replaced while requests go on.
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";

import { SECRET, freePort, here, pause, postgres } from "../e2e/lib.mjs";

const PROGRAM = resolve(process.env.TODO_API ?? join(here, "../../target/debug/todo-api"));
const REPLICAS = Number(process.env.REPLICAS ?? 50);
const CLIENTS = 8;
const POOL_SIZE = 20;
/** PostgreSQL's default, less the connections for superusers. */
const LIMIT = 97;
const NOBODY = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};
const PSQL = `/usr/lib/postgresql/${readdirSync("/usr/lib/postgresql").sort().at(-1)}/bin/psql`;

const folder = mkdtempSync(join(tmpdir(), "todo-api-fleet-"));
chmodSync(folder, 0o777);
const children = new Set();
const closers = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  for (const close of closers) close();
  rmSync(folder, { recursive: true, force: true });
});

function start(command, args, options) {
  const child = spawn(command, args, { cwd: folder, stdio: "ignore", ...options });
  children.add(child);
  child.ended = new Promise((resolve) => child.once("exit", (code) => (children.delete(child), resolve(code))));
  return child;
}

async function until(what, condition) {
  for (let tries = 0; !(await condition()); tries++) {
    assert.ok(tries < 600, `${what} does not come`);
    await pause(100);
  }
}

async function pgbouncer(target) {
  const port = await freePort();
  const file = join(folder, "pgbouncer.ini");
  writeFileSync(
    file,
    `[databases]
* = host=127.0.0.1 port=${target.port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
admin_users = postgres
pool_mode = transaction
max_prepared_statements = 200
default_pool_size = ${POOL_SIZE}
max_client_conn = 2000
`,
  );
  start(process.env.PGBOUNCER, ["-q", file], NOBODY);
  const listens = () => new Promise((resolve) => connect(port, "127.0.0.1").on("connect", () => resolve(true)).on("error", () => resolve(false)));
  await until("PgBouncer", listens);
  return port;
}

/** An issuer with one key, which counts the fetches. */
async function issuer() {
  const { publicKey } = generateKeyPairSync("ed25519");
  const body = JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "key", alg: "EdDSA" }] });
  const fetches = [];
  const server = createServer((_, response) => {
    fetches.push(performance.now());
    response.setHeader("content-type", "application/json").end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  return { url: `http://127.0.0.1:${server.address().port}`, fetches };
}

/** A proxy to PostgreSQL that counts connections: how many there were, and how many at most concurrently. */
async function counted(target) {
  const count = { total: 0, open: 0, peak: 0 };
  const server = createTcpServer((client) => {
    const upstream = connect(target.port, "127.0.0.1");
    count.total++;
    count.peak = Math.max(count.peak, ++count.open);
    client.on("close", () => (count.open--, upstream.destroy())).on("error", () => {});
    upstream.on("close", () => client.destroy()).on("error", () => {});
    client.pipe(upstream).pipe(client);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  return { count, port: server.address().port };
}

class Replica {
  static async start(env) {
    const replica = new Replica();
    replica.port = await freePort();
    replica.child = start(PROGRAM, [], { env: { ...env, PORT: String(replica.port) } });
    return replica;
  }

  async ready() {
    await until("readiness", () => fetch(`http://127.0.0.1:${this.port}/readyz`).then((it) => it.status === 200, () => false));
  }

  resident() {
    return Number(readFileSync(`/proc/${this.child.pid}/status`, "utf8").match(/VmRSS:\s*(\d+) kB/)[1]) / 1024;
  }
}

const seconds = (began) => `${((performance.now() - began) / 1000).toFixed(1)} s`;

test(`${REPLICAS} replicas share one PostgreSQL, and a deploy of all of them fails no request`, { timeout: 900_000 }, async () => {
  const database = await postgres();
  const direct = new URL(database.url);
  const pooled = new URL(database.url);
  pooled.port = String(await pgbouncer(direct));
  const migration = new URL(database.url);
  const { count, port: migrationPort } = await counted(direct);
  migration.port = String(migrationPort);
  const keys = await issuer();
  const env = {
    ROCKET_PROFILE: "release",
    ROCKET_ADDRESS: "127.0.0.1",
    ROCKET_WORKERS: "2",
    DATABASE_URL: String(pooled),
    MIGRATE_DATABASE_URL: String(migration),
    BETTER_AUTH_SECRET: SECRET,
    BETTER_AUTH_URL: keys.url,
    ROCKET_ISSUER: '{enabled=true,url="http://127.0.0.1"}',
    RUST_LOG: "off",
  };
  const run = promisify(execFile);
  const peak = { clients: 0, all: 0 };
  let sampling = true;
  const sampler = (async () => {
    const ask = async (url, sql) => (await run(PSQL, ["-qXAt", "-F,", String(url), "-c", sql])).stdout.trim().split("\n").map((it) => it.split(","));
    const admin = new URL("/pgbouncer", pooled);
    while (sampling) {
      const [[[all]], pools] = await Promise.all([
        ask(direct, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"),
        ask(admin, "SHOW POOLS"),
      ]);
      const pool = pools.find(([name]) => name === "postgres") ?? [];
      // cl_active and cl_waiting; then the server connections from sv_active on.
      peak.clients = Math.max(peak.clients, Number(pool[2] ?? 0) + Number(pool[3] ?? 0));
      peak.all = Math.max(peak.all, Number(all));
      await pause(100);
    }
  })();

  let began = performance.now();
  let fleet = await Promise.all(Array.from({ length: REPLICAS }, () => Replica.start(env)));
  await Promise.all(fleet.map((it) => it.ready()));
  const report = [`${REPLICAS} replicas started together on an empty database, ready after ${seconds(began)}, ${count.peak} connections for migrations at most`];
  assert.ok(count.peak + POOL_SIZE <= LIMIT, "migrations of replicas that start together fit into PostgreSQL's connections");
  assert.ok(count.total <= REPLICAS, "none had to try again");
  assert.ok(peak.all <= LIMIT);
  Object.assign(peak, { clients: 0, all: 0 });
  count.peak = 0;

  const token = (user) => execFileSync(PROGRAM, ["token", "--user", user], { env, cwd: folder, encoding: "utf8" }).trim();
  const failures = [];
  let [requests, stopped] = [0, false];
  const kept = Array.from({ length: CLIENTS }, () => new Set());
  const tokens = kept.map((_, i) => token(`user-${i}`));
  const call = async (i, method, path, status, body) => {
    const { port } = fleet[requests++ % fleet.length];
    const headers = { authorization: `Bearer ${tokens[i]}`, "content-type": "application/json" };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body: body && JSON.stringify(body) }).catch((error) => error);
    if (response.status !== status) return void failures.push(`${method} ${path}: ${response.status ?? response}`);
    return response.json();
  };
  const clients = kept.map(async (ids, i) => {
    while (!stopped) {
      const task = await call(i, "POST", "/api/tasks", 201, { title: "kept" });
      if (task) ids.add(task.id) && (await call(i, "GET", `/api/tasks/${task.id}`, 200));
      await pause(20);
    }
  });

  // As a Deployment with maxSurge 1 and maxUnavailable 0.
  began = performance.now();
  const ending = [];
  for (let i = 0; i < REPLICAS; i++) {
    const next = await Replica.start(env);
    await next.ready();
    const [old] = fleet.splice(i, 1, next);
    old.child.kill("SIGTERM");
    ending.push(old.child.ended);
  }
  report.push(`all replaced one after the other in ${seconds(began)}`);
  const codes = await Promise.all(ending);
  const migrating = count.peak;
  report.push(`at most ${peak.all} connections to PostgreSQL (${migrating} for migrations) and ${peak.clients} to PgBouncer, where the settings allow ${(REPLICAS + 1) * 15}`);
  stopped = true;
  await Promise.all(clients);
  sampling = false;
  await sampler;
  const memory = fleet.map((it) => it.resident()).sort((a, b) => a - b);
  report.push(`${requests} requests, ${failures.length} failed; ${keys.fetches.length} fetches of keys for ${2 * REPLICAS} starts`);
  report.push(`resident memory of a replica: median ${memory[REPLICAS >> 1].toFixed(0)} MiB`);
  console.log(report.join("\n"));

  assert.deepEqual(failures, []);
  assert.deepEqual(codes, Array(REPLICAS).fill(0));
  assert.ok(requests > 500, "there was hardly any load");
  assert.equal(migrating, 0, "a replica of a migrated database opens no direct connection");
  assert.ok(peak.all <= POOL_SIZE, "behind a pooler replicas take no connections of their own");
  assert.ok(keys.fetches.length <= 2 * REPLICAS + REPLICAS, "keys are fetched once per start");
  for (const [i, ids] of kept.entries()) {
    const list = new Set((await call(i, "GET", "/api/tasks", 200)).map((it) => it.id));
    assert.deepEqual([...ids].filter((id) => !list.has(id)), []);
  }
  for (const { child } of fleet) child.kill("SIGTERM");
  assert.deepEqual(await Promise.all(fleet.map((it) => it.child.ended)), Array(REPLICAS).fill(0));
});
