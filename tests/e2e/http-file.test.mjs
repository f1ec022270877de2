// The requests that people send by hand from specs/api/tasks.http all do what they say.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { SECRET, api, here } from "./lib.mjs";

test("the requests by hand work", async () => {
  const server = await api({ BETTER_AUTH_SECRET: SECRET });
  const requests = readFileSync(join(here, "../../specs/api/tasks.http"), "utf8");
  assert.ok(requests.includes("@host=http://localhost:8000\n"));
  mkdirSync(join(here, "generated"), { recursive: true });
  writeFileSync(join(here, "generated/tasks.http"), requests.replace("http://localhost:8000", server.url));
  const { stdout } = await promisify(execFile)(
    join(here, "node_modules/.bin/httpyac"),
    ["send", "tasks.http", "--all", "--output", "none"],
    { cwd: join(here, "generated") },
  );
  assert.match(stdout, /12 requests processed \(12 succeeded\)/);
});
