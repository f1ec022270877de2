// A board with three columns. A task is in the column of its status, and the third column means completed.
export const settings = {
  ROCKET_TASKS: "{title_limit=500,description_limit=5000}",
  ROCKET_API: '{status=["todo","in_progress","done"],list={tasks="items",total="total"},deletion="task"}',
};

export const input = { title: "Buy milk".padEnd(450, "!"), description: "2 litres".padEnd(4000, "!"), status: "in_progress" };
export const change = { title: "Buy bread" };

const COLUMNS = ["todo", "in_progress", "done"];

export function frontend(url, { storage, fetch }) {
  const request = async (path, method = "GET", body) => {
    const response = await fetch(url + path, {
      method,
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${storage.getItem("auth_token")}` },
      body: JSON.stringify(body),
    });
    const data = await response.json();
    if (!response.ok) throw new Error(data.detail);
    return data;
  };
  const enter = async (path, body) => {
    const { token, user } = await request(path, "POST", body);
    storage.setItem("auth_token", token);
    storage.setItem("user", JSON.stringify(user));
  };
  const tasks = () => `/api/${JSON.parse(storage.getItem("user")).id}/tasks`;
  return {
    signUp: (email, password) => enter("/api/auth/signup", { email, password }),
    signIn: (email, password) => enter("/api/auth/signin", { email, password }),
    signOut: () => storage.removeItem("auth_token"),
    async list() {
      const columns = await Promise.all(COLUMNS.map((status) => request(`${tasks()}?status=${status}`)));
      return columns.flatMap(({ items }, index) => items.filter(({ status }) => status === COLUMNS[index]));
    },
    create: (task) => request(tasks(), "POST", task),
    update: ({ id }, change) => request(`${tasks()}/${id}`, "PUT", change),
    toggle: ({ id, status }) => request(`${tasks()}/${id}`, "PUT", { status: status === "done" ? "in_progress" : "done" }),
    remove: ({ id }) => request(`${tasks()}/${id}`, "DELETE"),
    shows: ({ title, description, status }) => ({ title, description, ...(status !== "done" && { status }), done: status === "done" }),
  };
}
