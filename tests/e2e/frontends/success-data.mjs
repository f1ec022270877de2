// A service with {success, data} around everything, sign-in included, and `message` in errors.
export const settings = {
  ROCKET_TASKS: '{attributes={priority="normal",due_datetime={}}}',
  ROCKET_API:
    '{wrapper="success_data",errors="any",fields={completed="is_completed"},list={tasks="tasks",total="total_count"},deletion={message="Task deleted"}}',
  ROCKET_ISSUER:
    '{login_paths="/api/v1/auth",login_response={success=true,data={token="$token",user_id="$user.id",expires_at="$expires_at"}}}',
};

export const input = { title: "Buy milk", description: "2 litres", priority: "urgent", due_datetime: "2027-01-31T10:00" };
export const change = { title: "Buy bread", is_completed: false };

export function frontend(url, { storage, fetch }) {
  const request = async (path, options) => {
    const response = await fetch(url + path, {
      ...options,
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${storage.getItem("jwt_token")}` },
    });
    const body = await response.json();
    if (!body.success) throw new Error(body.message);
    return body.data;
  };
  const send = (method, path, data) => request(path, { method, body: JSON.stringify(data) });
  const enter = async (path, data) => {
    const { token, expires_at } = await send("POST", path, data);
    if (Date.parse(expires_at) < Date.now()) throw new Error("expired");
    storage.setItem("jwt_token", token);
  };
  return {
    signUp: (email, password, name) => enter("/api/v1/auth/signup", { email, password, name }),
    signIn: (email, password) => enter("/api/v1/auth/signin", { email, password }),
    signOut: () => storage.clear(),
    async list() {
      const { tasks, total_count } = await request("/api/tasks");
      return tasks.slice(0, total_count);
    },
    create: (task) => send("POST", "/api/tasks", task),
    update: ({ id }, change) => send("PUT", `/api/tasks/${id}`, change),
    toggle: ({ id }) => send("PATCH", `/api/tasks/${id}/complete`, {}),
    remove: ({ id }) => request(`/api/tasks/${id}`, { method: "DELETE" }),
    shows: ({ title, description, priority, due_datetime, is_completed }) => ({
      title,
      description,
      priority: priority.replace("_", " "),
      due_datetime,
      done: is_completed,
    }),
  };
}
