// Whatever the document says, the server does: made-up requests by the thousand, on both databases.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { SECRET, api, here, postgres, token } from "./lib.mjs";

/** Ends with its exit status and what it said. */
function run(command, args) {
  const child = spawn(command, args, { cwd: here, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (text) => (output += text));
  child.stderr.on("data", (text) => (output += text));
  return new Promise((resolve) => child.once("exit", (code) => resolve({ code, output })));
}

for (const engine of ["SQLite", "PostgreSQL"]) {
  test(`the server is as it is documented, on ${engine}`, async () => {
    const database = engine === "PostgreSQL" ? await postgres() : undefined;
    const variables = database ? { DATABASE_URL: database.url } : {};
    // `/api/auth` speaks Better Auth's protocol, which is what Better Auth does: it is compared with that (parity.test.mjs).
    const server = await api({ BETTER_AUTH_SECRET: SECRET, ROCKET_ISSUER: "{enabled=false}", ...variables });
    const { code, output } = await run(process.env.SCHEMATHESIS ?? "schemathesis", [
      "--config-file",
      "schemathesis.toml",
      "run",
      `${server.url}/openapi.json`,
      "--header",
      `Authorization: Bearer ${token()}`,
      "--max-examples",
      "30",
      "--continue-on-failure",
      // The same requests each time; another seed finds others.
      "--seed",
      process.env.SEED ?? "1",
    ]);
    await server.stop();
    await database?.stop();
    assert.equal(code, 0, output);
    assert.match(output, /Tested: 32\b/, "every operation");
  });
}
