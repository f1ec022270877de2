// A frontend's code, with the types that were made of the document and not one cast. It is compiled strictly, and run.
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/schema.js";

type Task = components["schemas"]["Task"];

function expect(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/** Walks through what can be done with a task, in both dialects. */
export async function walk(baseUrl: string, token: string): Promise<void> {
  const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

  const { data: made, error, response } = await client.POST("/api/tasks", {
    body: { title: "Deploy", description: null },
  });
  expect(made !== undefined, error?.detail ?? "no task");
  expect(response.headers.get("location") === `/api/tasks/${made.id}`, "its location");
  const task: Task = made;
  const path = { id: task.id };

  const { data: list } = await client.GET("/api/tasks", { params: { query: { status: "pending", order: "asc" } } });
  expect(list?.some((it) => it.id === task.id) === true, "it is in the list");

  const { data: shown } = await client.GET("/api/tasks/{id}", { params: { path } });
  expect(shown?.description === null && shown.completed === false, "it is shown");

  const { data: changed } = await client.PATCH("/api/tasks/{id}", { params: { path }, body: { description: "soon" } });
  expect(changed?.description === "soon", "it is changed");

  const { data: completed } = await client.PATCH("/api/tasks/{id}/complete", { params: { path } });
  expect(completed?.completed === true, "it is completed");

  const { data: page } = await client.GET("/api/v1/{user_id}/tasks", {
    params: { path: { user_id: task.user_id }, query: { status: "Completed", limit: 10 } },
  });
  const first = page?.data.tasks[0];
  expect(first?.status === "Completed" && page?.data.total === 1, "it is on the page");

  const { error: refused } = await client.POST("/api/tasks", { body: { title: " " } });
  expect(refused?.errors?.[0]?.message === "Title is required and cannot be empty", "an error has its type");

  const { error: enveloped } = await client.PUT("/api/v1/tasks/{id}", { params: { path }, body: { title: "" } });
  expect(enveloped?.error.code === "VALIDATION_ERROR", "in both dialects");

  const { response: deleted } = await client.DELETE("/api/tasks/{id}", { params: { path } });
  expect(deleted.status === 204, "it is deleted");
  const { error: gone } = await client.GET("/api/tasks/{id}", { params: { path } });
  expect(gone?.error_code === "RESOURCE_NOT_FOUND", "and gone");
}
