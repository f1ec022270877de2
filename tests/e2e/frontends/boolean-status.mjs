// A page whose status is true or false, with error.message in errors and bare successes.
export const settings = { ROCKET_API: '{fields={completed="status"},errors="any"}' };

export const input = { title: "Buy milk", description: "2 litres" };
export const change = { title: "Buy bread", description: "rye" };

export function frontend(url, { storage, fetch }) {
  const call = async (path, { token = storage.getItem("token"), ...options } = {}) => {
    const headers = new Headers({ "Content-Type": "application/json" });
    if (token) headers.set("Authorization", `Bearer ${token}`);
    const response = await fetch(url + path, { ...options, headers });
    if (!response.ok) {
      const error = await response.json();
      throw new Error(error.error?.message || error.message);
    }
    return response.status === 204 ? {} : response.json();
  };
  const post = (path, body) => call(path, { method: "POST", body: JSON.stringify(body) });
  return {
    signUp: (email, password) => post("/api/auth/signup", { email, password }),
    signIn: async (email, password) => storage.setItem("token", (await post("/api/auth/signin", { email, password })).access_token),
    signOut: () => storage.clear(),
    list: () => call("/api/tasks"),
    create: (task) => post("/api/tasks", { ...task, status: false }),
    update: ({ id }, change) => call(`/api/tasks/${id}`, { method: "PUT", body: JSON.stringify(change) }),
    toggle: ({ id, status }) => call(`/api/tasks/${id}`, { method: "PUT", body: JSON.stringify({ status: !status }) }),
    remove: ({ id }) => call(`/api/tasks/${id}`, { method: "DELETE" }),
    shows: ({ title, description, status }) => ({ title, description, done: status === true }),
  };
}
