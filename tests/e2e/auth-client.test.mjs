// Better Auth's own client against `/api/auth`, and a database shared with a real Better Auth server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAuthClient as vanilla } from "better-auth/client";
import { jwtClient } from "better-auth/client/plugins";
import { createAuthClient as react } from "better-auth/react";
import { SECRET, api, issuer, postgres } from "./lib.mjs";

const password = "correct horse battery";

/** A browser, as far as cookies go: it keeps them, sends them, and says which page asks. */
function browser(url) {
  const cookies = new Map();
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set("origin", url);
    if (cookies.size) headers.set("cookie", [...cookies].map((it) => it.join("=")).join("; "));
    const response = await fetch(input, { ...init, headers });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = cookie.match(/^([^=]+)=([^;]*)/);
      if (/max-age=0/i.test(cookie)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
}

function client(create, url) {
  return create({ baseURL: url, plugins: [jwtClient()], fetchOptions: { customFetchImpl: browser(url) } });
}

for (const [flavour, create] of [["vanilla", vanilla], ["React", react]]) {
  for (const engine of ["SQLite", "PostgreSQL"]) {
    test(`the ${flavour} client does all it can, on ${engine}`, async () => {
      const database = engine === "PostgreSQL" ? await postgres() : undefined;
      const server = await api({ BETTER_AUTH_SECRET: SECRET, ...(database && { DATABASE_URL: database.url }) });
      const [laptop, phone] = [client(create, server.url), client(create, server.url)];
      const ann = { email: "ann@example.com", password };
      const refused = ({ error }) => [error?.status, error?.code];

      assert.deepEqual(refused(await laptop.signUp.email({ ...ann, name: "Ann", password: "short" })), [400, "PASSWORD_TOO_SHORT"]);
      const { data: up } = await laptop.signUp.email({ ...ann, name: "Ann" });
      assert.equal(up.user.email, ann.email);
      assert.deepEqual(refused(await phone.signUp.email({ ...ann, name: "Ann" })), [422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"]);
      assert.deepEqual(refused(await phone.signIn.email({ ...ann, password: "wrong horse battery" })), [401, "INVALID_EMAIL_OR_PASSWORD"]);
      assert.equal((await phone.getSession()).data, null);
      assert.deepEqual(refused(await phone.token()), [401, "UNAUTHORIZED"]);
      assert.equal((await phone.signIn.email(ann)).data.user.id, up.user.id);

      const { data: session } = await laptop.getSession();
      assert.ok(session.session.expiresAt instanceof Date && session.session.expiresAt - session.session.createdAt === 7 * 86400e3);
      assert.equal(session.user.createdAt.toISOString(), up.user.createdAt.toISOString?.() ?? up.user.createdAt);

      const { data: jwt } = await laptop.token();
      const made = await server.call(jwt.token, "POST", "/api/tasks", { title: "Deploy" });
      assert.deepEqual([made.status, made.body.user_id], [201, up.user.id]);
      assert.equal((await server.call(jwt.token, "GET", `/api/v1/${up.user.id}/tasks`)).body.data.total, 1);

      assert.equal((await laptop.updateUser({ name: "Anna", image: "https://x.example/a.png" })).data.status, true);
      assert.equal((await phone.getSession()).data.user.name, "Anna");

      const { data: sessions } = await laptop.listSessions();
      assert.equal(sessions.length, 2);
      const other = sessions.find((it) => it.token !== session.session.token);
      assert.equal((await laptop.revokeSession({ token: other.token })).data.status, true);
      assert.equal((await phone.getSession()).data, null);
      assert.equal((await laptop.listAccounts()).data[0].providerId, "credential");

      const wrong = { currentPassword: "wrong horse battery", newPassword: "staple horse correct" };
      assert.deepEqual(refused(await laptop.changePassword(wrong)), [400, "INVALID_PASSWORD"]);
      await phone.signIn.email(ann);
      const changed = await laptop.changePassword({ ...wrong, currentPassword: password, revokeOtherSessions: true });
      assert.ok(changed.data.token);
      assert.equal((await phone.getSession()).data, null);
      assert.equal((await laptop.getSession()).data.user.name, "Anna");
      assert.deepEqual(refused(await phone.signIn.email(ann)), [401, "INVALID_EMAIL_OR_PASSWORD"]);
      ann.password = wrong.newPassword;

      await phone.signIn.email(ann);
      assert.equal((await laptop.revokeOtherSessions()).data.status, true);
      assert.equal((await phone.getSession()).data, null);
      assert.equal((await laptop.requestPasswordReset({ email: ann.email, redirectTo: "/reset" })).data.status, true);
      assert.deepEqual(refused(await laptop.resetPassword({ newPassword: password, token: "nonsense" })), [400, "INVALID_TOKEN"]);

      assert.equal((await laptop.signOut()).data.success, true);
      assert.equal((await laptop.getSession()).data, null);
      await laptop.signIn.email(ann);
      assert.equal((await laptop.revokeSessions()).data.status, true);
      assert.equal((await laptop.getSession()).data, null);
      await laptop.signIn.email(ann);
      assert.equal((await laptop.deleteUser({ password: ann.password })).data.success, true);
      assert.deepEqual(refused(await laptop.signIn.email(ann)), [401, "INVALID_EMAIL_OR_PASSWORD"]);
      await server.stop();
      await database?.stop();
    });
  }
}

for (const first of ["Better Auth", "this server"]) {
  test(`a database is shared with Better Auth, whose tables ${first} has made`, async () => {
    const database = await postgres();
    const variables = { BETTER_AUTH_SECRET: SECRET, DATABASE_URL: database.url, ROCKET_ISSUER: '{alg="EdDSA"}' };
    const starts = { "Better Auth": () => issuer({ database: database.url }), "this server": () => api(variables) };
    const second = Object.keys(starts).find((it) => it !== first);
    const servers = { [first]: await starts[first]() };
    servers[second] = await starts[second]();
    const { "Better Auth": theirs, "this server": ours } = servers;

    for (const [name, [here, there]] of Object.entries({ theirs: [theirs, ours], ours: [ours, theirs] })) {
      const email = `${name}@example.com`;
      const [home, away] = [client(vanilla, here.url), client(vanilla, there.url)];
      const { data: up } = await home.signUp.email({ name, email, password });
      // Who signed up at one signs in at the other, by a password that only the hash knows.
      const { data } = await away.signIn.email({ email, password });
      assert.equal(data.user.id, up.user.id, name);
      assert.equal((await away.signIn.email({ email, password: "wrong horse battery" })).error.status, 401);
      assert.equal((await away.signUp.email({ name, email, password })).error.status, 422);
      // A session of one is honoured by the other: by its token, and by the cookie that the other has signed.
      const cookie = (await fetch(`${here.url}/api/auth/sign-in/email`, {
        method: "POST",
        headers: { "content-type": "application/json", origin: here.url },
        body: JSON.stringify({ email, password }),
      })).headers.getSetCookie()[0].split(";")[0];
      for (const headers of [{ authorization: `Bearer ${up.token}` }, { cookie }]) {
        const session = await (await fetch(`${there.url}/api/auth/get-session`, { headers })).json();
        assert.equal(session?.user.id, up.user.id, JSON.stringify(headers));
        assert.match(session.session.expiresAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      }
      // What is changed at one is so at the other.
      await away.changePassword({ currentPassword: password, newPassword: "staple horse correct" });
      assert.equal((await home.signIn.email({ email, password: "staple horse correct" })).data?.user.id, up.user.id);
      // Tokens of either are good for tasks, signed with a key that either can read.
      for (const at of [home, away]) {
        const { data: jwt } = await at.token();
        const made = await ours.call(jwt.token, "POST", "/api/tasks", { title: name });
        assert.deepEqual([made.status, made.body.user_id], [201, up.user.id]);
      }
    }
    const keys = async ({ url }) => (await fetch(`${url}/api/auth/jwks`)).json();
    assert.deepEqual(await keys(ours), await keys(theirs), "one key, made by whoever needed it first");
    assert.equal((await keys(ours)).keys.length, 1);
    await ours.stop();
    await theirs.stop();
    await database.stop();
  });
}
