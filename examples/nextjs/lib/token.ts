import { authClient } from "./auth-client";
import { SessionChangedError, UnavailableError, UnreachableError } from "./errors";
import { decodeClaims } from "./jwt";

/** Part of a token's lifetime after which it is renewed. The rest covers requests that are on their way. */
const RENEW_AFTER = 0.9;

interface Token {
  text: string;
  userId: string;
  renewAt: number;
}

/** The token is kept in memory only: a script of another origin or a stolen disk finds none in storage, and a reload gets a new one. */
let current: Token | undefined;
let pending: Promise<Token> | undefined;

/**
 * The API token of the page's user. Concurrent calls share one request to the issuer. All tabs share the session cookie, so after a sign-in in another
 * tab the issuer returns a token of that user, with which this page would write into the wrong account.
 */
export async function getToken(userId: string): Promise<string> {
  if (!current || Date.now() >= current.renewAt) {
    pending ??= fetchToken().finally(() => {
      pending = undefined;
    });
    current = await pending;
  }
  if (current.userId !== userId) throw new SessionChangedError();
  return current.text;
}

/** Forgets a token that the API rejected. A token that replaced it in the meantime is kept. */
export function discardToken(rejected: string) {
  if (current?.text === rejected) current = undefined;
}

async function fetchToken(): Promise<Token> {
  const { data, error } = await authClient.token().catch(() => {
    throw new UnreachableError();
  });
  if (error?.status === 401 && (await isSignedOut())) throw new SessionChangedError();
  if (error) throw new UnavailableError();
  const { sub, iat, exp } = decodeClaims(data.token);
  // Measured from now by this computer's clock, because that clock may differ from the issuer's.
  return { text: data.token, userId: sub, renewAt: Date.now() + (exp - iat) * 1000 * RENEW_AFTER };
}

/** Better Auth refuses a token also while its database is unavailable. Only then reading the session fails, and the user stays on the page. */
async function isSignedOut(): Promise<boolean> {
  const { data, error } = await authClient.getSession();
  return !data && !error;
}
