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
  const response = await requestToken(new Headers({ cookie: (await headers()).get("cookie") ?? "" }));
  if (response.status === 401) return undefined;
  if (!response.ok) throw new Error(`no token: status ${response.status}`);
  const { token }: { token: string } = await response.json();
  const api = createClient<paths>({ baseUrl: apiUrl, cache: "no-store", headers: { Authorization: `Bearer ${token}` } });
  return { user: decodeClaims(token), api };
}

/** Exchanges the session cookie for a token, here or at the server that has /api/auth. */
async function requestToken(headers: Headers): Promise<Response> {
  if (authUrl) {
    return fetch(`${authUrl}/api/auth/token`, { headers, cache: "no-store", signal: AbortSignal.timeout(5000) });
  }
  const { auth } = await import("./auth");
  return auth.api.getToken({ headers, asResponse: true });
}
