// What the end-to-end tests share: real processes, started and ended.
import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const program = join(here, "../../target/debug/todo-api");

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

/** Starts a process and waits for a line of its output; `stop` ends it. */
function start(command, args, options, isUp) {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const lines = [];
  const stop = () =>
    new Promise((resolve) => {
      if (child.exitCode !== null) return resolve();
      child.once("exit", resolve);
      child.kill("SIGTERM");
    });
  return new Promise((resolve, reject) => {
    const take = (text) => {
      lines.push(...text.toString().split("\n"));
      const line = lines.find(isUp);
      if (line) resolve({ line, lines, stop });
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
  const call = async (path, init) => {
    const response = await fetch(`${url}/api/auth${path}`, init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  return {
    ...process_,
    url,
    port,
    jwks: () => call("/jwks"),
    /** Signs somebody up; gives the user and a function that asks for a JWT of theirs. */
    async signUp(name = "ann") {
      const { token, user } = await call("/sign-up/email", {
        method: "POST",
        headers: { "content-type": "application/json", origin: url },
        body: JSON.stringify({ name, email: `${name}@example.com`, password: "correct horse battery" }),
      });
      const headers = { authorization: `Bearer ${token}` };
      return { user, jwt: async () => (await call("/token", { headers })).token };
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

export const ALGORITHMS = ["EdDSA", "ES256", "ES384", "ES512", "RS256", "RS512", "PS256"];

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
