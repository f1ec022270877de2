"use client";

import { useSearchParams } from "next/navigation";
import { useRef, useState } from "react";
import type { Filter } from "@/lib/api";
import { authClient } from "@/lib/auth-client";
import { isTransient } from "@/lib/errors";
import { parseFilter } from "@/lib/filter";
import { useCreateTask, useTasks } from "@/lib/tasks";
import { TaskForm } from "./task-form";
import { TaskItem } from "./task-item";

const STATUSES = [
  ["all", "All"],
  ["pending", "Pending"],
  ["completed", "Completed"],
] as const;

export function TaskList({ userName }: { userName: string }) {
  // The filter is in the URL, so that a reload, a bookmark and the login keep it.
  const query = useSearchParams();
  const filter = parseFilter(query.get("status"), query.get("order"));
  const setFilter = (changes: Partial<Filter>) => {
    window.history.replaceState(null, "", `?${new URLSearchParams({ ...filter, ...changes })}`);
  };
  const tasks = useTasks(filter);
  const { create, error } = useCreateTask();
  const [problem, setProblem] = useState<string>();
  const heading = useRef<HTMLHeadingElement>(null);

  async function signOut() {
    // SessionWatch then reloads the page, here as in every other tab.
    const { error } = await authClient.signOut().catch((error: Error) => ({ error }));
    if (error) setProblem("You are still signed in, because the server is unavailable.");
  }

  return (
    <main>
      <header>
        <h1 ref={heading} tabIndex={-1}>
          Tasks
        </h1>
        <p>{userName}</p>
        <button onClick={signOut}>Sign out</button>
      </header>
      <TaskForm label="New task" action="Add" error={error} save={create} />
      <div className="filter">
        <fieldset>
          <legend>Show</legend>
          {STATUSES.map(([value, label]) => (
            <label key={value}>
              <input type="radio" name="status" checked={filter.status === value} onChange={() => setFilter({ status: value })} />
              {label}
            </label>
          ))}
        </fieldset>
        <label>
          Order{" "}
          <select value={filter.order} onChange={({ target }) => setFilter({ order: target.value === "asc" ? "asc" : "desc" })}>
            <option value="desc">Newest first</option>
            <option value="asc">Oldest first</option>
          </select>
        </label>
      </div>
      {tasks.error && (
        <p role="alert">
          {tasks.error.message} {isTransient(tasks.error) && "Trying again…"}
        </p>
      )}
      {problem && <p role="alert">{problem}</p>}
      <ul aria-label="Tasks" aria-busy={tasks.isFetching}>
        {tasks.data?.map((task) => (
          <TaskItem key={task.id} task={task} nextFocus={heading} onError={setProblem} />
        ))}
      </ul>
      {tasks.data?.length === 0 && <p>No tasks.</p>}
    </main>
  );
}
