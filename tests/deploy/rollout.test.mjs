// A rolling update: three replicas behind haproxy, each replaced twice while users read and write. Nobody may notice.
//
// haproxy stands for what sends requests to pods. It hides nothing: it never tries a request again, neither there nor elsewhere.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";

import { SECRET, freePort, here, pause, postgres } from "../e2e/lib.mjs";

const PROGRAM = resolve(process.env.TODO_API ?? join(here, "../../target/debug/todo-api"));
const REPLICAS = 3;
const ROUNDS = 2;
const USERS = 8;
/** Milliseconds between one user's requests: 160 a second in all. */
const BREATH = 50;
/** No longer than this, whatever happens. */
const LONGEST = 120_000;

const folder = mkdtempSync(join(tmpdir(), "todo-api-rollout-"));
const children = new Set();
after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function start(command, args, env) {
  const child = spawn(command, args, { env, cwd: folder, stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal)));
  children.add(child);
  ended.then(() => children.delete(child));
  return { end: (signal) => (child.kill(signal), ended), ended };
}

/** A replica with the settings of the release profile, as they ship. */
function replica(url, port) {
  const env = {
    ROCKET_PROFILE: "release",
    ROCKET_ADDRESS: "127.0.0.1",
    PORT: String(port),
    DATABASE_URL: url,
    BETTER_AUTH_SECRET: SECRET,
    RUST_LOG: "off",
  };
  return start(PROGRAM, [], env);
}

/** Balances over the replicas that are ready, asking each twice a second; gives what it thinks of them. */
async function balancer(ports) {
  const [port, statistics] = [await freePort(), await freePort()];
  const file = join(folder, "haproxy.cfg");
  const servers = ports.map((it, i) => `  server replica${i} 127.0.0.1:${it} check inter 500ms fall 2 rise 1`);
  writeFileSync(
    file,
    `defaults
  mode http
  retries 0
  no option redispatch
  timeout connect 2s
  timeout client 30s
  timeout server 30s
frontend api
  bind 127.0.0.1:${port}
  default_backend replicas
backend replicas
  balance roundrobin
  option httpchk GET /readyz
  http-check expect status 200
${servers.join("\n")}
frontend statistics
  bind 127.0.0.1:${statistics}
  stats enable
  stats uri /
`,
  );
  execFileSync("haproxy", ["-c", "-f", file]);
  start("haproxy", ["-db", "-f", file], process.env);
  const up = async () => {
    const rows = await fetch(`http://127.0.0.1:${statistics}/;csv`).then((it) => it.text(), () => "");
    const states = rows.split("\n").map((row) => row.split(","));
    return ports.filter((_, i) => states.some((it) => it[1] === `replica${i}` && it[17].startsWith("UP"))).length;
  };
  return { port, up };
}

async function until(what, condition) {
  for (let tries = 0; tries < 300; tries++) {
    if (await condition()) return;
    await pause(100);
  }
  assert.fail(`${what} does not come`);
}

/** What users do, and what became of it. */
class Load {
  durations = [];
  failures = [];
  /** Ids by user, with whether their completion was acknowledged too. */
  acknowledged = [];
  #agent = new Agent({ keepAlive: true });
  #stopped = false;
  #users;

  constructor(port, tokens) {
    this.port = port;
    this.acknowledged = tokens.map(() => new Map());
    this.#users = tokens.map((token, i) => this.#live(token, this.acknowledged[i]));
  }

  async stop() {
    this.#stopped = true;
    await Promise.all(this.#users);
    this.#agent.destroy();
  }

  async #live(token, tasks) {
    while (!this.#stopped) {
      const made = await this.call(token, "POST", "/api/tasks", 201, { title: "kept" });
      if (made) tasks.set(made.id, false);
      await pause(BREATH);
      if (!made) continue;
      await this.call(token, "GET", `/api/tasks/${made.id}`, 200);
      await pause(BREATH);
      if (await this.call(token, "PUT", `/api/tasks/${made.id}`, 200, { completed: true })) tasks.set(made.id, true);
      await pause(BREATH);
      await this.call(token, "GET", "/api/v1/tasks?limit=10", 200);
      await pause(BREATH);
    }
  }

  /** One request, never repeated: its answer, or undefined and a failure. */
  call(token, method, path, expected, body) {
    const began = performance.now();
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    return new Promise((resolve) => {
      const fail = (why) => {
        this.failures.push(`${method} ${path}: ${why}`);
        resolve();
      };
      const options = { agent: this.#agent, port: this.port, host: "127.0.0.1", method, path, headers };
      const asked = request(options, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", (error) => fail(error.message));
        response.on("end", () => {
          this.durations.push(performance.now() - began);
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === expected) resolve(JSON.parse(text));
          else fail(`${response.statusCode} ${text}`);
        });
      });
      asked.on("error", (error) => fail(error.message));
      asked.end(body && JSON.stringify(body));
    });
  }
}

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(1);
}

test("a rolling update loses no request and no write", { timeout: LONGEST }, async () => {
  const database = await postgres();
  const ports = await Promise.all(Array.from({ length: REPLICAS }, freePort));
  const replicas = ports.map((port) => replica(database.url, port));
  const { port, up } = await balancer(ports);
  await until("the first readiness", async () => (await up()) === REPLICAS);
  const env = { BETTER_AUTH_SECRET: SECRET };
  const token = (user) => execFileSync(PROGRAM, ["token", "--user", user], { env, cwd: folder, encoding: "utf8" }).trim();
  const tokens = Array.from({ length: USERS }, (_, i) => token(`user-${i}`));

  const began = performance.now();
  const load = new Load(port, tokens);
  await pause(2000);
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < REPLICAS; i++) {
      // What a Deployment with maxUnavailable 0 does: the next goes when all are ready.
      assert.equal(await replicas[i].end("SIGTERM"), 0, `replica ${i}'s exit status`);
      replicas[i] = replica(database.url, ports[i]);
      await until(`replica ${i}'s readiness`, async () => (await up()) === REPLICAS);
    }
  }
  await pause(1000);
  await load.stop();
  const seconds = (performance.now() - began) / 1000;

  const requests = load.durations.length;
  const sorted = load.durations.toSorted((a, b) => a - b);
  const writes = load.acknowledged.flatMap((tasks) => [...tasks.values()]);
  let missing = 0;
  for (const [i, tasks] of load.acknowledged.entries()) {
    const list = await load.call(tokens[i], "GET", "/api/tasks", 200);
    const kept = new Map(list.map((task) => [task.id, task.completed]));
    for (const [id, completed] of tasks) if (!kept.has(id) || (completed && !kept.get(id))) missing++;
  }
  console.log(
    [
      `${REPLICAS * ROUNDS} replicas replaced in ${seconds.toFixed(0)} s`,
      `${requests} requests, ${load.failures.length} failed`,
      `${writes.length} tasks and ${writes.filter(Boolean).length} completions acknowledged, ${missing} missing`,
      `median ${quantile(sorted, 0.5)} ms, 95% ${quantile(sorted, 0.95)} ms, longest ${sorted.at(-1).toFixed(1)} ms`,
    ].join("\n"),
  );
  assert.deepEqual(load.failures, []);
  assert.equal(missing, 0);
  assert.ok(requests > 1000, "there was hardly any load");
  assert.deepEqual(await Promise.all(replicas.map((it) => it.end("SIGTERM"))), [0, 0, 0]);
});
