// A FastAPI and SQLModel service and this server on the same table at the same time, and the way there and back.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SECRET, api, freePort, here, postgres, start, token } from "./lib.mjs";

const program = join(here, "../../target/debug/todo-api");

/** The FastAPI service. It creates its tables. */
async function fastapi(url) {
  const port = await freePort();
  const env = { ...process.env, DATABASE_URL: url, BETTER_AUTH_SECRET: SECRET };
  const service = join(here, "adopt/service.py");
  const { stop } = await start(process.env.PYTHON ?? "python3", [service, `${port}`], { env }, (line) => line.includes("Uvicorn running"));
  return { stop, port, call: (method, path, body) => call(`http://127.0.0.1:${port}`, method, path, body) };
}

async function call(base, method, path, body, bearer = token()) {
  const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" };
  const response = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, isTheirs: response.headers.get("server") === "uvicorn", body: text && JSON.parse(text) };
}

/** The proxy of docs/MIGRATING.md, on these ports and with equal shares. */
async function proxy(theirs, ours) {
  const port = await freePort();
  const document = readFileSync(join(here, "../../docs/MIGRATING.md"), "utf8");
  const config = document
    .match(/```haproxy\n(.*?)```/s)[1]
    .replace(":80\n", `127.0.0.1:${port}\n`)
    .replace("127.0.0.1:8001 weight 95", `127.0.0.1:${theirs} weight 50`)
    .replace("127.0.0.1:8000 weight 5", `127.0.0.1:${ours} weight 50`);
  const file = join(mkdtempSync(join(tmpdir(), "todo-api-e2e-proxy-")), "haproxy.cfg");
  writeFileSync(file, config);
  const { stop } = await start("haproxy", ["-W", "-f", file], { env: process.env }, (line) => /forked|Loading success/.test(line));
  return { url: `http://127.0.0.1:${port}`, stop };
}

function adopt(url, ...args) {
  const env = { PATH: process.env.PATH, DATABASE_URL: url };
  const { status, stdout, stderr } = spawnSync(program, ["adopt", ...args], { env, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

/** Tasks in terms of both programs. */
const common = (tasks) =>
  tasks
    .map(({ id, title, description, completed, status }) => ({ id, title, description, completed: completed ?? status === "completed" }))
    .sort((a, b) => a.id - b.id);

test("a FastAPI service goes on running beside this server", { timeout: 120_000 }, async () => {
  const database = await postgres();
  const theirs = await fastapi(database.url);
  const first = (await theirs.call("POST", "/api/tasks", { title: "before", description: "d", status: "in_progress", priority: 5 })).body;

  const blocked = adopt(database.url);
  assert.equal(blocked.status, 3, blocked.output);
  assert.match(blocked.output, /choose it with --set priority=/);
  const plan = adopt(database.url, "--set", "priority=2");
  assert.ok([0, 4].includes(plan.status), plan.output);
  const applied = adopt(database.url, "--set", "priority=2", "--apply", "--indexes");
  assert.equal(applied.status, 0, applied.output);

  const variables = { DATABASE_URL: `${database.url}?options=-c%20search_path%3Dtodo_api`, BETTER_AUTH_SECRET: SECRET };
  const ours = await api(variables);
  const me = token();
  const both = async () => {
    const [left, right] = await Promise.all([theirs.call("GET", "/api/tasks"), ours.call(me)]);
    assert.deepEqual(common(right.body), common(left.body));
    return left.body;
  };
  await both();

  // Each change of one is seen by the other at once.
  assert.equal((await ours.call(me, "PATCH", `/api/tasks/${first.id}`, { title: "renamed here" })).status, 200);
  const [renamed] = await both();
  assert.deepEqual([renamed.title, renamed.status, renamed.priority], ["renamed here", "in_progress", 5]);
  assert.equal((await ours.call(me, "PATCH", `/api/tasks/${first.id}/complete`, { completed: true })).status, 200);
  assert.equal((await both())[0].status, "completed");
  await theirs.call("PATCH", `/api/tasks/${first.id}`, { status: "pending", title: "renamed there" });
  assert.equal((await ours.call(me, "GET", `/api/tasks/${first.id}`)).body.completed, false);
  await both();

  // And many at once, both ways.
  const work = Array.from({ length: 100 }, async (_, n) => {
    const [create, other] = n % 2 ? [theirs, ours] : [ours, theirs];
    const ask = (server, method, path, body) => (server === ours ? ours.call(me, method, path, body) : theirs.call(method, path, body));
    const made = await ask(create, "POST", "/api/tasks", { title: `made ${n}` });
    assert.equal(made.status, 201, JSON.stringify(made));
    const path = `/api/tasks/${made.body.id}`;
    assert.equal((await ask(other, "PATCH", path, { title: `changed ${n}` })).status, 200);
    if (n % 5 === 0) assert.equal((await ask(other, "DELETE", path)).status, 204);
  });
  await Promise.all(work);
  const all = await both();
  assert.equal(all.length, 81);
  assert.ok(all.every((task) => task.title.startsWith("changed") === (task.id !== first.id) && (task.id === first.id || task.priority === 2)));

  // A share of the traffic for each.
  const shared = await proxy(theirs.port, new URL(ours.url).port);
  const servers = new Set();
  for (let n = 0; n < 20; n++) {
    const bearer = token(`user-${n}`);
    const made = await call(shared.url, "POST", "/api/tasks", { title: `of user ${n}` }, bearer);
    assert.equal(made.status, 201, JSON.stringify(made));
    const listed = await call(shared.url, "GET", "/api/tasks", undefined, bearer);
    assert.equal(listed.isTheirs, made.isTheirs, "a token stays with its server");
    assert.deepEqual(listed.body.map((task) => task.title), [`of user ${n}`]);
    servers.add(made.isTheirs);
  }
  assert.equal(servers.size, 2, "both servers have a share");
  await shared.stop();

  // The way back: their service does not notice.
  await ours.stop();
  const reverted = adopt(database.url, "--revert");
  assert.equal(reverted.status, 0, reverted.output);
  assert.deepEqual((await theirs.call("GET", "/api/tasks")).body, all);
  assert.equal((await theirs.call("POST", "/api/tasks", { title: "after" })).status, 201);
  await theirs.stop();
  await database.stop();
});
