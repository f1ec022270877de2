// A client that reads is_completed below `task` and `tasks`, and throws on an error without error.code. Sign-in gives {user, tokens}.
export const settings = {
  ROCKET_TASKS: '{attributes={category="other"}}',
  ROCKET_API:
    '{path="/api/users/{user_id}/tasks",task_key="task",list={tasks="tasks"},fields={completed="is_completed"},errors="any",ids="string"}',
  ROCKET_ISSUER: '{login_response={user="$user",tokens={access_token="$token",expires_in="$expires_in"}}}',
};

export const input = { title: "Buy milk", description: "2 litres", category: "shopping" };
export const change = { category: "home" };

class ApiError extends Error {
  constructor({ error: { code, message } }) {
    super(message);
    this.code = code.toUpperCase();
  }
}

export function frontend(url, { storage, fetch }) {
  const session = () => JSON.parse(storage.getItem("session"));
  const call = async (path, method = "GET", body) => {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${session()?.tokens.access_token}` };
    const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
    if (response.status === 204) return undefined;
    const data = await response.json();
    if (!response.ok) throw path.startsWith("/api/auth") ? new Error(data.detail) : new ApiError(data);
    return data;
  };
  const enter = async (path, body) => storage.setItem("session", JSON.stringify(await call(path, "POST", body)));
  const tasks = () => `/api/users/${session().user.id}/tasks`;
  const changed = async (path, method, body) => (await call(path, method, body)).task.id.length;
  return {
    signUp: (email, password, name) => enter("/api/auth/register", { email, password, name }),
    signIn: (email, password) => enter("/api/auth/login", { email, password }),
    signOut: () => storage.clear(),
    list: async () => (await call(tasks())).tasks,
    create: (task) => changed(tasks(), "POST", task),
    update: ({ id }, change) => changed(`${tasks()}/${id}`, "PUT", change),
    toggle: ({ id, is_completed }) => changed(`${tasks()}/${id}`, "PATCH", { is_completed: !is_completed }),
    remove: ({ id }) => call(`${tasks()}/${id}`, "DELETE"),
    shows: ({ title, description, category, is_completed }) => ({ title, description, category, done: is_completed }),
  };
}
