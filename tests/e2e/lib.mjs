// What the end-to-end tests share: real processes, started and ended.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const program = join(here, "../../target/debug/todo-api");

/** The folder these tests are in. */
export { here };

/** The secret of every Better Auth server here. */
export const SECRET = "kZq3t6w9zCFJNcRfUjXn2r5u8xADGKaP";

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** What runs, and how to end it: whatever becomes of a test, nothing of it is left. */
const running = new Set();
after(() => Promise.all([...running].map((stop) => stop())));

/** Starts a process and waits for a line of its output; `stop` ends it. */
export function start(command, args, options, isUp) {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const lines = [];
  const stop = () =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", resolve);
      child.kill("SIGTERM");
    });
  running.add(stop);
  return new Promise((resolve, reject) => {
    const take = (text) => {
      lines.push(...text.toString().split("\n"));
      const line = lines.find(isUp);
      if (line) resolve({ line, lines, pid: child.pid, stop });
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}:\n${lines.join("\n")}`)));
  });
}

/** A real Better Auth server; see issuer.mjs for the options. */
export async function issuer(options = {}) {
  const port = options.port ?? (await freePort());
  const env = { ...process.env, BETTER_AUTH_SECRET: SECRET };
  const process_ = await start(
    process.execPath,
    [join(here, "issuer.mjs"), JSON.stringify({ ...options, port })],
    { env },
    (line) => line.startsWith("listening"),
  );
  const url = `http://127.0.0.1:${port}`;
  const base = `${url}${options.basePath ?? "/api/auth"}`;
  const call = async (path, init) => {
    const response = await fetch(base + path, init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  return {
    ...process_,
    url,
    base,
    port,
    /** Signs these claims as `auth.api.signJWT` does. */
    sign: async (claims) => (await (await fetch(`${url}/sign`, { method: "POST", body: JSON.stringify(claims) })).json()).token,
    jwks: () => call("/jwks"),
    /** Signs somebody up; gives the user and a function that asks for a JWT of theirs. */
    async signUp(name = "ann") {
      const { token, user } = await call("/sign-up/email", {
        method: "POST",
        headers: { "content-type": "application/json", origin: url },
        body: JSON.stringify({ name, email: `${name}@example.com`, password: "correct horse battery" }),
      });
      const headers = { authorization: `Bearer ${token}` };
      return { user, session: token, jwt: async () => (await call("/token", { headers })).token };
    },
  };
}

/** The server under test, with these variables and nothing else of ours. */
export async function api(variables = {}) {
  const env = {
    PATH: process.env.PATH,
    PORT: "0",
    DATABASE_URL: "sqlite://todo.db",
    ROCKET_LOG_FORMAT: "json",
    ...variables,
  };
  const cwd = mkdtempSync(join(tmpdir(), "todo-api-e2e-"));
  const process_ = await start(program, [], { env, cwd }, (line) => line.includes('"url"'));
  const { url } = JSON.parse(process_.line);
  return {
    ...process_,
    url,
    async call(token, method = "GET", path = "/api/tasks", body) {
      const response = await fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: body && JSON.stringify(body),
      });
      const text = await response.text();
      return { status: response.status, body: text && JSON.parse(text) };
    },
  };
}

/** The end of the command `openapi` with these variables. */
export function openapi(variables) {
  const env = { PATH: process.env.PATH, BETTER_AUTH_SECRET: SECRET, ...variables };
  return spawnSync(program, ["openapi"], { env, cwd: tmpdir(), encoding: "utf8", maxBuffer: 2 ** 24 });
}

/** A token of the server's own secret. */
export function token(user = "me") {
  const env = { ...process.env, BETTER_AUTH_SECRET: SECRET };
  return execFileSync(program, ["token", "--user", user, "--ttl", "1h"], { env, encoding: "utf8" }).trim();
}

/** A PostgreSQL server with an empty database; `kill` and `revive` are what they say. */
export async function postgres() {
  const versions = readdirSync("/usr/lib/postgresql").sort();
  const bin = `/usr/lib/postgresql/${versions.at(-1)}/bin`;
  const folder = mkdtempSync(join(tmpdir(), "todo-api-e2e-pg-"));
  // Its programs refuse to run as root.
  const nobody = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};
  if (nobody.uid) chownSync(folder, nobody.uid, nobody.gid);
  const run = (program, ...args) =>
    execFileSync(join(bin, program), ["-D", folder, ...args], { ...nobody, cwd: "/", stdio: "ignore" });
  let port;
  const revive = () => {
    const options = `-p ${port} -h 127.0.0.1 -c fsync=off -c unix_socket_directories=`;
    run("pg_ctl", "-w", "-l", join(folder, "log"), "-o", options, "start");
  };
  const kill = () => run("pg_ctl", "-m", "immediate", "stop");
  const stop = () => {
    try {
      kill();
    } catch {
      // It is down already.
    }
    rmSync(folder, { recursive: true, force: true });
  };
  run("initdb", "-A", "trust", "-U", "postgres", "--no-sync");
  running.add(stop);
  // Another program can take a free port before PostgreSQL does.
  for (let attempt = 1; ; attempt++) {
    port = await freePort();
    try {
      revive();
      break;
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, kill, revive, stop };
}

export const ALGORITHMS = ["EdDSA", "ES256", "ES384", "ES512", "RS256", "RS512", "PS256"];

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
