// A service outgrows its PostgreSQL: docs/SCALING.md, followed literally under load. The statements are those of the document; only the hosts of its
// nodes are replaced.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, chownSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";

import { SECRET, freePort, here, pause } from "../e2e/lib.mjs";

const PROGRAM = resolve(process.env.TODO_API ?? join(here, "../../target/debug/todo-api"));
const BIN = process.env.PG_BIN;
const TASKS = Number(process.env.TASKS ?? 1_000_000);
const OWNERS = 10_000;
const CLIENTS = 8;
const NOBODY = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};

const folder = mkdtempSync(join(tmpdir(), "todo-api-scale-"));
/** Without the home of the user who runs the test, where nobody can read no certificates. */
const OPTIONS = { ...NOBODY, cwd: "/", stdio: "ignore", env: { PATH: process.env.PATH } };
const cleanup = [() => rmSync(folder, { recursive: true, force: true })];
after(() => {
  for (const action of cleanup.toReversed()) action();
});

/** The code blocks of the section on Citus, by step. */
function steps() {
  const text = readFileSync(join(here, "../../docs/SCALING.md"), "utf8");
  const section = text.match(/^## Citus, step by step$(.*?)^### /ms)[1];
  const parts = section.split(/^\*\*\d\. /m).slice(1);
  return parts.map((part) => part.match(/^```\w+\n(.*?)^```$/ms)[1]);
}

class Node {
  static async create(name) {
    const node = new Node();
    node.data = join(folder, name);
    node.port = await freePort();
    execFileSync("install", ["-d", "-m", "700", "-o", String(NOBODY.uid ?? process.getuid()), node.data]);
    node.run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync");
    appendFileSync(
      join(node.data, "postgresql.conf"),
      `port = ${node.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 300\nfsync = off\nmax_wal_size = 4GB\n`,
    );
    node.run("pg_ctl", "-w", "-l", join(node.data, "log"), "start");
    cleanup.push(() => node.run("pg_ctl", "-m", "immediate", "stop"));
    execFileSync(join(BIN, "createdb"), ["--host=127.0.0.1", `--port=${node.port}`, "--username=postgres", "todo"]);
    node.url = `postgres://postgres@127.0.0.1:${node.port}/todo`;
    return node;
  }

  run(program, ...args) {
    execFileSync(join(BIN, program), ["-D", this.data, ...args], OPTIONS);
  }

  async restart() {
    const args = ["-D", this.data, "-w", "-m", "fast", "-l", join(this.data, "log"), "restart"];
    const child = spawn(join(BIN, "pg_ctl"), args, OPTIONS);
    assert.equal(await new Promise((resolve) => child.once("exit", resolve)), 0);
  }

  /** Runs each statement in its own transaction, as psql does. Returns the rows of the last one. */
  sql(text) {
    const args = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", this.url];
    return execFileSync(join(BIN, "psql"), args, { input: text, encoding: "utf8" }).trim();
  }

  /** The same without blocking the event loop, so that the load goes on. */
  async sqlDuringLoad(text) {
    const child = spawn(join(BIN, "psql"), ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", this.url], { stdio: ["pipe", "ignore", "pipe"] });
    let errors = "";
    child.stderr.on("data", (chunk) => (errors += chunk));
    child.stdin.end(text);
    const code = await new Promise((resolve) => child.once("exit", resolve));
    assert.equal(code, 0, errors);
  }
}

/** Clients that create, get, complete, list and delete, and what was acknowledged. A 503 is tried again, as its Retry-After says. */
class Load {
  requests = 0;
  unavailable = 0;
  failures = [];
  longest = 0;
  #agent = new Agent({ keepAlive: true });
  #stopped = false;

  constructor(port, tokens) {
    this.port = port;
    /** By client: the expected tasks, and the ids of deleted tasks. */
    this.expected = tokens.map(() => new Map());
    this.deleted = tokens.map(() => new Set());
    this.clients = tokens.map((token, i) => this.#live(token, this.expected[i], this.deleted[i]));
  }

  async stop() {
    this.#stopped = true;
    await Promise.all(this.clients);
    this.#agent.destroy();
  }

  async #live(token, expected, deleted) {
    for (let round = 0; !this.#stopped; round++) {
      const task = await this.call(token, "POST", "/api/tasks", 201, { title: `task ${round}` });
      if (!task) continue;
      expected.set(task.id, false);
      await this.call(token, "GET", `/api/tasks/${task.id}`, 200);
      if (await this.call(token, "PUT", `/api/tasks/${task.id}`, 200, { completed: true })) expected.set(task.id, true);
      await this.call(token, "GET", "/api/v1/tasks?limit=10", 200);
      if (round % 4 === 0 && (await this.call(token, "DELETE", `/api/tasks/${task.id}`, 204))) {
        expected.delete(task.id);
        deleted.add(task.id);
      }
      await pause(20);
    }
  }

  async call(token, method, path, wanted, body) {
    for (;;) {
      const began = performance.now();
      const { status, text } = await this.#send(token, method, path, body);
      this.requests++;
      this.longest = Math.max(this.longest, performance.now() - began);
      if (status === wanted) return text ? JSON.parse(text) : true;
      // A 503 of a write may have taken effect (specs/api/contract.md). A deletion that did is a 404 the next time.
      if (method === "DELETE" && status === 404) return true;
      if (status !== 503) {
        this.failures.push(`${method} ${path}: ${status} ${text}`);
        return undefined;
      }
      this.unavailable++;
      await pause(200);
    }
  }

  #send(token, method, path, body) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    return new Promise((resolve) => {
      const options = { agent: this.#agent, port: this.port, host: "127.0.0.1", method, path, headers };
      const sent = request(options, async (response) => {
        let text = "";
        for await (const chunk of response) text += chunk;
        resolve({ status: response.statusCode, text });
      });
      sent.on("error", (error) => resolve({ status: 0, text: error.message }));
      sent.end(body && JSON.stringify(body));
    });
  }
}

/** A digest of the rows that the load does not touch. */
const DIGEST = "SELECT count(*), sum(hashtextextended(t::text, 0)) FROM tasks t WHERE user_id LIKE 'owner-%'";
const LONGEST = 900_000;

test(`${TASKS} tasks move from one PostgreSQL to three while requests go on, and none is lost`, { timeout: LONGEST }, async () => {
  const [, configuration, extension, workers, distribution, check] = steps();
  if (NOBODY.uid) chownSync(folder, NOBODY.uid, NOBODY.gid);
  const nodes = await Promise.all(["node0", "node1", "node2"].map(Node.create));
  const [coordinator] = nodes;
  const port = await freePort();
  const settings = {
    ROCKET_PROFILE: "release",
    ROCKET_ADDRESS: "127.0.0.1",
    PORT: String(port),
    DATABASE_URL: coordinator.url,
    BETTER_AUTH_SECRET: SECRET,
    RUST_LOG: "error",
  };
  execFileSync(PROGRAM, ["migrate"], { env: settings, cwd: folder });
  coordinator.sql(`
    INSERT INTO tasks (user_id, title, completed, created_at, updated_at)
    SELECT 'owner-' || n % ${OWNERS}, 'Task ' || n, n % 3 = 0, now() - n * interval '1 second', now() FROM generate_series(1, ${TASKS}) n;
    ANALYZE tasks;`);
  const before = coordinator.sql(DIGEST);
  const server = spawn(PROGRAM, [], { env: settings, cwd: folder, stdio: "inherit" });
  cleanup.push(() => server.kill("SIGKILL"));
  const readiness = () => fetch(`http://127.0.0.1:${port}/readyz`).then((it) => it.status, () => 0);
  for (let tries = 0; (await readiness()) !== 200; tries++) {
    assert.ok(tries < 300, "the server is never ready");
    await pause(100);
  }
  const token = (user) => execFileSync(PROGRAM, ["token", "--user", user], { env: settings, cwd: folder, encoding: "utf8" }).trim();
  const tokens = Array.from({ length: CLIENTS }, (_, i) => token(`client-${i}`));
  const load = new Load(port, tokens);
  await pause(2000);
  const report = [];
  const timed = async (name, action) => {
    const [began, requests, unavailable] = [performance.now(), load.requests, load.unavailable];
    load.longest = 0;
    await action();
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    report.push(
      `${name}: ${seconds} s, ${load.requests - requests} requests, ${load.unavailable - unavailable} of them 503, longest ${(load.longest / 1000).toFixed(1)} s`,
    );
  };

  await timed("restart with Citus", async () => {
    for (const node of nodes) {
      appendFileSync(join(node.data, "postgresql.conf"), configuration);
      await node.restart();
      await node.sqlDuringLoad(extension);
    }
    await pause(2000);
  });
  assert.equal(await readiness(), 200, "the server stays ready");

  await timed("workers", () => coordinator.sqlDuringLoad(workers.replace(/'node(\d)', 5432/g, (_, n) => `'127.0.0.1', ${nodes[n].port}`)));
  await timed("distribution", async () => {
    await coordinator.sqlDuringLoad(distribution);
    assert.equal(await readiness(), 200, "the server stays ready");
    await pause(2000);
  });
  const unavailable = load.unavailable;
  await timed("5 seconds afterwards", () => pause(5000));
  assert.equal(load.unavailable, unavailable, "every request succeeds after the move");
  await load.stop();
  assert.deepEqual(load.failures, []);

  const [shards, duplicates, next] = check.trim().split("\n").map((statement) => coordinator.sql(statement));
  console.log([`${TASKS} tasks of ${OWNERS} users`, ...report, "node, port, shards, bytes:", shards].join("\n"));
  assert.equal(shards.split("\n").length, 2, "both workers have shards");
  assert.equal(duplicates, "0");
  assert.ok(Number(next) > Number(coordinator.sql("SELECT max(id) FROM tasks WHERE user_id LIKE 'owner-%'")));
  assert.equal(coordinator.sql(DIGEST), before);
  let [kept, missing] = [0, 0];
  for (const [i, expected] of load.expected.entries()) {
    const list = await load.call(tokens[i], "GET", "/api/tasks", 200);
    const found = new Map(list.map((task) => [task.id, task.completed]));
    for (const [id, completed] of expected) if (found.get(id) === completed || (found.has(id) && !completed)) kept++; else missing++;
    for (const id of load.deleted[i]) assert.ok(!found.has(id), `${id} was deleted`);
  }
  console.log(`${kept} tasks acknowledged during the move, ${missing} missing`);
  assert.equal(missing, 0);
  assert.ok(kept > 500, "there was hardly any load");
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGTERM");
  assert.equal(await ended, 0);
});
