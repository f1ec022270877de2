// The image in the 96 MiB that the manifests give it, with accounts, under the worst that one client sends for a while. An ingress is in
// front, so that headers have at most 32 KB.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { after, before, test } from "node:test";

import { SECRET, freePort, pause, postgres } from "../e2e/lib.mjs";

const LIMIT_MIB = 96;
const SECONDS = 20;
const podman = (...args) => execFileSync("podman", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

let database, container, pid, port;

before(async () => {
  database = await postgres();
  port = await freePort();
  container = podman(
    "run", "--detach", "--network=host", `--memory=${LIMIT_MIB}m`,
    `--env=DATABASE_URL=${database.url}`, `--env=PORT=${port}`, `--env=BETTER_AUTH_SECRET=${SECRET}`,
    `--env=ROCKET_ISSUER={enabled=true,max_concurrent_hashes=1,url="http://127.0.0.1:${port}"}`,
    process.env.IMAGE,
  );
  pid = JSON.parse(podman("inspect", "--format", "{{json .State.Pid}}", container));
  for (let tries = 0; (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => ({}))).status !== 200; tries++) {
    assert.ok(tries < 100, podman("logs", container));
    await pause(100);
  }
});
after(() => container && podman("rm", "--force", "--time=0", container));

const resident = () => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmHWM:\s*(\d+) kB/)[1]) / 1024;
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function token(user, more = {}) {
  const text = `${encode({ alg: "HS256" })}.${encode({ sub: user, exp: Math.floor(Date.now() / 1000) + 3600, ...more })}`;
  return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
}

const call = (method, path, headers, body) =>
  fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { "content-type": "application/json", ...headers }, body });

/** A connection that sends bytes and then neither reads nor closes. */
function stall(text) {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.pause();
  socket.write(text);
  return socket;
}

test("96 MiB bear the worst that one client sends", async () => {
  const me = { authorization: `Bearer ${token("me")}` };
  const long = JSON.stringify({ title: "\u{1F44D}".repeat(200), description: "\u{1F44D}".repeat(1000) });
  for (let round = 0; round < 20; round++)
    await Promise.all(Array.from({ length: 25 }, () => call("POST", "/api/tasks", me, long).then((it) => it.text())));
  const first = resident();
  const until = Date.now() + SECONDS * 1000;
  const stalled = [];
  const head = `Host: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token("me")}`;
  for (let n = 0; n < 60; n++) {
    // Lists that nobody reads, bodies that never end, long headers.
    stalled.push(stall(`GET /api/tasks HTTP/1.1\r\n${head}\r\n\r\n`));
    stalled.push(stall(`POST /api/tasks HTTP/1.1\r\n${head}\r\nContent-Length: 65000\r\n\r\n${"x".repeat(64_000)}`));
    stalled.push(stall(`GET /api/tasks HTTP/1.1\r\n${head}\r\nX-Long: ${"x".repeat(30_000)}`));
  }
  const person = JSON.stringify({ name: "n", email: "ann@example.com", password: "correct horse battery" });
  // As a browser on a page of the server's own.
  const browser = { "user-agent": "x".repeat(9_000), origin: `http://127.0.0.1:${port}` };
  const during = (work) => (async () => { while (Date.now() < until) await work(); })();
  let claims = 0;
  await Promise.all([
    // Ordinary lists of 2.4 MB.
    ...Array.from({ length: 20 }, () => during(() => call("GET", "/api/tasks", me).then((it) => it.text()))),
    // Tokens as large as a header may be, each a new one.
    ...Array.from({ length: 8 }, () =>
      during(() => call("GET", "/api/tasks?status=completed", { authorization: `Bearer ${token("me", { n: claims++, more: "x".repeat(9_000) })}` }).then((it) => it.text()))),
    // Passwords.
    ...Array.from({ length: 8 }, () =>
      during(() => call("POST", "/api/auth/sign-up/email", browser, person).then((it) => it.text()))),
    ...Array.from({ length: 8 }, () =>
      during(() => call("POST", "/api/auth/sign-in/email", browser, person).then((it) => it.text()))),
  ]);
  console.log(`resident memory: ${first.toFixed(1)} MiB before, ${resident().toFixed(1)} MiB at its peak, ${claims} large tokens`);
  for (const socket of stalled) socket.destroy();
  const state = JSON.parse(podman("inspect", "--format", "{{json .State}}", container));
  assert.deepEqual([state.Running, state.OOMKilled], [true, false]);
  assert.ok(resident() < LIMIT_MIB);
  assert.equal((await call("GET", "/readyz")).status, 200);
  assert.notEqual((await call("POST", "/api/auth/sign-in/email", browser, person)).status, 403, "passwords were hashed");
});
