// An axios instance with interceptors. It signs in at /api/login by a form, and toggles at a path of its own.
import { create } from "axios";

export const settings = {
  ROCKET_TASKS: "{attributes={due_date={}}}",
  ROCKET_ISSUER: '{login_paths=["/api/auth","/api"]}',
};

export const input = { title: "Buy milk", description: "2 litres", due_date: "2027-01-31" };
export const change = { title: "Buy bread", due_date: null };

export function frontend(baseURL, { storage, fetch }) {
  const client = create({ baseURL, adapter: "fetch", env: { fetch, Request: null, Response } });
  client.interceptors.request.use((config) => {
    const token = storage.getItem("access_token");
    if (token) config.headers.Authorization = `Bearer ${token}`;
    return config;
  });
  client.interceptors.response.use(
    (response) => response,
    (error) => {
      const { detail } = error.response?.data ?? {};
      return Promise.reject(new Error(Array.isArray(detail) ? detail[0].msg : (detail ?? error.message)));
    },
  );
  return {
    signUp: (email, password) => client.post("/api/register", { email, password }),
    async signIn(username, password) {
      const { data } = await client.post("/api/login", new URLSearchParams({ username, password, grant_type: "password" }));
      storage.setItem("access_token", data.access_token);
    },
    signOut: () => storage.removeItem("access_token"),
    list: () => client.get("/api/tasks").then(({ data }) => data.map((task) => ({ ...task }))),
    create: (task) => client.post("/api/tasks", task),
    update: ({ id }, change) => client.patch(`/api/tasks/${id}`, change),
    toggle: ({ id }) => client.patch(`/api/tasks/${id}/toggle-complete`),
    remove: ({ id }) => client.delete(`/api/tasks/${id}`),
    shows: ({ title, description, due_date, completed }) => ({ title, description, due_date, done: completed }),
  };
}
