// A class that parses every response as JSON, deletions included, and keeps its token in a readable cookie.
export const settings = {
  ROCKET_TASKS: '{attributes={priority="medium",tags=[]}}',
  ROCKET_API: '{path="/tasks",deletion={message="Task deleted"}}',
  ROCKET_ISSUER: '{login_paths="/auth"}',
};

export const input = { title: "Buy milk", description: "2 litres", priority: "high", tags: ["shop"] };
export const change = { priority: "low" };

class ApiClient {
  constructor(baseUrl, page) {
    Object.assign(this, { baseUrl, page });
  }

  async request(method, path, body) {
    const headers = { "Content-Type": "application/json" };
    const token = this.page.storage.getItem("token");
    if (token) headers.Authorization = `Bearer ${token}`;
    const response = await this.page.fetch(this.baseUrl + path, { method, headers, body: body && JSON.stringify(body) });
    const data = await response.json();
    if (!response.ok) throw new Error(data.detail);
    return data;
  }
}

export function frontend(url, page) {
  const client = new ApiClient(url, page);
  return {
    signUp: (email, password, name) => client.request("POST", "/auth/signup", { email, password, name }),
    signIn: async (email, password) => {
      const { access_token } = await client.request("POST", "/auth/signin", { email, password });
      page.storage.setItem("token", access_token);
    },
    signOut: async () => {
      await client.request("POST", "/auth/logout");
      page.storage.clear();
    },
    list: () => client.request("GET", "/tasks"),
    create: (task) => client.request("POST", "/tasks", task),
    update: ({ id }, change) => client.request("PATCH", `/tasks/${id}`, change),
    toggle: ({ id }) => client.request("POST", `/tasks/${id}/toggle`),
    remove: ({ id }) => client.request("DELETE", `/tasks/${id}`),
    shows: ({ title, description, priority, tags, completed }) => ({
      title,
      description,
      priority: priority.toLowerCase(),
      tags: tags.map((tag) => tag),
      done: completed,
    }),
  };
}
