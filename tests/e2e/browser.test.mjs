// What a browser says: `/docs` can do everything, and pages of other origins can do what they are allowed to.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { SECRET, api, here, postgres, token } from "./lib.mjs";

let browser;
before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});
after(() => browser?.close());

/** Gives `/docs`, whose dialog is open, a token for the API. */
async function authorize(page, token) {
  const bearer = page.locator(".modal-ux .auth-container", { hasText: "bearer" }).first();
  await bearer.locator("input").fill(token);
  await bearer.locator("button.authorize").click();
  await page.locator(".modal-ux button.btn-done").first().click();
}

test("somebody who has only /docs open can do everything", async () => {
  const server = await api({ BETTER_AUTH_SECRET: SECRET });
  const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith("http")) assert.equal(origin, server.url, "nothing is fetched from elsewhere");
  });

  await page.goto(`${server.url}/docs`);
  await page.locator(".opblock").first().waitFor();
  await page.locator("button.authorize").first().click();
  await authorize(page, token("me"));
  await page.reload();
  await page.locator(".authorization__btn.locked, button.authorize.locked").first().waitFor();

  let id;
  /** Opens an operation, fills in what it needs, executes it, and gives the status. */
  const execute = async (name) => {
    const block = page.locator(`.opblock[id$="-${name}"]`);
    await block.locator(".opblock-summary-control").click();
    for (const [parameter, value] of [["id", String(id)], ["user_id", "me"]]) {
      const input = block.locator(`tr[data-param-name="${parameter}"] input`);
      if (await input.count()) await input.fill(value);
    }
    await block.locator("button.execute").click();
    const status = block.locator(".live-responses-table .response .response-col_status").first();
    const seen = parseInt(await status.innerText(), 10);
    if (name.startsWith("createTask")) {
      const body = JSON.parse(await block.locator(".live-responses-table .highlight-code code").first().innerText());
      id = (body.data ?? body).id;
    }
    return seen;
  };
  const walked = [
    ["create", 201],
    ["list", 200],
    ["get", 200],
    ["replace", 200],
    ["update", 200],
    ["complete", 200],
    ["delete", 204],
  ];
  for (const dialect of ["", "V1"]) {
    for (const form of ["", "OfUser"]) {
      for (const [verb, expected] of walked) {
        const name = `${verb}Task${verb === "list" ? "s" : ""}${form}${dialect}`;
        assert.equal(await execute(name), expected, name);
      }
    }
  }
  for (const name of ["health", "livez", "readyz", "metrics"]) assert.equal(await execute(name), 200, name);
  assert.deepEqual(complaints, [], "no error, and nothing that the policy forbids");
  if (process.env.SCREENSHOTS) {
    await page.goto(`${server.url}/docs`);
    await page.locator(".opblock").first().waitFor();
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.screenshot({ path: `${process.env.SCREENSHOTS}/docs.png` });
    await page.locator("#operations-Tasks-createTask .opblock-summary-control").click();
    await page.locator("#operations-Tasks-createTask button.execute").click();
    await page.locator("#operations-Tasks-createTask .live-responses-table").scrollIntoViewIfNeeded();
    await page.screenshot({ path: `${process.env.SCREENSHOTS}/try-it-out.png` });
  }
  await page.close();
  await server.stop();
});

test("somebody without a token signs up in /docs, authorizes and creates a task", async () => {
  const server = await api({ BETTER_AUTH_SECRET: SECRET });
  const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
  await page.goto(`${server.url}/docs`);
  /** Executes an operation as it stands there; gives the status and the body. */
  const execute = async (name) => {
    const block = page.locator(`.opblock[id$="-${name}"]`);
    await block.locator(".opblock-summary-control").click();
    await block.locator("button.execute").click();
    const status = block.locator(".live-responses-table .response .response-col_status").first();
    const body = block.locator(".live-responses-table .highlight-code code").first();
    return [parseInt(await status.innerText(), 10), JSON.parse(await body.innerText())];
  };
  const [status, { access_token, user }] = await execute("signup");
  assert.equal(status, 200);
  await page.locator("button.authorize").first().click();
  await authorize(page, access_token);
  const [created, task] = await execute("createTask");
  assert.deepEqual([created, task.user_id], [201, user.id]);
  // By the cookie that the browser gets from the other way to sign up.
  await page.locator('.opblock[id$="-signInEmail"]').scrollIntoViewIfNeeded();
  assert.equal((await execute("signInEmail"))[0], 200);
  assert.equal((await execute("getToken"))[0], 200);
  await page.close();
  await server.stop();
});

/** An origin of its own with a page: an empty one, or one that runs this script. */
function origin(script = "") {
  return new Promise((resolve) => {
    const server = createServer((request, response) => {
      const isScript = request.url === "/script.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      response.end(isScript ? script : `<!doctype html><title>a frontend</title><main></main><script src="/script.js"></script>`);
    });
    // A test that fails does not stop it, and must not wait for it.
    server.unref();
    server.listen(0, "127.0.0.1", () => {
      resolve({ url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() });
    });
  });
}

/** What a page's own `fetch` gets: a status, a body and some headers, or the error that it throws. */
const call = (page, url, method, token, body) =>
  page.evaluate(
    async ([url, method, token, body]) => {
      try {
        const response = await fetch(url, {
          method,
          headers: { ...(token && { Authorization: `Bearer ${token}` }), "Content-Type": "application/json" },
          ...(body && { body: JSON.stringify(body) }),
        });
        const text = await response.text();
        const headers = Object.fromEntries(response.headers);
        return { status: response.status, headers, body: text && JSON.parse(text) };
      } catch (error) {
        return { error: error.name };
      }
    },
    [url, method, token, body],
  );

test("a page of a configured origin does it all, and can read what went wrong", async () => {
  const frontend = await origin();
  const database = await postgres();
  const server = await api({ BETTER_AUTH_SECRET: SECRET, DATABASE_URL: database.url, CORS_ORIGINS: frontend.url });
  const page = await browser.newPage();
  await page.goto(frontend.url);
  const me = token("me");
  const tasks = `${server.url}/api/tasks`;

  const made = await call(page, tasks, "POST", me, { title: "Deploy" });
  assert.equal(made.status, 201);
  assert.equal(made.headers.location, `/api/tasks/${made.body.id}`, "the page may read it");
  assert.ok(made.headers["x-request-id"]);
  const path = `${tasks}/${made.body.id}`;
  assert.deepEqual((await call(page, tasks, "GET", me)).body, [made.body]);
  assert.equal((await call(page, path, "PUT", me, { title: "Ship" })).body.title, "Ship");
  assert.equal((await call(page, path, "PATCH", me, { description: "now" })).body.description, "now");
  assert.equal((await call(page, `${path}/complete`, "PATCH", me)).body.completed, true);
  assert.equal((await call(page, path, "DELETE", me)).status, 204);
  assert.equal((await call(page, `${server.url}/api/v1/tasks`, "GET", me)).body.data.total, 0);

  for (const [answer, status, detail] of [
    [await call(page, tasks, "GET"), 401, "Missing authorization token"],
    [await call(page, tasks, "GET", "rubbish"), 401, "Invalid token"],
    [await call(page, `${server.url}/api/you/tasks`, "GET", me), 403, "Not authorized to access this resource"],
    [await call(page, path, "GET", me), 404, "Task not found"],
    [await call(page, tasks, "POST", me, { title: "" }), 422, "Title is required and cannot be empty"],
    [await call(page, tasks, "POST", me, { title: "x".repeat(70_000) }), 413, "Request body must be at most 64 KiB"],
  ]) {
    assert.deepEqual([answer.status, answer.body?.detail], [status, detail]);
  }
  database.kill();
  const away = await call(page, tasks, "GET", me);
  assert.deepEqual([away.status, away.body.detail], [503, "Service temporarily unavailable"]);
  assert.ok(away.headers["retry-after"]);

  await page.close();
  await server.stop();
  await database.stop();
  frontend.stop();
});

test("a page of any other origin gets nothing, and changes nothing", async () => {
  const [frontend, stranger] = [await origin(), await origin()];
  const server = await api({ BETTER_AUTH_SECRET: SECRET, CORS_ORIGINS: frontend.url });
  const page = await browser.newPage();
  await page.goto(stranger.url);
  const me = token("me");
  for (const method of ["GET", "POST", "DELETE"]) {
    const answer = await call(page, `${server.url}/api/tasks`, method, me, method === "POST" ? { title: "t" } : undefined);
    assert.deepEqual(answer, { error: "TypeError" }, method);
  }
  // Without a preflight, too.
  const simple = await page.evaluate(
    (url) => fetch(url, { method: "POST", body: "{}" }).then((it) => it.status, (error) => error.name),
    `${server.url}/api/tasks`,
  );
  assert.equal(simple, "TypeError");
  await page.goto(frontend.url);
  assert.deepEqual((await call(page, `${server.url}/api/tasks`, "GET", me)).body, []);
  await page.close();
  await server.stop();
  frontend.stop();
  stranger.stop();
});

test("a React page of a configured origin signs up by cookie, reloads, is still signed in, and signs out", async () => {
  const bundle = await build({ entryPoints: [join(here, "page.jsx")], bundle: true, write: false, jsx: "automatic" });
  const frontend = await origin(bundle.outputFiles[0].text);
  const server = await api({ BETTER_AUTH_SECRET: SECRET, CORS_ORIGINS: frontend.url });
  const context = await browser.newContext();
  const page = await context.newPage();
  const home = `${frontend.url}/?api=${encodeURIComponent(server.url)}`;
  const shows = (text) => page.locator("main", { hasText: text }).waitFor();
  await page.goto(home);
  await shows("nobody is signed in");
  await page.getByRole("button", { name: "sign up" }).click();
  await shows("Ann is signed in and has 1 tasks");
  const [cookie] = await context.cookies(server.url);
  assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite], ["better-auth.session_token", true, "Lax"]);
  await page.reload();
  await shows("Ann is signed in and has 1 tasks");
  await page.getByRole("button", { name: "rename" }).click();
  await shows("Anna is signed in");
  await page.getByRole("button", { name: "sign out" }).click();
  await shows("nobody is signed in");
  assert.deepEqual(await context.cookies(server.url), []);
  await page.reload();
  await shows("nobody is signed in");
  await page.getByRole("button", { name: "sign in wrongly" }).click();
  await shows("INVALID_EMAIL_OR_PASSWORD");
  await page.getByRole("button", { name: "sign in", exact: true }).click();
  await shows("Anna is signed in and has 1 tasks");
  await context.close();
  await server.stop();
  frontend.stop();
});

test("a page of any other origin can sign nobody in or out", async () => {
  const [frontend, stranger] = [await origin(), await origin()];
  const server = await api({ BETTER_AUTH_SECRET: SECRET, CORS_ORIGINS: frontend.url });
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(frontend.url);
  const post = (path, body) =>
    page.evaluate(
      ([url, body]) =>
        fetch(url, { method: "POST", credentials: "include", headers: { "content-type": "application/json" }, body }).then(
          (it) => it.status,
          (error) => error.name,
        ),
      [`${server.url}/api/auth${path}`, JSON.stringify(body)],
    );
  const ann = { name: "Ann", email: "ann@example.com", password: "correct horse battery" };
  assert.equal(await post("/sign-up/email", ann), 200);
  await page.goto(stranger.url);
  for (const path of ["/sign-in/email", "/sign-out", "/delete-user"]) assert.equal(await post(path, ann), "TypeError", path);
  // A form needs no leave to be sent, and takes the visitor along.
  await page.setContent(
    `<form method="post" action="${server.url}/api/auth/sign-in/email"><input name="email" value="${ann.email}"><input name="password" value="${ann.password}"></form>`,
  );
  const [answer] = await Promise.all([
    page.waitForResponse((it) => it.url().includes("/api/auth/")),
    page.waitForURL("**/api/auth/**"),
    page.evaluate(() => document.forms[0].submit()),
  ]);
  assert.equal(answer.status(), 403);
  await page.goto(frontend.url);
  const session = await page.evaluate((url) => fetch(url, { credentials: "include" }).then((it) => it.json()), `${server.url}/api/auth/get-session`);
  assert.equal(session.user.name, "Ann", "still signed in");
  await context.close();
  await server.stop();
  frontend.stop();
  stranger.stop();
});
