// A page that sends the whole task back with one member changed. Its names are in camel case, as those of MongoDB.
export const settings = {
  ROCKET_TASKS: "{attributes={dueDate={},priority=1}}",
  ROCKET_API:
    '{path="/api/todos",list={tasks="todos"},ids="string",fields={id=["id","_id"],completed="isCompleted",user_id="userId",created_at="createdAt",updated_at="updatedAt"},status=["open","closed"]}',
};

export const input = { title: "Buy milk", description: "2 litres", dueDate: "2027-01-31", priority: 3 };
export const change = { title: "Buy bread", dueDate: null };

export function frontend(url, { storage, fetch }) {
  const send = async (path, method = "GET", body) => {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${storage.getItem("token")}` };
    const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
    if (!response.ok) throw new Error((await response.json()).detail);
    return response.status === 204 ? null : response.json();
  };
  const enter = async (path, body) => storage.setItem("token", (await send(path, "POST", body)).token);
  const put = (task) => send(`/api/todos/${task._id}`, "PUT", task);
  return {
    signUp: (email, password, name) => enter("/api/auth/signup", { email, password, name }),
    signIn: (email, password) => enter("/api/auth/signin", { email, password }),
    signOut: () => storage.clear(),
    list: async () => (await send("/api/todos")).todos,
    create: (task) => send("/api/todos", "POST", { ...task, isCompleted: false }),
    update: (task, change) => put({ ...task, ...change }),
    // The status stays as it was and contradicts the changed member.
    toggle: (task) => put({ ...task, isCompleted: !task.isCompleted }),
    remove: ({ _id }) => send(`/api/todos/${_id}`, "DELETE"),
    shows({ _id, title, description, dueDate, priority, isCompleted, status, createdAt }) {
      const isStored = _id.length > 0 && !Number.isNaN(Date.parse(createdAt)) && (status === "closed") === isCompleted;
      return isStored ? { title, description, dueDate, priority, done: isCompleted } : {};
    },
  };
}
