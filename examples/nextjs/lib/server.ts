import "server-only";
import { headers } from "next/headers";
import createClient from "openapi-fetch";
import type { Api } from "./api";
import { type Claims, decodeClaims } from "./jwt";
import type { paths } from "./schema";

const apiUrl = process.env.API_URL ?? "http://localhost:8000";
const authUrl = process.env.AUTH_URL;

/** The signed-in user, and the API with that user's token. It is for one request only: a module variable would mix up users. */
export async function getSession(): Promise<{ user: Claims; api: Api } | undefined> {
  const cookie = new Headers({ cookie: (await headers()).get("cookie") ?? "" });
  const response = await callAuth("token", cookie);
  // As in token.ts: only a session that is null is the end of it. Otherwise the database is unavailable, and error.tsx is shown.
  if (response.status === 401 && (await (await callAuth("get-session", cookie)).json()) === null) return undefined;
  if (!response.ok) throw new Error(`no token: status ${response.status}`);
  const { token }: { token: string } = await response.json();
  const api = createClient<paths>({ baseUrl: apiUrl, cache: "no-store", headers: { Authorization: `Bearer ${token}` } });
  return { user: decodeClaims(token), api };
}

/** Calls Better Auth with the session cookie: in this process, or at the server that has /api/auth. */
async function callAuth(path: "token" | "get-session", headers: Headers): Promise<Response> {
  if (authUrl) return fetch(`${authUrl}/api/auth/${path}`, { headers, cache: "no-store", signal: AbortSignal.timeout(5000) });
  const { auth } = await import("./auth");
  const options = { headers, asResponse: true } as const;
  return path === "token" ? auth.api.getToken(options) : auth.api.getSession(options);
}
