import type { components } from "./schema";

/** An error response of the API: 403, 404, 422 and others. Its message is a sentence for the user. */
export class ApiError extends Error {
  readonly status: number;
  /** Messages by the name of the field, with status 422. */
  readonly fields: Record<string, string>;

  constructor(status: number, body: components["schemas"]["Error"] | undefined) {
    super(body?.detail ?? `Unexpected response (${status})`);
    this.status = status;
    this.fields = Object.fromEntries((body?.errors ?? []).map(({ field, message }) => [field, message]));
  }
}

/** 503, or an issuer that cannot sign a token now: the database is unavailable, and the same request will succeed later. */
export class UnavailableError extends Error {
  readonly retryAfter: number;

  constructor(seconds: number) {
    super("The server is unavailable at the moment.");
    this.retryAfter = seconds;
  }
}

/** No response. Browsers do not tell pages whether the network, the server or a missing CORS header is the reason. */
export class UnreachableError extends Error {
  constructor(message = "The server cannot be reached.") {
    super(message);
  }
}

/** The session has ended. */
export class SignedOutError extends Error {}

/** Whether the same request may succeed later. */
export function isTransient(error: unknown): boolean {
  return error instanceof UnavailableError || error instanceof UnreachableError;
}
