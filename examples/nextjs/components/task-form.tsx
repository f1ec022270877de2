"use client";

import { type FormEvent, useEffect, useRef, useState } from "react";
import { ApiError } from "@/lib/errors";
import { Field } from "./field";

interface Props {
  label: string;
  action: string;
  title?: string;
  description?: string | null;
  error: Error | null;
  save: (title: string, description: string | null) => Promise<unknown>;
  /** Closes the form. A form without it stays open, and is emptied when its task is stored. */
  close?: () => void;
}

/**
 * The fields of a task, for a new task and for an existing one. The server alone validates: its messages appear at their fields, and the text stays in
 * the form until it is stored.
 */
export function TaskForm({ label, action, title, description, error, save, close }: Props) {
  const form = useRef<HTMLFormElement>(null);
  // While a request is on its way, the form sends no second one and accepts no text, which it would lose.
  const [isSaving, setIsSaving] = useState(false);
  const fields = error instanceof ApiError ? error.fields : {};
  const isFieldError = Object.keys(fields).length > 0;

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (isSaving) return;
    const values = new FormData(event.currentTarget);
    setIsSaving(true);
    try {
      await save(String(values.get("title")), String(values.get("description")).replaceAll("\r\n", "\n") || null);
      if (!form.current) return;
      if (close) return close();
      form.current.reset();
      focus(form.current, "[name=title]");
    } catch {
      // `error` has it.
    } finally {
      setIsSaving(false);
    }
  }

  useEffect(() => {
    if (error) focus(form.current, "[aria-invalid=true]", "[name=title]");
  }, [error]);

  return (
    <form
      ref={form}
      method="post"
      aria-label={label}
      aria-busy={isSaving}
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key === "Escape") close?.();
      }}
    >
      <Field label="Title" name="title" defaultValue={title} autoFocus={close !== undefined} readOnly={isSaving} message={fields.title} autoComplete="off" />
      <Field label="Description" name="description" defaultValue={description ?? ""} isMultiline readOnly={isSaving} message={fields.description} />
      {error && !isFieldError && <p role="alert">{error.message}</p>}
      <div className="actions">
        <button className="primary">{action}</button>
        {close && (
          <button type="button" onClick={close}>
            Cancel
          </button>
        )}
      </div>
    </form>
  );
}

/** Moves the focus to the first of the selectors that matches. A user who has left the form in the meantime keeps the focus. */
function focus(form: HTMLFormElement | null, ...selectors: string[]) {
  if (!form?.contains(document.activeElement)) return;
  const found = selectors.map((selector) => form.querySelector<HTMLElement>(selector)).find(Boolean);
  found?.focus();
}
