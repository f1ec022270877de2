// Server actions of Next.js. Node signs a token for each request, with an issuer and an audience of its own, and sends no Origin.
import { SignJWT } from "jose";
import { SECRET } from "../lib.mjs";

export const settings = {
  ROCKET_AUTH: '{issuer="nextjs-frontend",audience="fastapi-backend"}',
  ROCKET_ISSUER: "{enabled=false}",
  ROCKET_TASKS: '{attributes={priority={default="Medium",values=["Low","Medium","High"]},tags=[],due_date={}}}',
  ROCKET_API: '{path="/api/bare/tasks"}',
  ROCKET_V1:
    '{path="/api/{user_id}/tasks",ids="string",sorts={created_newest="created_at desc",priority_high_low="priority desc",alphabetical_az="title asc"}}',
};

export const input = { title: "Buy milk", description: null, priority: "High", tags: ["work"], due_date: "2027-01-31T00:00:00.000Z" };
export const change = { title: "Buy bread", tags: [], due_date: null };

const user = { id: "user-1", email: "ann@example.com", name: "Ann" };

const token = () =>
  new SignJWT({ sub: user.id, email: user.email, name: user.name })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuedAt()
    .setIssuer("nextjs-frontend")
    .setAudience("fastapi-backend")
    .setExpirationTime("15m")
    .sign(new TextEncoder().encode(SECRET));

export function frontend(url) {
  // The fetch of Node, which sends Sec-Fetch-Mode without Origin.
  const action = async (path, options = {}) => {
    const response = await fetch(`${url}/api/${user.id}${path}`, {
      ...options,
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${await token()}` },
    });
    if (!response.ok) {
      const { detail, message, error } = await response.json();
      throw new Error(detail || message || error.message);
    }
    return response.status === 204 ? undefined : response.json();
  };
  const send = (method, path, body) => action(path, { method, body: JSON.stringify(body) });
  return {
    async list() {
      const { data } = await action("/tasks?sort_by=created_newest&limit=10");
      return data.tasks.slice(0, data.total);
    },
    create: (task) => send("POST", "/tasks", task),
    update: ({ id }, change) => send("PATCH", `/tasks/${id}`, change),
    toggle: ({ id, completed }) => send("PATCH", `/tasks/${id}`, { completed: !completed }),
    remove: ({ id }) => action(`/tasks/${id}`, { method: "DELETE" }),
    shows: ({ title, description, priority, tags, due_date, completed }) => ({
      title,
      description,
      priority: priority.trim(),
      tags: tags.map((tag) => tag),
      due_date,
      done: completed,
    }),

    /** Checks the words of the filters and the orders. */
    async checks(assert) {
      const titles = async (query) => (await action(`/tasks?${query}`)).data.tasks.map(({ title }) => title);
      assert.deepEqual(await titles("status=Completed"), ["Buy bread"]);
      assert.deepEqual(await titles("status=Pending"), ["plain"]);
      assert.deepEqual(await titles("sort_by=priority_high_low"), ["Buy bread", "plain"]);
      assert.deepEqual(await titles("sort_by=alphabetical_az&limit=1&offset=1"), ["plain"]);
      assert.deepEqual(await titles("priority=High&search=BREAD"), ["Buy bread"]);
    },
  };
}
