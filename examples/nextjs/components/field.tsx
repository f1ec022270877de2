import { type ComponentProps, useId } from "react";

interface Props {
  label: string;
  message?: string;
  isMultiline?: boolean;
}

/** A labelled input with the server's message. Screen readers announce the message and read it again with the input. */
export function Field({ label, message, isMultiline, ...attributes }: Props & ComponentProps<"input"> & ComponentProps<"textarea">) {
  const id = useId();
  const control = { ...attributes, id, "aria-invalid": message !== undefined, "aria-describedby": message && `${id}-message` };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {isMultiline ? <textarea rows={2} {...control} /> : <input {...control} />}
      {message && (
        <p id={`${id}-message`} role="alert">
          {message}
        </p>
      )}
    </div>
  );
}
