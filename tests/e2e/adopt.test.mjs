// A FastAPI and SQLModel service and this server on the same table at the same time, and the way there and back.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
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
  return { stop, call: (method, path, body) => call(`http://127.0.0.1:${port}`, method, path, body) };
}

async function call(base, method, path, body) {
  const headers = { authorization: `Bearer ${token()}`, "content-type": "application/json" };
  const response = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, body: text && JSON.parse(text) };
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

  // The way back: their service does not notice.
  await ours.stop();
  const reverted = adopt(database.url, "--revert");
  assert.equal(reverted.status, 0, reverted.output);
  assert.deepEqual((await theirs.call("GET", "/api/tasks")).body, all);
  assert.equal((await theirs.call("POST", "/api/tasks", { title: "after" })).status, 201);
  await theirs.stop();
  await database.stop();
});
