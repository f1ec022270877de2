// Names in a pod: the image with the resolver that the kubelet gives it, and with a DNS server that knows the Service of k8s/overlays/dev and
// nothing else.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { after, before, test } from "node:test";

import { SECRET, freePort, pause, postgres } from "../e2e/lib.mjs";

/** A loopback address of its own, because resolv.conf has no ports. */
const DNS = "127.53.0.10";
const SERVICE = "postgres.todo-dev.svc.cluster.local";
const SEARCH = ["todo-dev.svc.cluster.local", "svc.cluster.local", "cluster.local"];
const podman = (...args) => execFileSync("podman", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

const asked = new Set();
let dns, database, container;

/** The response to a query: 127.0.0.1 for an A record of the Service, no record for another type, NXDOMAIN for another name. */
function respond(query) {
  const labels = [];
  let at = 12;
  for (; query[at]; at += query[at] + 1) labels.push(query.toString("latin1", at + 1, at + 1 + query[at]));
  const question = query.subarray(12, at + 5);
  const [name, type] = [labels.join("."), query.readUInt16BE(at + 1)];
  asked.add(name);
  const answer = name === SERVICE && type === 1 ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 127, 0, 0, 1]) : Buffer.alloc(0);
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(name === SERVICE ? 0x8180 : 0x8183, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(answer.length ? 1 : 0, 6);
  return Buffer.concat([head, question, answer]);
}

before(async () => {
  dns = createSocket("udp4", (query, client) => dns.send(respond(query), client.port, client.address));
  await new Promise((resolve) => dns.bind(53, DNS, resolve));
  database = await postgres();
});
after(() => {
  if (container) podman("rm", "--force", "--time=0", container);
  dns.close();
});

async function start(host) {
  const port = await freePort();
  const url = new URL(database.url);
  url.hostname = host;
  container = podman(
    "run", "--detach", "--network=host", "--read-only", `--dns=${DNS}`, ...SEARCH.map((it) => `--dns-search=${it}`), "--dns-option=ndots:5",
    `--env=DATABASE_URL=${url}`, `--env=PORT=${port}`, `--env=BETTER_AUTH_SECRET=${SECRET}`, process.env.IMAGE,
  );
  let readiness;
  for (let tries = 0; readiness?.status !== "ready"; tries++) {
    assert.ok(tries < 100, `${JSON.stringify(readiness)} ${podman("logs", container)}`);
    await pause(100);
    readiness = await fetch(`http://127.0.0.1:${port}/readyz`).then((it) => it.json(), () => undefined);
  }
  podman("rm", "--force", "--time=0", container);
  container = undefined;
}

test("the host of the example's DATABASE_URL is found by the search domains of a pod", async () => {
  await start("postgres");
  assert.ok(asked.has(SERVICE), [...asked].join());
});

test("an address needs no DNS", async () => {
  asked.clear();
  await start("127.0.0.1");
  assert.deepEqual([...asked], []);
});
