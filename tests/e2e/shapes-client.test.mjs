// A typed client under the shape of each small frontend: made of the server's own document, compiled strictly, and run from sign-up to
// deletion.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SignJWT } from "jose";
import { SECRET, api, here } from "./lib.mjs";

const folder = join(here, "generated/shapes");
const EMAIL = '{ email: "ann@example.com", password: "correct horse battery" }';

/**
 * What the code of each client does: where it signs up and in, how it reads the token, where the tasks are, and what it reads of a task
 * and of an error. Absent members are those of the first line.
 */
const DEFAULTS = { signUp: "/api/auth/register", signIn: "/api/auth/login", token: "access_token", me: "id", tasks: "/api/tasks" };
const TASK = { one: "", list: "", extra: "", read: "title", id: "id", open: ["completed", "false"], done: ["completed", "true"], error: "detail" };
const CLIENTS = {
  "axios.mjs": { signUp: "/api/register", signIn: "/api/login", extra: 'due_date: "2027-01-31"', read: "due_date" },
  "boolean-status.mjs": { open: ["status", "false"], done: ["status", "true"], error: "error.message" },
  "cookies.mjs": {},
  "fetch.mjs": { signUp: "/auth/register", signIn: "/auth/login", tasks: "/api/{user_id}/tasks" },
  "json-everywhere.mjs": { signUp: "/auth/register", signIn: "/auth/login", tasks: "/tasks", extra: 'tags: ["a"]', read: "tags", deleted: "message" },
  "pages.mjs": { list: ".items", extra: 'priority: "high"', read: "priority", number: "total_pages" },
  "server-action.mjs": {
    tasks: "/api/{user_id}/tasks",
    one: ".data",
    list: ".data.tasks",
    extra: 'priority: "High"',
    read: "priority",
    open: ["status", '"Pending"'],
    done: ["status", '"Completed"'],
    error: "error.message",
    number: "data.total",
  },
  "success-data.mjs": {
    signUp: "/api/v1/auth/register",
    signIn: "/api/v1/auth/login",
    token: "data.token",
    one: ".data",
    list: ".data.tasks",
    extra: 'priority: "urgent"',
    read: "priority",
    open: ["is_completed", "false"],
    done: ["is_completed", "true"],
    error: "error.message",
    number: "data.total_count",
    deleted: "data.message",
  },
  "task-key.mjs": {
    token: "tokens.access_token",
    tasks: "/api/users/{user_id}/tasks",
    one: ".task",
    list: ".tasks",
    extra: 'category: "shopping"',
    read: "category",
    open: ["is_completed", "false"],
    done: ["is_completed", "true"],
    error: "error.message",
  },
  "tasks-or-data.mjs": { me: "user.id" },
  "three-states.mjs": { list: ".items", open: ["status", '"in_progress"'], done: ["status", '"done"'], number: "total", deleted: "title" },
  "usernames.mjs": { signUp: "/users", signIn: "/token", me: "username", body: '{ username: "ann", password: "correct horse battery" }' },
  "whole-task.mjs": {
    tasks: "/api/todos",
    list: ".todos",
    id: "_id",
    extra: "priority: 3",
    read: "priority",
    open: ["isCompleted", "false"],
    done: ["isCompleted", "true"],
  },
};

/** The client's code. It has no cast. */
function code(name, client) {
  const { signUp, signIn, token, me, tasks, one, list, extra, read, id, open, done, error, number, deleted, body = EMAIL } = client;
  const base = signIn.slice(0, signIn.lastIndexOf("/"));
  const user = tasks.includes("{user_id}") ? "user_id" : "";
  const path = `{ path: { ${user}${user && ","} id: task.${id} } }`;
  const all = user ? "{ params: { path: { user_id } } }" : "{}";
  return `
import createClient from "openapi-fetch";
import type { paths } from "./${name}.schema.js";

function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(what);
  return value;
}

export async function walk(baseUrl: string, issued: string, user_id: string): Promise<void> {
  const anonymous = createClient<paths>({ baseUrl });
  let token = issued;
  if (token === "") {
${
  name === "server-action.mjs"
    ? ""
    : `    const up = await anonymous.POST("${signUp}", { body: ${body} });
    known(up.data, "sign-up");
    const session = await anonymous.POST("${signIn}", { body: ${body} });
    token = known(session.data, "sign-in").${token};
    const own = await anonymous.GET("${base}/me", { headers: { Authorization: \`Bearer \${token}\` } });
    if (known(own.data, "me").${me} === "") throw new Error("me");
    user_id = String(JSON.parse(atob(token.split(".")[1] ?? "")).sub);`
}
  }
  const client = createClient<paths>({ baseUrl, headers: { Authorization: \`Bearer \${token}\` } });
  const made = await client.POST("${tasks}", { ${user && "params: { path: { user_id } }, "}body: { title: "Deploy", ${open[0]}: ${open[1]}, ${extra} } });
  const task = known(made.data, "create")${one};
  if (task.title !== "Deploy" || task.${open[0]} !== ${open[1]}) throw new Error("created");
  const shown = await client.GET("${tasks}/{id}", { params: ${path} });
  if (known(shown.data, "show")${one}.${read} === undefined) throw new Error("shown");
  const changed = await client.PUT("${tasks}/{id}", { params: ${path}, body: { title: "Deploy it" } });
  if (known(changed.data, "change")${one}.title !== "Deploy it") throw new Error("changed");
  const completed = await client.PATCH("${tasks}/{id}", { params: ${path}, body: { ${done[0]}: ${done[1]} } });
  if (known(completed.data, "complete")${one}.${done[0]} !== ${done[1]}) throw new Error("completed");
  const found = await client.GET("${tasks}", ${all});
  const listed = known(found.data, "list")${list};
  if (listed.length !== 1 || listed[0]?.${id} !== task.${id}) throw new Error("listed");
  ${number ? `if (known(found.data, "list").${number} !== 1) throw new Error("number");` : ""}
  const refused = await client.POST("${tasks}", { ${user && "params: { path: { user_id } }, "}body: { title: " " } });
  if (known(refused.error, "error").${error} !== "Title is required and cannot be empty") throw new Error("error");
  const removed = await client.DELETE("${tasks}/{id}", { params: ${path} });
  ${deleted ? `if (known(removed.data, "delete").${deleted} === "") throw new Error("deleted");` : ""}
  if (!removed.response.ok) throw new Error("delete");
  const gone = await client.GET("${tasks}/{id}", { params: ${path} });
  if (gone.response.status !== 404) throw new Error("gone");
}
`;
}

const TSCONFIG = {
  extends: "../../tsconfig.json",
  compilerOptions: { outDir: "out", rootDir: "." },
};

test("a typed client needs no cast under any shape, and works", async (t) => {
  const run = (program, ...args) => execFileSync(join(here, "node_modules/.bin", program), args, { cwd: here, stdio: "pipe" });
  mkdirSync(folder, { recursive: true });
  const names = readdirSync(join(here, "frontends")).sort();
  assert.deepEqual(Object.keys(CLIENTS), names);
  const servers = {};
  for (const name of names) {
    const { settings } = await import(`./frontends/${name}`);
    const server = await api({ BETTER_AUTH_SECRET: SECRET, ...settings });
    t.after(server.stop);
    servers[name] = server;
    const document = join(folder, `${name}.json`);
    writeFileSync(document, await (await fetch(`${server.url}/openapi.json`)).text());
    run("openapi-typescript", document, "--output", join(folder, `${name}.schema.d.ts`));
    writeFileSync(join(folder, `${name}.client.ts`), code(name, { ...DEFAULTS, ...TASK, ...CLIENTS[name] }));
  }
  const files = names.map((name) => `${name}.client.ts`);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ ...TSCONFIG, files }));
  try {
    run("tsc", "--project", folder);
  } catch (error) {
    throw new Error(error.stdout.toString());
  }
  for (const name of names) {
    await t.test(name, async () => {
      const { walk } = await import(`./generated/shapes/out/${name}.client.js`);
      const isOwn = name === "server-action.mjs";
      const signed = new SignJWT({}).setProtectedHeader({ alg: "HS256" }).setSubject("ann").setIssuer("nextjs-frontend");
      const key = new TextEncoder().encode(SECRET);
      const token = isOwn ? await signed.setAudience("fastapi-backend").setExpirationTime("5m").sign(key) : "";
      await walk(servers[name].url, token, "ann");
    });
  }
});
