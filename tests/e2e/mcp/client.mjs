// What the tests of MCP clients share.
import assert from "node:assert/strict";
import { SECRET, api } from "../lib.mjs";

/** A server with the secret of `token()`. */
export const server = () => api({ BETTER_AUTH_SECRET: SECRET });

/** Calls all five tools. `call(tool, arguments)` returns the result as the client gives it. */
export async function useAllTools(call) {
  const ok = async (tool, args) => {
    const result = await call(tool, args);
    assert.notEqual(result.isError, true, JSON.stringify(result));
    return result.structuredContent;
  };
  const { id, ...added } = await ok("add_task", { title: "Ship it", description: "soon" });
  assert.deepEqual([added.title, added.description, added.completed], ["Ship it", "soon", false]);
  assert.equal((await ok("update_task", { task_id: id, title: "Shipped", description: null })).description, null);
  assert.equal((await ok("complete_task", { task_id: id })).completed, true);
  const list = await ok("list_tasks", { status: "completed", limit: 2 });
  assert.deepEqual([list.tasks.map((it) => it.title), list.next_cursor], [["Shipped"], null]);
  assert.deepEqual(await ok("delete_task", { task_id: id }), { id, deleted: true });
  const gone = await call("delete_task", { task_id: id });
  assert.deepEqual([gone.isError, gone.content[0].text], [true, `No task ${id}. list_tasks shows the ids.`]);
  assert.deepEqual((await ok("list_tasks", {})).tasks, []);
}
