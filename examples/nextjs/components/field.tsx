import { type ComponentProps, useId } from "react";

/** A labelled input with the server's message. Screen readers announce the message and read it again with the input. */
export function Field({ label, message, ...input }: { label: string; message?: string } & ComponentProps<"input">) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} {...input} aria-invalid={message !== undefined} aria-describedby={message && `${id}-message`} />
      {message && (
        <p id={`${id}-message`} role="alert">
          {message}
        </p>
      )}
    </div>
  );
}
