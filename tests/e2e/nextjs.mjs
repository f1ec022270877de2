// Runs examples/nextjs: its production build behind its reverse proxy, and its development server.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SECRET, freePort, here, pause, start } from "./lib.mjs";

const example = join(here, "../../examples/nextjs");
// The example needs a later Node.js than these tests.
const bin = join(here, "node_modules/node/bin");
const environment = { PATH: `${bin}:${process.env.PATH}`, HOME: process.env.HOME, NEXT_TELEMETRY_DISABLED: "1" };
const next = join(example, "node_modules/next/dist/bin/next");

/** Lints and builds the example once for all tests. */
export function build() {
  for (const script of ["lint", "build"]) {
    const { status, stdout, stderr } = spawnSync("npm", ["run", script], { cwd: example, env: environment, encoding: "utf8" });
    if (status !== 0) throw new Error(`npm run ${script} failed:\n${stdout}${stderr}`);
  }
}

/** A variable of the API in compose.yaml, with the addresses of this run. */
export function composeVariable(name, { url, web, builtIn }) {
  const [, value] = readFileSync(join(example, "compose.yaml"), "utf8").match(new RegExp(`^      ${name}: '(.*)'$`, "m"));
  return value.replaceAll("http://localhost:3000", url).replace("http://web:3000", web).replace("${BUILT_IN_AUTH:-false}", builtIn);
}

/**
 * The production build and the API at one origin. `builtIn` uses the API's /api/auth instead of Better Auth in the app. `startApi` gets the
 * origin and the app's own URL, and returns the API.
 */
export async function production({ builtIn = false, database, startApi }) {
  const [port, webPort] = [await freePort(), await freePort()];
  const url = `http://localhost:${port}`;
  const webUrl = `http://127.0.0.1:${webPort}`;
  const api = await startApi(url, webUrl);
  const web = await start(
    join(bin, "node"),
    [join(example, ".next/standalone/server.js")],
    {
      env: {
        ...environment,
        NODE_ENV: "production",
        HOSTNAME: "127.0.0.1",
        PORT: String(webPort),
        API_URL: api.url,
        BUILT_IN_AUTH: String(builtIn),
        ...(builtIn ? {} : { BETTER_AUTH_URL: url, BETTER_AUTH_SECRET: SECRET, DATABASE_URL: database }),
      },
    },
    (line) => line.includes("Ready"),
  );
  const proxy = await start(
    "haproxy",
    ["-V", "-f", join(example, "haproxy.cfg")],
    {
      env: {
        PATH: `${process.env.PATH}:/usr/sbin`,
        LISTEN: `127.0.0.1:${port}`,
        API_ADDRESS: new URL(api.url).host,
        WEB_ADDRESS: `127.0.0.1:${webPort}`,
        BUILT_IN_AUTH: String(builtIn),
      },
    },
    // Its last line before it listens.
    (line) => line.startsWith("Using "),
  );
  while (!(await fetch(`${url}/login`).catch(() => undefined))) await pause(50);
  const stop = () => Promise.all([proxy.stop(), web.stop(), api.stop()]);
  return { url, webUrl, api, stop };
}

/** `npm run dev` beside `cargo run`: two origins, and Better Auth in a SQLite file unless `variables` has BUILT_IN_AUTH. */
export async function development(apiUrl, port, variables = {}) {
  const url = `http://localhost:${port}`;
  const env = { ...environment, BETTER_AUTH_URL: url, API_URL: apiUrl, ...variables };
  const web = await start(join(bin, "node"), [next, "dev", "--port", String(port)], { cwd: example, env }, (line) => line.includes("Ready"));
  // The first response waits for the compiler, which takes a minute on a busy machine.
  while (!(await fetch(`${url}/login`).catch(() => undefined))) await pause(50);
  return { ...web, url };
}
