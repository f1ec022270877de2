"use client";

import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Task } from "@/lib/api";
import { useTask } from "@/lib/tasks";
import { TaskForm } from "./task-form";

interface Props {
  task: Task;
  /** Message of the last change, if it failed. */
  problem?: string;
  /** Receives the focus when the task leaves the list with it. Otherwise the keyboard would start at the top of the page. */
  nextFocus: RefObject<HTMLElement | null>;
  /** Keeps the message of a failed change above this component, which is gone if the task leaves the list. `null` clears it. */
  onProblem: (problem: { task: Task; message: string } | null) => void;
}

/** A task, or its form while it is edited. */
export function TaskItem({ task, problem, nextFocus, onProblem }: Props) {
  const { update, remove, error, reset } = useTask(task);
  const [isEdited, setIsEdited] = useState(false);
  const item = useRef<HTMLLIElement>(null);
  const edit = useRef<HTMLButtonElement>(null);
  const wasEdited = useRef(false);
  const isStored = task.id > 0;

  useEffect(() => {
    // The focus was in the form, which is gone, and not at something that the user has chosen since.
    if (wasEdited.current && !isEdited && document.activeElement === document.body) edit.current?.focus();
    wasEdited.current = isEdited;
  }, [isEdited]);

  useLayoutEffect(() => {
    const [element, next] = [item.current, nextFocus.current];
    return () => {
      if (element?.contains(document.activeElement)) next?.focus();
    };
  }, [nextFocus]);

  const report = (error: Error) => onProblem({ task, message: error.message });

  const change = (request: () => Promise<unknown>) => {
    onProblem(null);
    request().catch(report);
  };

  if (isEdited) {
    const close = () => {
      reset();
      onProblem(null);
      setIsEdited(false);
    };
    const save = async (title: string, description: string | null) => {
      onProblem(null);
      // Only the fields that were edited here, so that another tab's edit of the other field remains.
      const patch = { ...(title !== task.title && { title }), ...(description !== task.description && { description }) };
      if (Object.keys(patch).length === 0) return;
      await update(patch).catch((error: Error) => {
        // For the case that the form is closed or the task is gone. Otherwise the form shows it.
        report(error);
        throw error;
      });
    };
    return (
      <li ref={item}>
        <TaskForm label={`Edit ${task.title}`} action="Save" {...task} error={error} save={save} close={close} />
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
          onChange={({ target: { checked } }) => change(() => update({ completed: checked }))}
        />
        <span className="title">{task.title}</span>
      </label>
      {task.description && <p className="description">{task.description}</p>}
      {problem && <p role="alert">{problem}</p>}
      <div className="actions">
        <button ref={edit} disabled={!isStored} aria-label={`Edit ${task.title}`} onClick={() => setIsEdited(true)}>
          Edit
        </button>
        <button disabled={!isStored} aria-label={`Delete ${task.title}`} onClick={() => change(remove)}>
          Delete
        </button>
      </div>
    </li>
  );
}
