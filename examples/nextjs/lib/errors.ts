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

/** An error after which the same request may succeed. `retryAfter` is in seconds. */
export class TransientError extends Error {
  readonly retryAfter: number;

  constructor(message: string, retryAfter: number) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** 503, a gateway without the API, or an issuer that cannot sign a token now. */
export class UnavailableError extends TransientError {
  /** `Retry-After` may also be a date, which needs the server's clock. Then a second passes, as without the header. */
  constructor(retryAfter?: string | null) {
    super("The server is unavailable at the moment.", Number(retryAfter) || 1);
  }
}

/** No response. Browsers do not tell pages whether the network, the server or a missing CORS header is the reason. */
export class UnreachableError extends TransientError {
  constructor(message = "The server cannot be reached.") {
    super(message, 3);
  }
}

/** The session has ended or belongs to another user. After a reload, the server leads to the login or shows that user's tasks. */
export class SessionChangedError extends Error {}
