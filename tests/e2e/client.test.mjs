// A typed client, made of the document by openapi-typescript, type-checks and works.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SECRET, api, here, token } from "./lib.mjs";

test("a client made of the document needs no cast, and works", async () => {
  const run = (program, ...args) => execFileSync(join(here, "node_modules/.bin", program), args, { cwd: here, stdio: "pipe" });
  mkdirSync(join(here, "generated"), { recursive: true });
  run("openapi-typescript", "../../specs/api/openapi.json", "--output", "generated/schema.d.ts");
  try {
    run("tsc", "--project", ".");
  } catch (error) {
    throw new Error(error.stdout.toString());
  }
  const { walk } = await import("./generated/client/client.js");
  const server = await api({ BETTER_AUTH_SECRET: SECRET });
  try {
    await walk(server.url, token("ann"));
  } finally {
    await server.stop();
  }
});
