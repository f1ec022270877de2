"use client";

import { useRef, useState } from "react";
import type { Filter, Task } from "@/lib/api";
import { authClient } from "@/lib/auth-client";
import { TransientError } from "@/lib/errors";
import { useCreateTask, useTasks } from "@/lib/tasks";
import { TaskForm } from "./task-form";
import { TaskItem } from "./task-item";

const STATUSES = [
  ["all", "All"],
  ["pending", "Pending"],
  ["completed", "Completed"],
] as const;

export function TaskList({ userName, initialFilter }: { userName: string; initialFilter: Filter }) {
  const [filter, setFilterState] = useState(initialFilter);
  const setFilter = (changes: Partial<Filter>) => {
    const changed = { ...filter, ...changes };
    setFilterState(changed);
    // The filter is also in the URL, so that a reload, a bookmark and the login keep it.
    window.history.replaceState(null, "", `?${new URLSearchParams(changed)}`);
  };
  const { tasks, error, isFetching, isKnown } = useTasks(filter);
  const creation = useCreateTask();
  const [problem, setProblem] = useState<{ task?: Task; message: string } | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);

  async function signOut() {
    setProblem(null);
    // Session then reloads the page, here as in every other tab.
    const { error } = await authClient.signOut().catch((error: Error) => ({ error }));
    if (error) setProblem({ message: "You are still signed in, because the server is unavailable." });
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
      <TaskForm
        label="New task"
        action="Add"
        error={creation.error}
        save={(title, description) => {
          setProblem(null);
          return creation.create(title, description);
        }}
      />
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
      {error && (
        <p role="alert">
          {error.message} {error instanceof TransientError && "Trying again…"}
        </p>
      )}
      {problem && !tasks.some(({ id }) => id === problem.task?.id) && (
        <p role="alert">
          {problem.task && `${problem.task.title}: `}
          {problem.message}
        </p>
      )}
      <p role="status">{describeLength(tasks.length, isKnown)}</p>
      <ul aria-label="Tasks" aria-busy={isFetching}>
        {tasks.map((task) => (
          <TaskItem
            key={task.id}
            task={task}
            problem={problem?.task?.id === task.id ? problem.message : undefined}
            nextFocus={heading}
            onProblem={setProblem}
          />
        ))}
      </ul>
    </main>
  );
}

/** The result of a change or of a filter for screen readers, which announce the new text of a status. */
function describeLength(length: number, isKnown: boolean): string {
  if (length === 0) return isKnown ? "No tasks." : "";
  return length === 1 ? "1 task" : `${length} tasks`;
}
