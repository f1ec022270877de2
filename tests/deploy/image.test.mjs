// The image that scripts/check-deploy has built, run as compose.yaml and Kubernetes run it: on a root nobody can write, without
// a capability, in 64 MiB.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { SECRET, freePort, here, pause, postgres } from "../e2e/lib.mjs";

const IMAGE = process.env.IMAGE;
const root = join(here, "../..");
const LIMIT = 64 * 2 ** 20;
const CONFINED = [
  "--network=host",
  "--read-only",
  // Kubernetes gives no directories in memory, either.
  "--read-only-tmpfs=false",
  "--cap-drop=all",
  "--security-opt=no-new-privileges",
  "--memory=64m",
  // The settings of the manifests. No issuer: nothing here may ask the Internet for keys.
  `--env-file=${join(root, "target/deploy/neon.env")}`,
  "--env=BETTER_AUTH_URL=",
  `--env=BETTER_AUTH_SECRET=${SECRET}`,
];

// What it complains about, systemd's absence for one, is shown only when it fails.
const podman = (...args) =>
  execFileSync("podman", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
const attempt = (...args) => spawnSync("podman", args, { encoding: "utf8" });
const inspect = (name, format) => JSON.parse(podman("inspect", "--format", `{{json ${format}}}`, name));

let database, container, pid, url;
/** The exit status of the image's own health check, by podman and by hand. */
const check = () => attempt("healthcheck", "run", container).status;
const ask = () => attempt("exec", container, "todo-api", "healthcheck").status;
const run = (...args) => podman("run", "--rm", ...CONFINED, `--env=DATABASE_URL=${database.url}`, ...args);

before(async () => {
  database = await postgres();
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  container = podman("run", "--detach", ...CONFINED, `--env=DATABASE_URL=${database.url}`, `--env=PORT=${port}`, IMAGE);
  pid = inspect(container, ".State.Pid");
  await answers("/livez", 200);
});
after(() => container && podman("rm", "--force", "--time=0", container));

async function answers(path, status) {
  let last;
  for (let tries = 0; tries < 100; tries++) {
    last = await fetch(url + path).then((it) => it.status, String);
    if (last === status) return;
    await pause(100);
  }
  assert.fail(`${path} says ${last}, not ${status}:\n${podman("logs", "--tail=20", container)}`);
}

/** The limit that the kernel knows, by either version of cgroups. */
function memoryLimit() {
  const groups = readFileSync(`/proc/${pid}/cgroup`, "utf8");
  const [, first] = groups.match(/^\d+:memory:(.*)$/m) ?? [];
  if (first) return Number(readFileSync(`/sys/fs/cgroup/memory${first}/memory.limit_in_bytes`, "utf8"));
  const [, second] = groups.match(/^0::(.*)$/m);
  return Number(readFileSync(`/sys/fs/cgroup${second}/memory.max`, "utf8"));
}

/** Milliseconds that the process has had of a processor, which the kernel counts in hundredths of a second. */
function processor() {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function call(token, method, path, body) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, body: text && JSON.parse(text) };
}

test("it is small, and says what it is", () => {
  const size = inspect(IMAGE, ".Size");
  const program = statSync(`/proc/${pid}/exe`).size;
  console.log(`image ${(size / 1e6).toFixed(1)} MB, of which the program ${(program / 1e6).toFixed(1)} MB`);
  assert.ok(size < 25e6 && program < 20e6);
  const config = inspect(IMAGE, ".Config");
  const version = readFileSync(join(root, "Cargo.toml"), "utf8").match(/^version = "(.*)"$/m)[1];
  assert.equal(config.User, "65532:65532");
  assert.equal(config.Labels["org.opencontainers.image.version"], version);
  const revision = config.Labels["org.opencontainers.image.revision"];
  assert.match(revision, /^[0-9a-f]{40}$/);
  assert.equal(podman("run", "--rm", IMAGE, "--version"), `todo-api ${version} (${revision})`);
});

test("its SBOM has every crate of the binary", () => {
  const tree = ["tree", "--locked", "--edges=normal,no-proc-macro", "--target=x86_64-unknown-linux-gnu", "--prefix=none", "--format={p}"];
  const crates = execFileSync("cargo", tree, { cwd: root, encoding: "utf8" });
  const expected = new Set([...crates.matchAll(/^(\S+) v(\S+)/gm)].map(([, name, version]) => `${name} ${version}`));
  const { packages } = JSON.parse(readFileSync(join(root, "target/deploy/sbom.spdx.json"), "utf8"));
  const isCrate = (it) => it.externalRefs?.some((reference) => reference.referenceLocator.startsWith("pkg:cargo/"));
  const listed = new Set(packages.filter(isCrate).map((it) => `${it.name} ${it.versionInfo}`));
  assert.deepEqual([...expected].filter((it) => !listed.has(it)), []);
  console.log(`SBOM: ${listed.size} crates, ${packages.length - listed.size} other packages`);
});

test("the process is 65532 without rights, and cannot get any", () => {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name) => status.match(new RegExp(`^${name}:\\s*(.*)$`, "m"))[1].split("\t");
  assert.deepEqual(field("Uid"), Array(4).fill("65532"));
  assert.deepEqual(field("Gid"), Array(4).fill("65532"));
  for (const set of ["CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb"]) assert.match(field(set)[0], /^0+$/, set);
  assert.equal(field("NoNewPrivs")[0], "1");
  assert.equal(field("Seccomp")[0], "2");
});

test("its root cannot be written, by itself or by root", () => {
  for (const folder of ["", "/tmp", "/home/nonroot", "/usr/local/bin"])
    assert.throws(() => writeFileSync(`/proc/${pid}/root${folder}/written`, ""), { code: "EROFS" }, folder);
  const refused = attempt("run", "--rm", ...CONFINED, "--env=DATABASE_URL=sqlite:///tmp/todo.db", IMAGE);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /cannot open \/tmp\/todo.db \(Read-only file system/);
});

test("it is ready when the migration's run is over, and then keeps tasks", async () => {
  // As with the migration's init container: the settings say ROCKET_MIGRATE_ON_LAUNCH=false.
  await answers("/readyz", 503);
  assert.deepEqual([check(), ask()], [1, 1]);
  run(IMAGE, "migrate", "--wait", "10m");
  await answers("/readyz", 200);
  assert.deepEqual([check(), ask()], [0, 0]);
  const token = run(IMAGE, "token", "--user", "me");
  const made = await call(token, "POST", "/api/tasks", { title: "Ship it" });
  assert.equal(made.status, 201);
  assert.deepEqual((await call(token, "GET", "/api/tasks")).body, [made.body]);
});

test("it stays ready and healthy while the database is away, and says so", async () => {
  const token = run(IMAGE, "token", "--user", "me");
  const says = async () => (await call(token, "GET", "/readyz")).body.database;
  database.kill();
  assert.equal((await call(token, "GET", "/api/tasks")).status, 503);
  await answers("/readyz", 200);
  assert.equal(await says(), "unavailable");
  assert.deepEqual([check(), ask()], [0, 0]);
  database.revive();
  for (let tries = 0; (await says()) !== "available"; tries++) {
    assert.ok(tries < 100);
    await pause(100);
  }
  assert.equal((await call(token, "GET", "/api/tasks")).status, 200);
});

test("64 MiB are enough for sixteen busy callers, and for ten lists of 1,000 long tasks", async () => {
  assert.equal(memoryLimit(), LIMIT);
  const memory = (field) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(`${field}:\\s*(\\d+) kB`)[1]) / 1024;
  const token = run(IMAGE, "token", "--user", "busy");
  const done = async (...request) => {
    const answer = await call(token, ...request);
    assert.ok(answer.status < 300, `${request}: ${answer.status}`);
    return answer.body;
  };
  const [first, before, rounds, callers] = [memory("VmRSS"), processor(), 125, 16];
  const live = async () => {
    for (let round = 0; round < rounds; round++) {
      const path = `/api/tasks/${(await done("POST", "/api/tasks", { title: "short" })).id}`;
      await done("GET", path);
      await done("GET", "/api/v1/tasks?limit=20");
      await done("PATCH", `${path}/complete`);
      await done("DELETE", path);
    }
  };
  await Promise.all(Array.from({ length: callers }, live));
  const requests = callers * rounds * 5;
  const each = (processor() - before) / requests;
  console.log(`${requests} requests by ${callers} at once: ${each.toFixed(3)} ms of processor each`);
  console.log(`resident memory: ${first.toFixed(1)} MiB before, ${memory("VmRSS").toFixed(1)} MiB after`);

  const long = { title: "t".repeat(200), description: "d".repeat(1000) };
  for (let round = 0; round < 20; round++)
    await Promise.all(Array.from({ length: 50 }, () => done("POST", "/api/tasks", long)));
  await Promise.all(Array.from({ length: 10 }, () => done("GET", "/api/tasks")));
  console.log(`resident memory at its peak, with ten lists of 1,000 tasks at once: ${memory("VmHWM").toFixed(1)} MiB`);
  assert.ok(memory("VmHWM") * 2 ** 20 < LIMIT);
  assert.equal(inspect(container, ".State.OOMKilled"), false);
});

test("every metric of the alerts and the dashboard is served, as Prometheus likes them", async () => {
  const asked = ["target/deploy/rules.yaml", "k8s/dashboards/todo-api.json"]
    .flatMap((path) => readFileSync(join(root, path), "utf8").match(/\btodo_\w+/g))
    // This one needs an issuer.
    .filter((name) => name !== "todo_jwks_age_seconds");
  const served = await (await fetch(`${url}/metrics`)).text();
  assert.ok(asked.length > 10);
  for (const name of new Set(asked)) assert.match(served, new RegExp(`^${name}[{ ]`, "m"), name);
  execFileSync("promtool", ["check", "metrics"], { input: served });
});

test("SIGTERM ends it with 0, after the drain", () => {
  const began = performance.now();
  podman("kill", "--signal=TERM", container);
  assert.equal(podman("wait", container), "0");
  const seconds = (performance.now() - began) / 1000;
  console.log(`stopped ${seconds.toFixed(1)} s after SIGTERM`);
  assert.ok(seconds >= 5 && seconds < 18);
  assert.match(podman("logs", "--tail=20", container), /"message":"server stopped"/);
});
