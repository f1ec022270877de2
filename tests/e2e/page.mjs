// What the code of a page has in a browser, for Node: storage, and a fetch with the page's origin, cookies and CORS.
const ORIGIN = "http://localhost:3000";
const SIMPLE = ["content-type", "origin"];

/** A page of a frontend. A second frontend with the same page is a reload. */
export function page() {
  const entries = new Map();
  const cookies = new Map();
  const storage = {
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => entries.set(key, String(value)),
    removeItem: (key) => entries.delete(key),
    clear: () => entries.clear(),
  };
  return { storage, fetch: (url, options) => send(cookies, url, options) };
}

async function send(cookies, url, { credentials, ...options } = {}) {
  const headers = new Headers(options.headers);
  headers.set("origin", ORIGIN);
  await preflight(url, options.method ?? "GET", headers);
  const sendsCookies = credentials === "include";
  if (sendsCookies && cookies.size) headers.set("cookie", [...cookies].map((pair) => pair.join("=")).join("; "));
  const response = await fetch(url, { ...options, headers });
  allows(response, sendsCookies);
  if (sendsCookies) response.headers.getSetCookie().forEach((cookie) => keep(cookies, cookie));
  return response;
}

/** Asks as a browser asks, for each request: none of these frontends sends requests without JSON or a token only. */
async function preflight(url, method, headers) {
  const names = [...headers.keys()].filter((name) => !["accept", "user-agent", "origin"].includes(name)).sort();
  const response = await fetch(url, {
    method: "OPTIONS",
    headers: { origin: ORIGIN, "access-control-request-method": method, "access-control-request-headers": names.join(",") },
  });
  if (!response.ok) throw new TypeError(`preflight of ${method} ${url}: ${response.status}`);
  const allowed = (name) => (response.headers.get(`access-control-allow-${name}`) ?? "").toLowerCase().split(/,\s*/);
  const missing = names.filter((name) => !SIMPLE.includes(name) && !allowed("headers").includes(name));
  if (missing.length || !allowed("methods").includes(method.toLowerCase())) throw new TypeError(`preflight of ${method} ${url}: ${missing}`);
}

function allows(response, sendsCookies) {
  const { headers } = response;
  const isAllowed = headers.get("access-control-allow-origin") === ORIGIN;
  const allowsCookies = headers.get("access-control-allow-credentials") === "true";
  if (!isAllowed || (sendsCookies && !allowsCookies)) throw new TypeError(`CORS: ${response.url}`);
}

function keep(cookies, cookie) {
  const [pair, ...attributes] = cookie.split(/;\s*/);
  const separator = pair.indexOf("=");
  const [name, value] = [pair.slice(0, separator), pair.slice(separator + 1)];
  if (attributes.some((it) => /^max-age=0$/i.test(it))) cookies.delete(name);
  else cookies.set(name, value);
}
