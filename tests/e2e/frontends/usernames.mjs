// A client in the manner of FastAPI's tutorial: users have a name and no email. It signs in by a form and reads the user's name.
export const settings = { ROCKET_ISSUER: '{login_paths="/",usernames=true}' };

export const input = { title: "Buy milk", description: "2 litres" };
export const change = { title: "Buy bread" };

export function frontend(url, { storage, fetch }) {
  const call = async (path, options = {}) => {
    const headers = { Authorization: `Bearer ${storage.getItem("token")}`, ...options.headers };
    const response = await fetch(url + path, { ...options, headers });
    if (!response.ok) throw new Error((await response.json()).detail);
    return response.status === 204 ? undefined : response.json();
  };
  const json = (path, method, body) =>
    call(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const name = (email) => email.split("@")[0];
  return {
    signUp: (email, password) => json("/users", "POST", { username: name(email), password }),
    async signIn(email, password) {
      const headers = { "Content-Type": "application/x-www-form-urlencoded" };
      const body = new URLSearchParams({ username: name(email), password }).toString();
      const { access_token } = await call("/token", { method: "POST", headers, body });
      storage.setItem("token", access_token);
    },
    signOut: () => storage.removeItem("token"),
    list: () => call("/api/tasks"),
    create: (task) => json("/api/tasks", "POST", task),
    update: ({ id }, change) => json(`/api/tasks/${id}`, "PUT", change),
    toggle: ({ id, completed }) => json(`/api/tasks/${id}`, "PATCH", { completed: !completed }),
    remove: ({ id }) => call(`/api/tasks/${id}`, { method: "DELETE" }),
    shows: ({ title, description, completed }) => ({ title, description, done: completed }),
    async checks(assert) {
      assert.equal((await call("/users/me")).username, "ann");
    },
  };
}
