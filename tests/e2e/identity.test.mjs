// Only tokens that were issued for this API, with real Better Auth servers that issue others, too.
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import pg from "pg";
import { SECRET, api, freePort, issuer, postgres } from "./lib.mjs";
import { decoded, thirdParty } from "./third-party.mjs";

/** Every route of tasks, with a body where it takes one. */
function routes(user, id) {
  const of = (mount) => [
    ["GET", mount],
    ["POST", mount, { title: "Stolen" }],
    ["GET", `${mount}/${id}`],
    ["PUT", `${mount}/${id}`, { title: "Stolen" }],
    ["PATCH", `${mount}/${id}`, { title: "Stolen" }],
    ["PATCH", `${mount}/${id}/complete`, { completed: true }],
    ["DELETE", `${mount}/${id}`],
  ];
  return ["/api/tasks", `/api/${user}/tasks`, "/api/v1/tasks", `/api/v1/${user}/tasks`].flatMap(of);
}

/** That a session's token does all of it, and that each of the others is refused at each route and changes nothing. */
async function onlySession(server, { user, jwt }, others) {
  const session = await jwt();
  const made = await server.call(session, "POST", "/api/tasks", { title: "Deploy" });
  assert.equal(made.status, 201, JSON.stringify(made));
  assert.equal(made.body.user_id, user.id);
  for (const [name, token] of Object.entries(others)) {
    assert.ok(token, name);
    for (const [method, path, body] of routes(user.id, made.body.id)) {
      const answer = await server.call(token, method, path, body);
      assert.equal(answer.status, 401, `${name}: ${method} ${path}`);
      assert.equal(answer.body.detail ?? answer.body.error.message, "Invalid token", name);
    }
  }
  assert.deepEqual((await server.call(session)).body, [made.body], "nothing was changed");
  for (const [method, path, body] of routes(user.id, made.body.id).filter(([method]) => method !== "DELETE")) {
    assert.ok((await server.call(session, method, path, body)).status < 300, `${method} ${path}`);
  }
  assert.equal((await server.call(session, "DELETE", `/api/tasks/${made.body.id}`)).status, 204);
}

/** The first warning about a claim, as soon as it is there. */
async function warning(server, claim) {
  for (const end = Date.now() + 10_000; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const lines = server.lines.filter((line) => line.includes(`"claim":"${claim}"`)).map((line) => JSON.parse(line));
    if (lines.length) return lines[0];
    assert.ok(Date.now() < end, `no warning about ${claim}:\n${server.lines.join("\n")}`);
  }
}

test("id_tokens of the newest oauth-provider are no users, and session tokens of the same server are", async () => {
  const auth = await issuer({ provider: "oauthProvider" });
  const ann = await auth.signUp();
  const { id_token, client_id } = await thirdParty(auth, ann.session);
  const { header, claims } = decoded(id_token);
  assert.deepEqual([header.typ, claims.iss, claims.aud, claims.sub], [undefined, auth.base, client_id, ann.user.id]);
  const server = await api({ BETTER_AUTH_URL: auth.url });
  const billing = await auth.sign({ sub: ann.user.id, aud: "https://billing.example.com" });
  await onlySession(server, ann, { id_token, "for another service": billing });
  const line = await warning(server, "aud");
  assert.equal(line.value, JSON.stringify(client_id));
  assert.match(line.hint, /auth\.audience.*if that is another application's client_id, the refusal is right/);
});

for (const provider of ["oauthProvider", "mcp"]) {
  test(`access tokens of the newest ${provider} are no users, not even for the base URL or bound to a key`, async () => {
    const port = await freePort();
    const resource = `http://127.0.0.1:${port}`;
    const auth = await issuer({ port, provider, resource });
    const ann = await auth.signUp();
    const plain = await thirdParty(auth, ann.session, { resource });
    const bound = await thirdParty(auth, ann.session, { resource, dpop: true });
    const { header, claims } = decoded(plain.access_token);
    assert.deepEqual([header.typ, claims.azp, claims.client_id], ["at+jwt", plain.client_id, plain.client_id]);
    assert.ok(claims.aud.includes(auth.url), "aud has the very origin");
    assert.ok(decoded(bound.access_token).claims.cnf, "bound to a key");
    await onlySession(await api({ BETTER_AUTH_URL: auth.url }), ann, {
      "access token": plain.access_token,
      "id_token beside it": plain.id_token,
      "bound access token": bound.access_token,
    });
    // Where the operator says that they are wanted they are accepted, those that are bound to a key excepted.
    const wanted = `{issuer="${auth.base}",audience="${resource}"}`;
    const server = await api({ BETTER_AUTH_URL: auth.url, ROCKET_AUTH: wanted });
    assert.equal((await server.call(plain.access_token)).status, 200);
    assert.equal((await server.call(bound.access_token)).status, 401);
    assert.equal((await server.call(plain.id_token)).status, 401);
    assert.equal((await warning(server, "cnf")).expected, "absent");
    // And by scope.
    for (const [scope, status] of [["openid", 200], ["openid tasks", 401]]) {
      const ROCKET_AUTH = wanted.replace("}", `,scope="${scope}"}`);
      const scoped = await api({ BETTER_AUTH_URL: auth.url, ROCKET_AUTH });
      assert.equal((await scoped.call(plain.access_token)).status, status, scope);
    }
  });
}

test("id_tokens of 1.6's oidcProvider are no users", async () => {
  const auth = await issuer({ version: "1.6", provider: "oidcProvider" });
  const ann = await auth.signUp();
  const { id_token, access_token, client_id } = await thirdParty(auth, ann.session);
  const { header, claims } = decoded(id_token);
  assert.deepEqual([header.typ, claims.iss, claims.aud], [undefined, auth.url, client_id]);
  await onlySession(await api({ BETTER_AUTH_URL: auth.url }), ann, { id_token, "opaque access token": access_token });
});

test("tokens of 1.6's oauth-provider are no users, not even for the base URL", async () => {
  const port = await freePort();
  const resource = `http://127.0.0.1:${port}`;
  const auth = await issuer({ port, version: "1.6", provider: "oauthProvider", resource });
  const ann = await auth.signUp();
  const { id_token, access_token, client_id } = await thirdParty(auth, ann.session, { resource });
  const { header, claims } = decoded(access_token);
  assert.deepEqual([header.typ, claims.azp], [undefined, client_id]);
  assert.ok(claims.aud.includes(auth.url));
  const server = await api({ BETTER_AUTH_URL: auth.url });
  await onlySession(server, ann, { id_token, access_token });
  assert.equal((await warning(server, "azp")).value, JSON.stringify(client_id));
});

for (const sessionCache of ["secret", "published"]) {
  test(`a cached session is no token, signed with a ${sessionCache} key`, async () => {
    const auth = await issuer({ sessionCache });
    const ann = await auth.signUp();
    const headers = { "content-type": "application/json", origin: auth.url };
    const body = JSON.stringify({ email: ann.user.email, password: "correct horse battery" });
    const signedIn = await fetch(`${auth.base}/sign-in/email`, { method: "POST", headers, body });
    const cookies = signedIn.headers.getSetCookie().map((it) => it.match(/^better-auth\.session_data=([^;]+)/)?.[1]);
    const cached = decodeURIComponent(cookies.find(Boolean));
    const { header } = decoded(cached);
    const typ = sessionCache === "published" ? "better-auth.session-cache+jwt" : undefined;
    assert.deepEqual([header.alg, header.typ], [typ ? "EdDSA" : "HS256", typ]);
    await onlySession(await api({ BETTER_AUTH_URL: auth.url, BETTER_AUTH_SECRET: SECRET }), ann, { cached });
  });
}

test("a copy of the auth database signs with the same keys and is another issuer", async () => {
  const database = await postgres();
  const first = await issuer({ database: database.url });
  await (await first.signUp()).jwt();
  await first.stop();
  const client = new pg.Client(database.url.replace(/\/postgres$/, "/template1"));
  await client.connect();
  await client.query("CREATE DATABASE copy TEMPLATE postgres");
  await client.end();
  const production = await issuer({ database: database.url });
  const staging = await issuer({ database: database.url.replace(/\/postgres$/, "/copy") });
  assert.deepEqual(await staging.jwks(), await production.jwks());
  const server = await api({ BETTER_AUTH_URL: production.url });
  const copied = await (await staging.signUp("eve")).jwt();
  await onlySession(server, await production.signUp("bob"), { copied });
  assert.equal((await warning(server, "iss")).value, JSON.stringify(staging.url));
  for (const it of [server, production, staging, database]) await it.stop();
});

test("a Better Auth that shares the database may have third parties, too", async () => {
  const database = await postgres();
  const auth = await issuer({ provider: "oauthProvider", database: database.url });
  const ann = await auth.signUp();
  const { id_token } = await thirdParty(auth, ann.session);
  const { access_token } = await thirdParty(auth, ann.session, { resource: `${auth.url}/api` });
  const variables = { BETTER_AUTH_SECRET: SECRET, DATABASE_URL: database.url };
  const server = await api({ ...variables, ROCKET_ISSUER: '{alg="EdDSA"}' });
  await onlySession(server, ann, { id_token, access_token });
  for (const it of [server, auth, database]) await it.stop();
});

test("Neon Auth needs the one variable that Neon gives", async () => {
  const options = { basePath: "/neondb/auth", jwksPath: "/.well-known/jwks.json" };
  const auth = await issuer({ ...options, payload: { role: "authenticated" } });
  const ann = await auth.signUp();
  assert.equal((await fetch(`${auth.base}/jwks`)).status, 404);
  const { claims } = decoded(await ann.jwt());
  assert.deepEqual([claims.iss, claims.aud, claims.role], [auth.url, auth.url, "authenticated"]);
  for (const variable of ["NEON_AUTH_BASE_URL", "BETTER_AUTH_URL"]) {
    await onlySession(await api({ [variable]: auth.base }), ann, {});
  }
  const keys = `${auth.base}/.well-known/jwks.json`;
  await onlySession(await api({ NEON_AUTH_JWKS_URL: keys }), ann, {});
  await onlySession(await api({ NEON_AUTH_BASE_URL: auth.base, NEON_AUTH_JWKS_URL: keys }), ann, {});
  const anybody = await auth.sign({ sub: "0b3e5c1e-9d7a-4c62-b1a5-2f4f2a7d9a11", role: "anonymous" });
  const server = await api({ NEON_AUTH_BASE_URL: auth.base });
  await onlySession(server, ann, { anybody });
  assert.match((await warning(server, "role")).hint, /auth\.allow_anonymous/);
  const open = await api({ NEON_AUTH_BASE_URL: auth.base, ROCKET_AUTH: "{allow_anonymous=true}" });
  assert.equal((await open.call(anybody)).status, 200);
});

/** Asks a server with this `Host`, which `fetch` does not let one set. */
function byHost(port, host, path, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", method, path, headers: { ...headers, host } }, async (response) => {
      resolve(JSON.parse((await response.toArray()).join("")));
    });
    sent.on("error", reject).end(body && JSON.stringify(body));
  });
}

/** A token of a user who signs up by this host. */
async function signedUpBy(auth, host) {
  const headers = { "content-type": "application/json", origin: `http://${host}` };
  const body = { name: "ann", email: "ann@example.com", password: "correct horse battery" };
  const { token } = await byHost(auth.port, host, "/api/auth/sign-up/email", { method: "POST", headers, body });
  return (await byHost(auth.port, host, "/api/auth/token", { headers: { authorization: `Bearer ${token}` } })).token;
}

/** That a token is refused with a warning that names the claim, its value and a setting, and accepted with that setting. */
async function explained({ variables, token, claim, value, setting, mended }) {
  const server = await api(variables);
  const answer = await server.call(token);
  assert.deepEqual([answer.status, answer.body.detail], [401, "Invalid token"]);
  const line = await warning(server, claim);
  assert.deepEqual([line.level, line.value], ["WARN", JSON.stringify(value)]);
  assert.ok(line.expected && line.hint.includes(setting), JSON.stringify(line));
  assert.ok(!server.lines.some((it) => it.includes(token)), "no token is in the log");
  if (mended) assert.equal((await (await api({ ...variables, ROCKET_AUTH: mended })).call(token)).status, 200, mended);
  await server.stop();
}

test("an internal BETTER_AUTH_URL beside a public base URL says why", async () => {
  const value = "https://app.example.com";
  const port = await freePort();
  const auth = await issuer({ port, baseURL: value, trusted: [`http://127.0.0.1:${port}`] });
  const token = await (await auth.signUp()).jwt();
  const variables = { BETTER_AUTH_URL: auth.url };
  await explained({ variables, token, claim: "iss", value, setting: "auth.issuer", mended: `{issuer="${value}"}` });
});

test("localhost beside 127.0.0.1 says why", async () => {
  const port = await freePort();
  const auth = await issuer({ port, baseURL: `http://localhost:${port}`, trusted: [`http://127.0.0.1:${port}`] });
  const token = await (await auth.signUp()).jwt();
  const value = `http://localhost:${port}`;
  const variables = { BETTER_AUTH_URL: auth.url };
  await explained({ variables, token, claim: "iss", value, setting: "auth.issuer", mended: `{issuer="${value}"}` });
  // The other way round, and right at once.
  assert.equal((await (await api({ BETTER_AUTH_URL: value })).call(token)).status, 200);
});

test("no base URL behind a proxy says why", async () => {
  const auth = await issuer({ baseURL: null });
  const token = await (await auth.signUp()).jwt();
  const settings = `url="https://app.example.com",jwks_url="${auth.base}/jwks"`;
  const variables = { ROCKET_AUTH: `{${settings}}` };
  const mended = `{${settings},issuer="${auth.url}"}`;
  await explained({ variables, token, claim: "iss", value: auth.url, setting: "auth.issuer", mended });
});

test("several hosts say why, and a list of issuers has them all", async () => {
  const port = await freePort();
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const trusted = hosts.map((it) => `http://${it}`);
  const auth = await issuer({ port, baseURL: { allowedHosts: hosts, protocol: "http" }, trusted });
  const token = await signedUpBy(auth, hosts[1]);
  const variables = { BETTER_AUTH_URL: auth.url };
  const mended = `{issuer=["${trusted[0]}","${trusted[1]}"]}`;
  await explained({ variables, token, claim: "iss", value: trusted[1], setting: "auth.issuer", mended });
});

test("jwt.issuer and jwt.audience say why", async () => {
  const named = await issuer({ issuer: "https://id.example.com" });
  const byName = await (await named.signUp()).jwt();
  await explained({
    variables: { BETTER_AUTH_URL: named.url },
    token: byName,
    claim: "iss",
    value: "https://id.example.com",
    setting: "auth.issuer",
    mended: '{issuer="https://id.example.com"}',
  });
  const meant = await issuer({ audience: "https://api.example.com" });
  const forApi = await (await meant.signUp()).jwt();
  await explained({
    variables: { BETTER_AUTH_URL: meant.url },
    token: forApi,
    claim: "aud",
    value: "https://api.example.com",
    setting: "auth.audience",
    mended: '{audience="https://api.example.com"}',
  });
});

test("an empty issuer says why", async () => {
  // A token signed outside any request, by a server without a base URL.
  const auth = await issuer({ baseURL: null });
  const token = await auth.sign({ sub: "ann" });
  assert.equal(decoded(token).claims.iss, "");
  await explained({ variables: { BETTER_AUTH_URL: auth.url }, token, claim: "iss", value: "", setting: "give Better Auth a baseURL" });
});
