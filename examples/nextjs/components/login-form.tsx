"use client";

import { type FormEvent, useState } from "react";
import { authClient } from "@/lib/auth-client";
import { Field } from "./field";

/** Codes of Better Auth and the fields that they concern. The message of any other error is below the form. */
const FIELD_OF_CODE: Record<string, string> = {
  INVALID_EMAIL: "email",
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: "email",
  PASSWORD_TOO_SHORT: "password",
  PASSWORD_TOO_LONG: "password",
};

export function LoginForm({ target }: { target: string }) {
  const [isNew, setIsNew] = useState(false);
  const [isPending, setIsPending] = useState(false);
  const [failure, setFailure] = useState<{ field?: string; message: string }>();

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [name, email, password] = ["name", "email", "password"].map((key) => String(form.get(key) ?? "")) as [string, string, string];
    setIsPending(true);
    const { error } = await (isNew ? authClient.signUp.email({ name, email, password }) : authClient.signIn.email({ email, password })).catch(
      () => ({ error: { status: 0, code: undefined, message: "The server cannot be reached." } }),
    );
    // A complete load: the server then renders the page for the new session. "Back" must not lead to this form.
    if (!error) return location.replace(target);
    setIsPending(false);
    const message = error.status === 429 ? "Too many attempts. Try again in a few seconds." : (error.message ?? "The server is unavailable at the moment.");
    setFailure({ field: FIELD_OF_CODE[error.code ?? ""], message });
  }

  const messageOf = (field: string) => (failure?.field === field ? failure.message : undefined);
  const action = isNew ? "Sign up" : "Sign in";
  return (
    <main className="login">
      <h1>Tasks</h1>
      {/* method="post" keeps the password out of the URL if the form is sent before its script has loaded. */}
      <form method="post" onSubmit={submit} aria-label={action}>
        {isNew && <Field label="Name" name="name" autoComplete="name" required />}
        <Field label="Email" name="email" type="email" autoComplete="email" required message={messageOf("email")} />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete={isNew ? "new-password" : "current-password"}
          minLength={isNew ? 8 : undefined}
          required
          message={messageOf("password")}
        />
        {failure && !failure.field && <p role="alert">{failure.message}</p>}
        <button className="primary" disabled={isPending}>
          {action}
        </button>
      </form>
      <button
        className="link"
        onClick={() => {
          setIsNew(!isNew);
          setFailure(undefined);
        }}
      >
        {isNew ? "I have an account" : "Create an account"}
      </button>
    </main>
  );
}
