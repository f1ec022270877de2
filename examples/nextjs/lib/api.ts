import createClient from "openapi-fetch";
import { ApiError, UnavailableError, UnreachableError } from "./errors";
import type { components, paths } from "./schema";
import { discardToken, getToken } from "./token";

export type Task = components["schemas"]["Task"];
export type Filter = { status: "all" | "pending" | "completed"; order: "asc" | "desc" };
export type Api = ReturnType<typeof createClient<paths>>;

/** URL of the API for the browser. Empty if a reverse proxy serves the API at the page's origin. */
const apiUrl = process.env.NEXT_PUBLIC_API_URL ?? "";

/** The API for the browser, with the user's token. */
export const api = createClient<paths>({ baseUrl: apiUrl, fetch: fetchWithToken });

/** Sends the request with a token. A 401 discards the token, and the request is sent once more with a new one. If that is rejected as well, the
 * session is valid but the API trusts another issuer, and signing in again would not help. */
async function fetchWithToken(request: Request): Promise<Response> {
  const token = await getToken();
  const response = await send(request.clone(), token);
  if (response.status !== 401) return response;
  discardToken(token);
  return send(request, await getToken());
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

/** Explains a request without a response. A request in the mode no-cors needs no permission, so its success shows that only the permission is
 * missing. Without this, a wrong CORS_ORIGINS looks like a server that is down. */
async function explainFailure(): Promise<string | undefined> {
  if (!apiUrl) return undefined;
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
  if (response.status === 503) throw new UnavailableError(Number(response.headers.get("Retry-After") ?? 1));
  throw new ApiError(response.status, error);
}

/** The tasks of the token's user. The browser and server components call it, each with its own client. */
export function listTasks(client: Api, filter: Filter, signal?: AbortSignal): Promise<Task[]> {
  return unwrap(client.GET("/api/tasks", { params: { query: filter }, signal }));
}
