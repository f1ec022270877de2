import { authClient } from "./auth-client";
import { SignedOutError, UnreachableError, UnavailableError } from "./errors";
import { decodeClaims } from "./jwt";

/** Part of a token's lifetime after which it is renewed. The rest covers requests that are on their way. */
const RENEW_AFTER = 0.9;

/** The token is kept in memory only: a script of another origin or a stolen disk finds none in storage, and a reload gets a new one. */
let current: { token: string; renewAt: number } | undefined;
let pending: Promise<string> | undefined;

/** The user's API token. Concurrent calls share one request to the issuer. */
export function getToken(): Promise<string> {
  if (current && Date.now() < current.renewAt) return Promise.resolve(current.token);
  pending ??= fetchToken().finally(() => {
    pending = undefined;
  });
  return pending;
}

/** Forgets a token that the API rejected. A token that replaced it in the meantime is kept. */
export function discardToken(rejected: string) {
  if (current?.token === rejected) current = undefined;
}

async function fetchToken(): Promise<string> {
  const { data, error } = await authClient.token().catch(() => {
    throw new UnreachableError();
  });
  if (error?.status === 401 && (await isSignedOut())) throw new SignedOutError();
  if (error) throw new UnavailableError(1);
  const { iat, exp } = decodeClaims(data.token);
  // Measured from now by this computer's clock, because that clock may differ from the issuer's.
  current = { token: data.token, renewAt: Date.now() + (exp - iat) * 1000 * RENEW_AFTER };
  return data.token;
}

/** Better Auth refuses a token also while its database is unavailable. Only then reading the session fails, and the user stays on the page. */
async function isSignedOut(): Promise<boolean> {
  const { data, error } = await authClient.getSession();
  return !data && !error;
}
