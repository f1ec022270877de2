// `/api/auth` beside a real Better Auth server: the same requests, and the same answers to the last header that matters.
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { SECRET, api, issuer, postgres } from "./lib.mjs";

const password = "correct horse battery";
const email = "ann@example.com";

/** Not by `fetch`, which adds headers of its own that a browser's page, but no program, would send. */
function call(url, method, path, headers = {}, body) {
  const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  const length = { "content-length": Buffer.byteLength(text ?? "") };
  const kind = text !== undefined && { "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/api/auth${path}`, { method, headers: { ...kind, ...length, ...headers } }, (answer) => {
      let text = "";
      answer.on("data", (chunk) => (text += chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
    });
    sent.on("error", reject);
    sent.end(text);
  });
}

/** What is the same whoever answers: names made up, times, signatures and places are not. */
function plain({ status, headers, text }, url) {
  const same = (value) =>
    value
      .replaceAll(url, "<origin>")
      .replace(/[A-Za-z0-9]{32}\.[A-Za-z0-9+/%]{43,}(=|%3D)/g, "<signed>")
      .replace(/true\.[A-Za-z0-9+/%]{43,}(=|%3D)/g, "true.<signature>")
      .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, "<token>")
      .replace(/\b[A-Za-z0-9]{32}\b/g, "<id>")
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "<time>");
  const body = text === "" ? "" : JSON.parse(same(text));
  if (body?.session) body.session.ipAddress = "<address>";
  if (Array.isArray(body)) for (const it of body) if ("ipAddress" in it) it.ipAddress = "<address>";
  return {
    status,
    body,
    cookies: (headers["set-cookie"] ?? []).map(same),
    location: same(headers.location ?? ""),
    token: same(headers["set-auth-token"] ?? ""),
    jwt: same(headers["set-auth-jwt"] ?? ""),
  };
}

test("every answer is Better Auth's", async () => {
  const trusted = "http://localhost:3000";
  const database = await postgres();
  const theirs = await issuer({ trusted: [trusted], database: database.url });
  const ours = await api({ BETTER_AUTH_SECRET: SECRET });
  const both = [theirs.url, ours.url];
  const tokens = both.map(() => ({}));
  const compared = [];

  /** Asks both. `headers` may depend on which, and on what they have said so far. */
  const same = async (name, method, path, headers, body) => {
    const answers = [];
    for (const [n, url] of both.entries()) {
      const answer = await call(url, method, path, typeof headers === "function" ? headers(url, tokens[n]) : headers, body);
      answers.push(plain(answer, url));
      if (answer.headers["set-auth-token"]) {
        tokens[n][name] = JSON.parse(answer.text).token;
        tokens[n][`${name} cookie`] = answer.headers["set-cookie"].map((it) => it.split(";")[0]).join("; ");
        tokens[n][`${name} signed`] = answer.headers["set-auth-token"];
      }
    }
    assert.deepEqual(answers[1], answers[0], `${name}: ${method} ${path}`);
    compared.push(name);
  };
  const post = (name, path, body, headers) => same(name, "POST", path, headers, body);
  const get = (name, path, headers) => same(name, "GET", path, headers);
  const bearer = (of) => (_, tokens) => ({ authorization: `Bearer ${tokens[of]}` });
  const cookie = (of, more) => (url, tokens) => ({ cookie: tokens[`${of} cookie`], origin: url, ...more });

  await get("ok", "/ok");
  const ann = { name: "Ann", email, password };
  for (const [name, body] of Object.entries({
    "nothing given": {},
    "wrong types": { name: 1, email: 2, password: 3, image: 4, rememberMe: "x" },
    "no address": { ...ann, email: "x" },
    "odd address": { ...ann, email: ".a@example.com" },
    "no password": { ...ann, password: "" },
    "a short password": { ...ann, password: "1234567" },
    "a short one of long characters": { ...ann, password: "😀😀😀" },
    "a long password": { ...ann, password: "x".repeat(129) },
    "a foreign page to go to": { ...ann, callbackURL: "https://evil.example" },
    "a path that is none": { ...ann, callbackURL: "//evil.example" },
    "an encoded path that is none": { ...ann, callbackURL: "/%2fevil.example" },
    "a backslash": { ...ann, callbackURL: "/\\evil.example" },
    "no JSON": "{bad",
  })) {
    await post(name, "/sign-up/email", body);
  }
  await same("text", "POST", "/sign-up/email", { "content-type": "text/plain" }, "{}");
  for (const [name, headers] of Object.entries({
    "a foreign origin": { origin: "https://evil.example" },
    "no origin": { origin: "null" },
    "a foreign referrer": { referer: "https://evil.example/x" },
    "a browser that says no origin": { "sec-fetch-site": "same-origin" },
    "a visitor led here": { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", origin: trusted },
  })) {
    await post(name, "/sign-up/email", { ...ann, email: `${compared.length}@example.com` }, headers);
    await post(`${name}, signing in`, "/sign-in/email", { email, password }, headers);
  }
  await post("up", "/sign-up/email", { ...ann, email: "ANN@example.com", image: "https://x.example/a.png", more: 1 });
  await post("again", "/sign-up/email", ann);
  const form = { "content-type": "application/x-www-form-urlencoded" };
  await same("by form", "POST", "/sign-up/email", form, "name=Bob&email=bob%40example.com&password=correct+horse+battery");

  await post("in: no address", "/sign-in/email", { email: "x", password });
  await post("in: nothing", "/sign-in/email", {});
  await post("in: wrong", "/sign-in/email", { email, password: "wrong horse battery" });
  await post("in: unknown", "/sign-in/email", { email: "nobody@example.com", password });
  await post("in: long", "/sign-in/email", { email, password: "x".repeat(129) });
  await post("in", "/sign-in/email", { email, password });
  await post("in for a day", "/sign-in/email", { email, password, rememberMe: false });
  await post("in and to a path", "/sign-in/email", { email, password, callbackURL: "/dashboard" });
  await post("in and to a page", "/sign-in/email", { email, password, callbackURL: `${trusted}/dashboard` });

  await get("session of nobody", "/get-session");
  await get("session by a forged cookie", "/get-session", { cookie: "better-auth.session_token=abc.def" });
  await get("session by an unknown token", "/get-session", { authorization: `Bearer ${"x".repeat(32)}` });
  await get("session by a forged token", "/get-session", (_, tokens) => ({ authorization: `Bearer ${tokens.in}.AAAA` }));
  await get("session by cookie", "/get-session", cookie("up"));
  await get("session by token", "/get-session", bearer("in"));
  await get("session by signed token", "/get-session", bearer("in signed"));
  await get("session of a day", "/get-session", cookie("in for a day"));
  await get("token", "/token", bearer("in"));
  await get("token of nobody", "/token");

  const name = { name: "Anna" };
  await post("update by nobody", "/update-user", name);
  await post("update, no page", "/update-user", name, (_, tokens) => ({ cookie: tokens["up cookie"] }));
  await post("update, foreign page", "/update-user", name, cookie("up", { origin: "https://evil.example" }));
  await post("update, by referrer", "/update-user", name, (url, tokens) => ({ cookie: tokens["up cookie"], referer: `${url}/x` }));
  await post("update", "/update-user", { ...name, image: null }, cookie("up"));
  await post("update by bearer", "/update-user", name, bearer("in"));
  await post("update nothing", "/update-user", {}, bearer("in"));
  await post("update something else", "/update-user", { plan: 1 }, bearer("in"));
  await post("update the address", "/update-user", { email: "eve@example.com" }, bearer("in"));

  await get("sessions", "/list-sessions", bearer("in"));
  await get("sessions of nobody", "/list-sessions");
  await get("accounts", "/list-accounts", bearer("in"));
  await post("revoke an unknown one", "/revoke-session", { token: "nonsense" }, bearer("in"));
  await post("revoke none", "/revoke-session", {}, bearer("in"));
  await post("change: wrong", "/change-password", { currentPassword: "wrong", newPassword: password }, bearer("in"));
  await post("change: short", "/change-password", { currentPassword: password, newPassword: "short" }, bearer("in"));
  await post("change: nothing", "/change-password", {}, bearer("in"));
  await post("change: nobody", "/change-password", { currentPassword: password, newPassword: password });
  await post("change", "/change-password", { currentPassword: password, newPassword: "staple horse" }, bearer("in"));
  const back = { currentPassword: "staple horse", newPassword: password, revokeOtherSessions: true };
  await post("change and revoke", "/change-password", back, bearer("in"));
  await get("one session", "/list-sessions", bearer("change and revoke"));
  await post("revoke others", "/revoke-other-sessions", {}, bearer("change and revoke"));

  await post("reset", "/request-password-reset", { email });
  await post("reset, by path", "/request-password-reset", { email, redirectTo: "/reset?x=1" });
  await post("reset, to a foreign page", "/request-password-reset", { email, redirectTo: "https://evil.example" });
  await post("reset, unknown", "/request-password-reset", { email: "nobody@example.com" });
  await post("reset, no address", "/request-password-reset", { email: "x" });
  await get("bad link", "/reset-password/nonsense?callbackURL=%2Freset");
  await get("bad link to a page", `/reset-password/nonsense?callbackURL=${encodeURIComponent(`${trusted}/r?a=1`)}`);
  await get("bad link to nowhere", "/reset-password/nonsense");
  await get("bad link to a foreign page", "/reset-password/nonsense?callbackURL=https%3A%2F%2Fevil.example");
  await post("reset: bad token", "/reset-password", { newPassword: password, token: "nonsense" });
  await post("reset: short", "/reset-password", { newPassword: "x", token: "nonsense" });
  await post("reset: no token", "/reset-password", { newPassword: password });
  await post("reset: nothing", "/reset-password", {});

  await post("delete: wrong", "/delete-user", { password: "wrong" }, bearer("change and revoke"));
  await post("out", "/sign-out", {}, bearer("change and revoke"));
  await post("out again", "/sign-out", {});
  await post("in once more", "/sign-in/email", { email, password });
  await post("revoke all", "/revoke-sessions", {}, bearer("in once more"));
  await get("gone", "/get-session", bearer("in once more"));
  await post("in to go", "/sign-in/email", { email, password });
  await post("delete", "/delete-user", {}, bearer("in to go"));
  await post("in: deleted", "/sign-in/email", { email, password });
  assert.ok(compared.length > 80, `${compared.length} answers`);
  await ours.stop();
  await theirs.stop();
  await database.stop();
});
