// The official conformance suite. It needs Node 22, which the package `node` brings.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { freePort, here, token } from "../lib.mjs";
import { server } from "./client.mjs";

const modules = join(here, "mcp/node_modules");
const suite = [join(modules, "node/bin/node"), join(modules, "@modelcontextprotocol/conformance/dist/index.js")];

/** Scenarios for what the server offers, with their number of checks. */
const OFFERED = { "server-initialize": 1, ping: 1, "tools-list": 1, "dns-rebinding-protection": 2 };

/** The other scenarios, with the reason why the server cannot pass them. */
const NOT_OFFERED = {
  "it has no test tools of the suite (test_simple_text and so on)": [
    "tools-call-simple-text", "tools-call-image", "tools-call-audio", "tools-call-embedded-resource", "tools-call-mixed-content",
    "tools-call-with-logging", "tools-call-error", "tools-call-with-progress", "tools-call-sampling", "tools-call-elicitation",
    "json-schema-2020-12", "elicitation-sep1034-defaults", "elicitation-sep1330-enums",
  ],
  "it has tools only: no logging, completions, resources and prompts": [
    "logging-set-level", "completion-complete", "resources-list", "resources-read-text", "resources-read-binary",
    "resources-templates-read", "resources-subscribe", "resources-unsubscribe", "prompts-list", "prompts-get-simple",
    "prompts-get-with-args", "prompts-get-embedded-resource", "prompts-get-with-image",
  ],
  "it has no event streams, so these check nothing": ["server-sse-polling", "server-sse-multiple-streams"],
};

/** A proxy that adds a token, which the suite cannot send. */
async function withToken(url) {
  const authorization = `Bearer ${token()}`;
  const proxy = createServer((from, to) => {
    const headers = { ...from.headers, authorization };
    const sent = request(url + from.url, { method: from.method, headers }, (response) => {
      to.writeHead(response.statusCode, response.headers);
      response.pipe(to);
    });
    from.pipe(sent.on("error", () => to.destroy()));
  });
  const port = await freePort();
  await new Promise((resolve) => proxy.listen(port, "127.0.0.1", resolve));
  after(() => proxy.close());
  return `http://localhost:${port}`;
}

const run = (...args) =>
  promisify(execFile)(suite[0], [suite[1], ...args], { encoding: "utf8" }).catch((failed) => failed);

test("conformance: every scenario for what the server offers passes, and every other is named", async () => {
  const { stdout: list } = await run("list", "--server");
  const known = [...list.matchAll(/^ {2}- (\S+)/gm)].map((it) => it[1]);
  assert.deepEqual(known.toSorted(), [...Object.keys(OFFERED), ...Object.values(NOT_OFFERED).flat()].toSorted());
  const { url } = await server();
  const { stdout } = await run("server", "--url", `${await withToken(url)}/mcp`, "--suite", "all");
  console.log(stdout.slice(stdout.indexOf("=== SUMMARY")));
  for (const [scenario, checks] of Object.entries(OFFERED)) {
    assert.match(stdout, new RegExp(`^✓ ${scenario}: ${checks} passed, 0 failed`, "m"));
  }
});
