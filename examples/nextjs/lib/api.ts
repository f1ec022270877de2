import createClient from "openapi-fetch";
import { ApiError, UnavailableError, UnreachableError } from "./errors";
import type { components, paths } from "./schema";
import { discardToken, getToken } from "./token";

export type Task = components["schemas"]["Task"];
export type Filter = { status: "all" | "pending" | "completed"; order: "asc" | "desc" };
export type Api = ReturnType<typeof createClient<paths>>;

/** Statuses after which the same request may succeed. The API sends 503. Gateways in front of it send the others. */
const UNAVAILABLE = [429, 502, 503, 504];

/** URL of the API for the browser. Empty if a reverse proxy serves the API at the page's origin. */
const apiUrl = process.env.NEXT_PUBLIC_API_URL ?? "";

/** The API for the browser, with tokens of this user only. */
export function createApi(userId: string): Api {
  return createClient<paths>({ baseUrl: apiUrl, fetch: (request) => fetchWithToken(request, userId) });
}

/**
 * Sends the request with a token. A 401 discards the token, and the request is sent once more with a new one. If that is rejected as well, the user
 * reads the API's message and stays on the page: the session is valid but the API trusts another issuer, so a login would lead here again.
 */
async function fetchWithToken(request: Request, userId: string): Promise<Response> {
  const token = await getToken(userId);
  const response = await send(request.clone(), token);
  if (response.status !== 401) return response;
  discardToken(token);
  return send(request, await getToken(userId));
}

async function send(request: Request, token: string): Promise<Response> {
  request.headers.set("Authorization", `Bearer ${token}`);
  try {
    return await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new UnreachableError(await explainFailure());
  }
}

/**
 * Explains a request without a response to the developer. A request in the mode no-cors needs no permission, so its success shows that only the
 * permission is missing. In production the configuration is right, and the reason is the user's connection or a gateway.
 */
async function explainFailure(): Promise<string | undefined> {
  if (process.env.NODE_ENV !== "development" || !apiUrl) return undefined;
  try {
    await fetch(`${apiUrl}/livez`, { mode: "no-cors" });
  } catch {
    return `The API at ${apiUrl} cannot be reached.`;
  }
  return `The API at ${apiUrl} does not allow pages of ${location.origin}. Add this origin to its CORS_ORIGINS.`;
}

/** The data of a successful response. Every other response is thrown, which is what the query cache expects. */
export async function unwrap<T>(call: Promise<{ data?: T; error?: components["schemas"]["Error"]; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok) return data as T;
  if (UNAVAILABLE.includes(response.status)) throw new UnavailableError(response.headers.get("Retry-After"));
  throw new ApiError(response.status, error);
}

/** The tasks of the token's user. The browser and server components call it, each with its own client. */
export function listTasks(client: Api, filter: Filter, signal?: AbortSignal): Promise<Task[]> {
  return unwrap(client.GET("/api/tasks", { params: { query: filter }, signal }));
}
