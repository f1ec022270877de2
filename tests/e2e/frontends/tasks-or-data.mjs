// A page that accepts several shapes (`data.tasks || data`), but asks for its user at each load, below `data.user`.
export const settings = { ROCKET_ISSUER: '{me_response={user="$user"}}' };

export const input = { title: "Buy milk", description: "2 litres" };
export const change = { title: "Buy bread", description: null };

export function frontend(url, { storage, fetch }) {
  const send = async (path, method = "GET", body) => {
    const response = await fetch(url + path, {
      method,
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${storage.getItem("token") || ""}` },
      body: body && JSON.stringify(body),
    });
    const data = await response.json().catch(() => null);
    if (!response.ok) throw new Error(data?.detail || data?.message || data?.error?.message || "Failed");
    return data;
  };
  const enter = async (path, body) => {
    const data = await send(path, "POST", body);
    storage.setItem("token", data.access_token || data.token || data.data.token);
  };
  return {
    signUp: (email, password, name) => enter("/api/auth/signup", { email, password, name }),
    signIn: (email, password) => enter("/api/auth/login", { email, password }),
    signOut: () => storage.clear(),
    async list() {
      const { user } = await send("/api/auth/me");
      const data = await send(`/api/tasks?user_id=${user.id}&_=${Date.now()}`);
      return (data.tasks || data).filter((task) => task.user_id === user.id);
    },
    async create(task) {
      const data = await send("/api/tasks", "POST", { ...task, completed: false });
      return (data.task || data.data || data).title.toUpperCase();
    },
    update: ({ id }, change) => send(`/api/tasks/${id}`, "PUT", change),
    toggle: ({ id, completed }) => send(`/api/tasks/${id}/complete`, "PATCH", { completed: !completed }),
    remove: ({ id }) => send(`/api/tasks/${id}`, "DELETE"),
    shows: ({ title, description, completed }) => ({ title, description, done: completed }),
  };
}
