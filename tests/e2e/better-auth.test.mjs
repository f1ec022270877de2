// The tasks API with the tokens that a real Better Auth server issues.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAuthClient } from "better-auth/client";
import { jwtClient } from "better-auth/client/plugins";
import { ALGORITHMS, SECRET, api, freePort, issuer, pause } from "./lib.mjs";

/** Creates, lists, shows, changes, completes and deletes a task. */
async function walk(server, token, user) {
  const made = await server.call(token, "POST", "/api/tasks", { title: "Deploy" });
  assert.equal(made.status, 201, JSON.stringify(made));
  assert.equal(made.body.user_id, user);
  const path = `/api/tasks/${made.body.id}`;
  assert.equal((await server.call(token, "GET", `/api/${user}/tasks`)).body.length, 1);
  assert.deepEqual((await server.call(token, "GET", path)).body, made.body);
  assert.equal((await server.call(token, "PUT", path, { title: "Ship" })).body.title, "Ship");
  assert.equal((await server.call(token, "PATCH", `${path}/complete`)).body.completed, true);
  assert.equal((await server.call(token, "GET", `/api/v1/${user}/tasks`)).body.data.tasks[0].status, "Completed");
  assert.equal((await server.call(token, "DELETE", path)).status, 204);
  assert.equal((await server.call(token, "GET", path)).status, 404);
}

const status = async (server, token) => (await server.call(token)).status;

async function eventually(what, check) {
  for (const end = Date.now() + 30_000; ; await pause(200)) {
    if (await check()) return;
    assert.ok(Date.now() < end, what);
  }
}

for (const alg of ALGORITHMS) {
  test(`tokens signed by ${alg} work with nothing set but BETTER_AUTH_URL`, async () => {
    const auth = await issuer({ alg });
    const { user, jwt } = await auth.signUp();
    const server = await api({ BETTER_AUTH_URL: auth.url });
    await walk(server, await jwt(), user.id);
  });
}

test("the client of the README gets a token that works", async () => {
  const auth = await issuer();
  const server = await api({ BETTER_AUTH_URL: auth.url });
  const authClient = createAuthClient({ baseURL: auth.url, plugins: [jwtClient()] });
  // A browser keeps the cookie by itself.
  let cookie;
  const { data: signedUp } = await authClient.signUp.email(
    { name: "ann", email: "ann@example.com", password: "correct horse battery" },
    {
      headers: { origin: auth.url },
      onSuccess: ({ response }) => {
        cookie = response.headers.get("set-cookie").split(";")[0];
      },
    },
  );
  const { data } = await authClient.token({ fetchOptions: { headers: { cookie } } });
  await walk(server, data.token, signedUp.user.id);
});

test("a user who signs up after the start, with the first key there ever was, gets in at once", async () => {
  const auth = await issuer();
  const server = await api({ BETTER_AUTH_URL: auth.url });
  const { user, jwt } = await auth.signUp();
  await walk(server, await jwt(), user.id);
});

test("a token with nothing in it but the user works", async () => {
  const auth = await issuer({ minimal: true });
  const { user, jwt } = await auth.signUp();
  const server = await api({ BETTER_AUTH_URL: auth.url });
  await walk(server, await jwt(), user.id);
});

test("one of several audiences is enough, and it is required", async () => {
  const auth = await issuer({ audience: ["https://api.example.com", "https://other.example.com"] });
  const { user, jwt } = await auth.signUp();
  const token = await jwt();
  const right = { ROCKET_AUTH: `{issuer="${auth.url}",audience="https://other.example.com"}` };
  await walk(await api({ BETTER_AUTH_URL: auth.url, ...right }), token, user.id);
  for (const wrong of [`{audience="https://evil.example.com"}`, `{issuer="https://evil.example.com"}`]) {
    const server = await api({ BETTER_AUTH_URL: auth.url, ROCKET_AUTH: wrong });
    assert.equal(await status(server, token), 401, wrong);
  }
});

test("keys rotate, and those in their grace period still serve", async () => {
  const auth = await issuer({ rotate: 1, grace: 3600 });
  const { user, jwt } = await auth.signUp();
  const old = await jwt();
  const server = await api({ BETTER_AUTH_URL: auth.url });
  await walk(server, old, user.id);
  await pause(1500);
  const fresh = await jwt();
  const kid = (token) => JSON.parse(Buffer.from(token.split(".")[0], "base64url")).kid;
  assert.notEqual(kid(fresh), kid(old), "a new key");
  await walk(server, fresh, user.id);
  await walk(server, old, user.id);
});

test("an issuer that comes back with other keys is followed, and its old keys are forgotten", async () => {
  const port = await freePort();
  const first = await issuer({ port });
  const before = await first.signUp();
  const old = await before.jwt();
  const server = await api({ BETTER_AUTH_URL: first.url });
  await walk(server, old, before.user.id);
  await first.stop();
  assert.equal(await status(server, old), 200, "while it is down its last keys serve");
  const second = await issuer({ port });
  const { user, jwt } = await second.signUp("bob");
  const token = await jwt();
  await eventually("the new key is fetched", async () => (await status(server, token)) === 200);
  await walk(server, token, user.id);
  assert.equal(await status(server, old), 401, "what it no longer vouches for is refused");
});

test("an issuer that is down at our start is waited for, and the secret's tokens work meanwhile", async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = await api({ BETTER_AUTH_URL: url, BETTER_AUTH_SECRET: SECRET });
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200, "readiness is not the issuer's business");
  const auth = await issuer({ port });
  const { user, jwt } = await auth.signUp();
  const token = await jwt();
  await eventually("its keys are fetched", async () => (await status(server, token)) === 200);
  await walk(server, token, user.id);
  const outages = server.lines.filter((line) => line.includes("JWKS fetch failed"));
  assert.equal(outages.length, 1, "one line for an outage");
});
