"use client";

import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Task } from "@/lib/api";
import { ApiError } from "@/lib/errors";
import { useTask } from "@/lib/tasks";
import { TaskForm } from "./task-form";

interface Props {
  task: Task;
  /** Receives the focus when the task leaves the list with it. Otherwise the keyboard would start at the top of the page. */
  nextFocus: RefObject<HTMLElement | null>;
  onError: (message: string) => void;
}

/** A task, or its form while it is edited. */
export function TaskItem({ task, nextFocus, onError }: Props) {
  const { update, remove, error, reset } = useTask(task);
  const [isEdited, setIsEdited] = useState(false);
  const item = useRef<HTMLLIElement>(null);
  const edit = useRef<HTMLButtonElement>(null);
  const wasEdited = useRef(false);
  const isStored = task.id > 0;

  useEffect(() => {
    if (wasEdited.current && !isEdited) edit.current?.focus();
    wasEdited.current = isEdited;
  }, [isEdited]);

  useLayoutEffect(() => {
    const element = item.current;
    return () => {
      if (element?.contains(document.activeElement)) nextFocus.current?.focus();
    };
  }, [nextFocus]);

  /** Reports the error above the list: after a failed deletion or a 404 this component may be gone. */
  const report = (error: Error) => onError(`${task.title}: ${error.message}`);

  if (isEdited) {
    const close = () => {
      reset();
      setIsEdited(false);
    };
    const save = async (title: string, description: string | null) => {
      await update({ title, description }).catch((error: Error) => {
        if (error instanceof ApiError && error.status === 404) report(error);
        throw error;
      });
      close();
    };
    return (
      <li ref={item}>
        <TaskForm label={`Edit ${task.title}`} action="Save" {...task} error={error} save={save} cancel={close} />
      </li>
    );
  }
  return (
    <li ref={item} aria-busy={!isStored}>
      <label>
        <input
          type="checkbox"
          checked={task.completed}
          disabled={!isStored}
          onChange={({ target }) => update({ completed: target.checked }).catch(report)}
        />
        <span className="title">{task.title}</span>
      </label>
      {task.description && <p className="description">{task.description}</p>}
      <div className="actions">
        <button ref={edit} disabled={!isStored} aria-label={`Edit ${task.title}`} onClick={() => setIsEdited(true)}>
          Edit
        </button>
        <button disabled={!isStored} aria-label={`Delete ${task.title}`} onClick={() => remove().catch(report)}>
          Delete
        </button>
      </div>
    </li>
  );
}
