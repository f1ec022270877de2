// Functions on fetch, with the user's id in the path. The sign-in is at /auth, beside /api.
export const settings = { ROCKET_ISSUER: '{login_paths=["/api/auth","/auth"]}' };

export const input = { title: "Buy milk", description: "2 litres" };
export const change = { title: "Buy bread", description: "" };

export function frontend(API_URL, { storage, fetch }) {
  async function call(path, options = {}) {
    const response = await fetch(`${API_URL}${path}`, {
      ...options,
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${storage.getItem("token")}` },
    });
    if (!response.ok) {
      const error = await response.json().catch(() => ({ detail: "Request failed" }));
      throw new Error(error.detail || `HTTP ${response.status}`);
    }
    return response.status === 204 ? undefined : response.json();
  }
  const tasks = () => `/api/${storage.getItem("user_id")}/tasks`;
  const enter = async (path, body) => {
    const { access_token, user } = await call(path, { method: "POST", body: JSON.stringify(body) });
    storage.setItem("token", access_token);
    storage.setItem("user_id", user.id);
  };
  return {
    signUp: (email, password, name) => enter("/auth/register", { email, password, name }),
    signIn: (email, password) => enter("/auth/login", { email, password }),
    signOut: () => storage.clear(),
    list: () => call(tasks()),
    create: (task) => call(tasks(), { method: "POST", body: JSON.stringify(task) }),
    update: ({ id }, change) => call(`${tasks()}/${id}`, { method: "PUT", body: JSON.stringify(change) }),
    toggle: ({ id }) => call(`${tasks()}/${id}/complete`, { method: "PATCH" }),
    remove: ({ id }) => call(`${tasks()}/${id}`, { method: "DELETE" }),
    shows: ({ title, description, completed }) => ({ title, description, done: completed }),
  };
}
