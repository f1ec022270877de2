// A page that never sees its token: the sign-in sets a cookie, and every request sends it.
export const settings = { ROCKET_AUTH: '{cookie="access_token"}' };

export const input = { title: "Buy milk", description: "2 litres" };
export const change = { description: null };

export function frontend(url, { fetch }) {
  const call = async (path, method = "GET", body) => {
    const response = await fetch(url + path, {
      method,
      credentials: "include",
      headers: { "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
    if (!response.ok) throw new Error((await response.json()).detail);
    return response.status === 204 ? null : response.json();
  };
  return {
    signUp: (email, password, name) => call("/api/auth/signup", "POST", { email, password, name }),
    signIn: (email, password) => call("/api/auth/signin", "POST", { email, password }),
    signOut: () => call("/api/auth/signout", "POST"),
    async list() {
      const { id } = await call("/api/auth/me");
      return call(`/api/${id}/tasks`);
    },
    create: (task) => call("/api/tasks", "POST", task),
    update: ({ id, user_id }, change) => call(`/api/${user_id}/tasks/${id}`, "PUT", change),
    toggle: ({ id, user_id }) => call(`/api/${user_id}/tasks/${id}/complete`, "PATCH"),
    remove: ({ id, user_id }) => call(`/api/${user_id}/tasks/${id}`, "DELETE"),
    shows: ({ title, description, completed }) => ({ title, description, done: completed }),
  };
}
