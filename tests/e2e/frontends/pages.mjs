// A list in pages, sorted by a ranked priority and filtered by tags. Its sorts have words of their own.
export const settings = {
  ROCKET_TASKS: '{attributes={priority={default="medium",values=["low","medium","high"]},tags=[],due_date={}}}',
  ROCKET_API:
    '{list={tasks="items",total="total",page="page",pages="total_pages",has_more="has_more"},page_size=2,sorts={priority_high_low="priority desc",newest="created_at desc"}}',
};

export const input = { title: "Buy milk", description: "2 litres", priority: "high", tags: ["shop", "home"], due_date: "2027-01-31" };
export const change = { title: "Buy bread", tags: ["shop"] };

export function frontend(url, { storage, fetch }) {
  const call = async (path, method = "GET", body) => {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${storage.getItem("token")}` };
    const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
    if (!response.ok) throw new Error((await response.json()).detail);
    return response.status === 204 ? undefined : response.json();
  };
  const enter = async (path, body) => storage.setItem("token", (await call(path, "POST", body)).access_token);
  const pages = async (query) => {
    const items = [];
    for (let page = 1; ; page++) {
      const list = await call(`/api/tasks/?${query}&page=${page}`);
      items.push(...list.items);
      if (list.page !== page || list.has_more !== page < list.total_pages) throw new Error(`page ${page}: ${JSON.stringify(list)}`);
      if (!list.has_more) return list.total === items.length ? items : [];
    }
  };
  return {
    signUp: (email, password, name) => enter("/api/auth/signup", { email, password, name }),
    signIn: (email, password) => enter("/api/auth/login", { email, password }),
    signOut: () => storage.clear(),
    list: () => pages("sort_by=priority_high_low"),
    create: (task) => call("/api/tasks/", "POST", task),
    update: ({ id }, change) => call(`/api/tasks/${id}`, "PUT", change),
    toggle: ({ id }) => call(`/api/tasks/${id}/complete`, "PATCH", {}),
    remove: ({ id }) => call(`/api/tasks/${id}`, "DELETE"),
    shows: ({ title, description, priority, tags, due_date, completed }) => ({
      title,
      description,
      priority: priority.charAt(0) + priority.slice(1),
      tags: tags.map((tag) => tag),
      due_date,
      done: completed,
    }),

    /** Checks the filters and the orders, with further tasks. */
    async checks(assert) {
      for (let n = 0; n < 3; n++) await call("/api/tasks/", "POST", { title: `low ${n}`, priority: "low", tags: [`n${n}`] });
      const titles = async (query) => (await pages(query)).map(({ title }) => title);
      const low = await titles("priority=low&sort_by=newest");
      assert.deepEqual(low, ["low 2", "low 1", "low 0"]);
      assert.deepEqual(await titles("tags=n0&tags=n2&sort_by=title&order=asc"), ["low 0", "low 2"]);
      assert.deepEqual(await titles("status=completed&priority=low"), []);
      assert.deepEqual(await titles("search=LOW%202"), ["low 2"]);
      const ranks = (await pages("sort_by=priority_high_low")).map(({ priority }) => ["high", "medium", "low"].indexOf(priority));
      assert.deepEqual(ranks, ranks.toSorted());
      for (const task of await pages("priority=low")) await call(`/api/tasks/${task.id}`, "DELETE");
    },
  };
}
