"use client";

import { type FormEvent, useRef } from "react";
import { ApiError } from "@/lib/errors";
import { Field } from "./field";

interface Props {
  label: string;
  action: string;
  title?: string;
  description?: string | null;
  error: Error | null;
  save: (title: string, description: string | null) => Promise<unknown>;
  cancel?: () => void;
}

/**
 * The fields of a task, for a new task and for an existing one. The server alone validates: its messages appear at their fields, and the text stays in
 * the form until it is stored.
 */
export function TaskForm({ label, action, title, description, error, save, cancel }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const fields = error instanceof ApiError ? error.fields : {};
  const isFieldError = Object.keys(fields).length > 0;

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const values = new FormData(event.currentTarget);
    try {
      await save(String(values.get("title")), String(values.get("description")) || null);
      form.current?.reset();
    } catch {
      // `error` has it.
    }
    form.current?.querySelector<HTMLElement>("[aria-invalid=true], [name=title]")?.focus();
  }

  return (
    <form
      ref={form}
      method="post"
      aria-label={label}
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key === "Escape") cancel?.();
      }}
    >
      <Field label="Title" name="title" defaultValue={title} autoFocus={cancel !== undefined} message={fields.title} autoComplete="off" />
      <Field label="Description" name="description" defaultValue={description ?? ""} message={fields.description} autoComplete="off" />
      {error && !isFieldError && <p role="alert">{error.message}</p>}
      <div className="actions">
        <button className="primary">{action}</button>
        {cancel && (
          <button type="button" onClick={cancel}>
            Cancel
          </button>
        )}
      </div>
    </form>
  );
}
