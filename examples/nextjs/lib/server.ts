import "server-only";
import { getSessionCookie } from "better-auth/cookies";
import { headers } from "next/headers";
import createClient from "openapi-fetch";
import type { Api } from "./api";
import { apiUrl, isBuiltInAuth } from "./environment";
import { type Claims, decodeClaims } from "./jwt";
import type { paths } from "./schema";

/** The signed-in user, and the API with that user's token. It is for one request only: a module variable would mix up users. */
export async function getSession(): Promise<{ user: Claims; api: Api } | undefined> {
  const request = await headers();
  // Visitors without a session are the most frequent ones, and robots are among them.
  if (!getSessionCookie(request)) return undefined;
  const response = await callAuth("token", request);
  // As in token.ts: only a session that is null is the end of it. Otherwise the database is unavailable, and error.tsx is shown.
  if (response.status === 401 && (await (await callAuth("get-session", request)).json()) === null) return undefined;
  if (!response.ok) throw new Error(`no token: status ${response.status}`);
  const { token }: { token: string } = await response.json();
  const api = createClient<paths>({ baseUrl: apiUrl, cache: "no-store", headers: { Authorization: `Bearer ${token}` } });
  return { user: decodeClaims(token), api };
}

/** Calls Better Auth with the session cookie: in this process, or at the API. */
async function callAuth(path: "token" | "get-session", request: Headers): Promise<Response> {
  const forwarded = new Headers();
  // With the user's address, because the API would otherwise count all users as one client in its rate limits.
  for (const name of ["cookie", "x-forwarded-for"]) forwarded.set(name, request.get(name) ?? "");
  if (isBuiltInAuth) return fetch(`${apiUrl}/api/auth/${path}`, { headers: forwarded, cache: "no-store", signal: AbortSignal.timeout(5000) });
  const { auth } = await import("./auth");
  // A server component cannot set a cookie. If it extended the session, the browser would keep the former cookie until that expires.
  const options = { headers: forwarded, query: { disableRefresh: true }, asResponse: true } as const;
  return path === "token" ? auth.api.getToken(options) : auth.api.getSession(options);
}
