// The official clients, each with all five tools.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Agent, MCPServerStreamableHttp, Usage, run, setTracingDisabled } from "@openai/agents";
import { here, token } from "../lib.mjs";
import { server, useAllTools } from "./client.mjs";

const { url } = await server();
const endpoint = new URL(`${url}/mcp`);
/** Each test has its own user. */
let users = 0;
const newToken = () => token(`user-${++users}`);
const requestInit = () => ({ headers: { authorization: `Bearer ${newToken()}` } });
const names = ["add_task", "list_tasks", "complete_task", "update_task", "delete_task"];

for (const [mode, revision] of [["legacy", "2025-11-25"], ["auto", "2026-07-28"], [{ pin: "2026-07-28" }, "2026-07-28"]]) {
  test(`@modelcontextprotocol/client with ${JSON.stringify(mode)} uses ${revision}`, async () => {
    const client = new Client({ name: "e2e", version: "1" }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(endpoint, { requestInit: requestInit() }));
    assert.equal(client.getNegotiatedProtocolVersion(), revision);
    assert.deepEqual((await client.listTools()).tools.map((it) => it.name), names);
    await useAllTools((name, args) => client.callTool({ name, arguments: args }));
    await client.close();
  });
}

test("@modelcontextprotocol/sdk", async () => {
  const client = new ClientV1({ name: "e2e", version: "1" });
  await client.connect(new TransportV1(endpoint, { requestInit: requestInit() }));
  assert.deepEqual((await client.listTools()).tools.map((it) => it.name), names);
  await useAllTools((name, args) => client.callTool({ name, arguments: args }));
  await client.close();
});

/** Runs a program of this directory, and returns what it prints. */
function python(program) {
  const interpreter = join(here, "../../target/e2e/bin/python");
  return execFileSync(interpreter, [join(here, "mcp", program), endpoint.href, newToken()], { encoding: "utf8" }).trim();
}

test("PyPI's mcp", () => assert.equal(python("client.py"), "all five tools, by 2025-11-25 and by 2026-07-28"));

test("PyPI's openai-agents with a scripted model", () => assert.equal(python("agent.py"), "all five tools"));

/** A model that calls the tools of a script, one after the other. It stands in for one that costs money. */
function scriptedModel(script) {
  const results = [];
  const getResponse = async ({ input }) => {
    const last = input.at(-1);
    if (last.type === "function_call_result") results.push(last.output);
    const step = script(results);
    const output = step
      ? { type: "function_call", callId: `call-${results.length}`, name: step[0], arguments: JSON.stringify(step[1]), status: "completed" }
      : { type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text: "Done" }] };
    return { usage: new Usage(), output: [output] };
  };
  return { getResponse, results };
}

test("@openai/agents with a scripted model", async () => {
  setTracingDisabled(true);
  const mcp = new MCPServerStreamableHttp({ url: endpoint.href, name: "tasks", requestInit: requestInit() });
  await mcp.connect();
  const text = (output) => (Array.isArray(output) ? output[0].text : (output.text ?? output));
  const id = (results) => JSON.parse(text(results[0])).id;
  const steps = [
    () => ["add_task", { title: "By an agent" }],
    (results) => ["complete_task", { task_id: id(results) }],
    (results) => ["update_task", { task_id: id(results), description: "d" }],
    () => ["list_tasks", {}],
    () => ["delete_task", { task_id: 1, user_id: "someone else" }],
    (results) => ["delete_task", { task_id: id(results) }],
  ];
  const model = scriptedModel((results) => steps[results.length]?.(results));
  const agent = new Agent({ name: "tasks", model, mcpServers: [mcp] });
  const result = await run(agent, "Add a task, complete it, describe it, list it and delete it.");
  assert.equal(result.finalOutput, "Done");
  const [, completed, updated, listed, refused, deleted] = model.results.map(text);
  assert.equal(JSON.parse(completed).completed, true);
  assert.equal(JSON.parse(updated).description, "d");
  assert.deepEqual(JSON.parse(listed).tasks.map((it) => it.title), ["By an agent"]);
  assert.match(refused, /takes only task_id/);
  assert.equal(JSON.parse(deleted).deleted, true);
  await mcp.close();
});
