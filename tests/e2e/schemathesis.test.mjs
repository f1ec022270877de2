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

/** Asks for what the document says, as this bearer, of so many operations. */
async function isAsDocumented(server, bearer, operations, ...selection) {
  const { code, output } = await run(process.env.SCHEMATHESIS ?? "schemathesis", [
    "--config-file",
    "schemathesis.toml",
    "run",
    `${server.url}/openapi.json`,
    "--header",
    `Authorization: Bearer ${bearer}`,
    "--max-examples",
    "30",
    "--continue-on-failure",
    // The same requests each time; another seed finds others.
    "--seed",
    process.env.SEED ?? "1",
    ...selection,
  ]);
  assert.equal(code, 0, output);
  assert.match(output, new RegExp(`Tested: ${operations}\\b`), "every operation");
}

/** The session of a new user. */
async function session(server, name) {
  const body = { name, email: `${name}@example.com`, password: "correct horse battery" };
  const response = await fetch(`${server.url}/api/auth/sign-up/email`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: server.url },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200);
  return (await response.json()).token;
}

/** What ends the session that asks for it. Each is asked by a user of its own. */
const ENDING = ["/change-password", "/delete-user", "/revoke-sessions", "/sign-out", "/logout", "/signout"];

for (const engine of ["SQLite", "PostgreSQL"]) {
  test(`the server is as it is documented, on ${engine}`, async () => {
    const database = engine === "PostgreSQL" ? await postgres() : undefined;
    const variables = database ? { DATABASE_URL: database.url } : {};
    const server = await api({ BETTER_AUTH_SECRET: SECRET, ...variables });
    await isAsDocumented(server, token(), 68, "--exclude-path-regex", "^/api/auth/");
    const others = ["--include-path-regex", "^/api/auth/", "--exclude-path-regex", `(${ENDING.join("|")})$`];
    await isAsDocumented(server, await session(server, "ann"), 23, ...others);
    for (const path of ENDING) {
      const bearer = await session(server, path.slice(1));
      await isAsDocumented(server, bearer, 1, "--include-path", `/api/auth${path}`);
    }
    await server.stop();
    await database?.stop();
  });
}
