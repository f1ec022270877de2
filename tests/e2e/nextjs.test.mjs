// What users of examples/nextjs see, in Chromium: both ways of authentication, failures, several tabs and users.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { SECRET, api, freePort, pause, postgres } from "./lib.mjs";
import { build, development, production } from "./nextjs.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PASSWORD = "correct horse battery";

let browser;
before(async () => {
  if (!process.env.KEEP_BUILD) build();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});
after(() => browser?.close());

/** A tab, and the errors of its console: a violation of the policy is one of them. */
async function open(context, url) {
  const page = await context.newPage();
  page.setDefaultNavigationTimeout(120_000);
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(url);
  await hydrated(page);
  return { page, errors };
}

async function signUp(page, email, name = "Ann") {
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await hydrated(page);
}

async function signIn(page, email) {
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await hydrated(page);
}

async function add(page, title, description = "") {
  const form = page.getByRole("form", { name: "New task" });
  await form.getByLabel("Title").fill(title);
  await form.getByLabel("Description").fill(description);
  await form.getByRole("button", { name: "Add" }).click();
}

/** Waits until the scripts handle events. Before that, the page shows the server's HTML only. */
const hydrated = (page) => page.waitForFunction(() => Object.keys(document.querySelector("main") ?? {}).some((key) => key.startsWith("__react")));

async function reload(page) {
  await page.reload();
  await hydrated(page);
}

/** The list item of a task that the server has stored. */
const item = (page, title) => page.locator("li:not([aria-busy=true])", { has: page.getByRole("checkbox", { name: title, exact: true }) });
const titles = (page) => page.locator("li .title").allInnerTexts();

/** Waits until the page shows exactly these tasks. */
async function shows(page, ...expected) {
  await page
    .waitForFunction((wanted) => JSON.stringify([...document.querySelectorAll("li:not([aria-busy=true]) .title")].map((it) => it.innerText)) === wanted, JSON.stringify(expected), { timeout: 10_000 })
    .catch(async () => assert.deepEqual(await titles(page), expected));
}

const alert = (page, text) => page.getByRole("alert").filter({ hasText: text }).waitFor({ timeout: 15_000 });

/** Checks the page as it is with axe, in both color schemes, and that it fits on a phone. */
async function isAccessible(page, state) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run());
    assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [], `${state}, ${colorScheme}`);
  }
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll("body *")].filter((it) => it.getBoundingClientRect().right > 320).map((it) => it.outerHTML)), [], `${state} on a phone`);
  await page.setViewportSize(size);
}

async function screenshot(page, name, options = {}) {
  if (!process.env.SCREENSHOTS) return;
  await page.emulateMedia({ colorScheme: options.colorScheme ?? "light" });
  await page.setViewportSize({ width: options.width ?? 720, height: options.height ?? 640 });
  await page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}.png` });
  await page.setViewportSize({ width: 1280, height: 720 });
}

test("behind one origin, with its own Better Auth in the API's PostgreSQL", async (t) => {
  const database = await postgres();
  // After a restart of the machine, containers start in any order.
  database.kill();
  const starting = production({
    database: database.url,
    // In release, as compose.yaml has it: keys from the app's Better Auth, and no origin needs to be allowed.
    startApi: (url, web) =>
      api({
        ROCKET_PROFILE: "release",
        ROCKET_ADDRESS: "127.0.0.1",
        DATABASE_URL: database.url,
        ROCKET_AUTH: `{issuer="${url}",audience="${url}",jwks_url="${web}/api/auth/jwks"}`,
      }),
  });
  await pause(4000);
  database.revive();
  const app = await starting;
  const context = await browser.newContext();
  const { page, errors } = await open(context, app.url);
  const requests = [];
  page.on("request", (request) => requests.push(new URL(request.url())));

  await t.test("sign-up leads to the list, and errors are at their fields", async () => {
    assert.equal(new URL(page.url()).pathname, "/login");
    await isAccessible(page, "login");
    await page.getByLabel("Email").fill("ann@example.com");
    await page.getByLabel("Password").fill("wrong password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await alert(page, "Invalid email or password");
    await isAccessible(page, "failed login");
    await signUp(page, "ann@example.com");
    await page.getByText("No tasks.").waitFor();
    errors.length = 0; // Chromium reports the 401.
  });

  await t.test("every change is stored, and a reload shows it", async () => {
    await add(page, "Buy milk");
    await item(page, "Buy milk").waitFor();
    await add(page, "Write tests", "in a browser");
    await shows(page, "Write tests", "Buy milk");

    await item(page, "Buy milk").getByRole("button", { name: "Edit" }).focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.name), "title", "the form has the focus");
    await isAccessible(page, "form in place");
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.activeElement.ariaLabel === "Edit Buy milk");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("Buy oat milk");
    await page.keyboard.press("Enter");
    await shows(page, "Write tests", "Buy oat milk");
    await page.waitForFunction(() => document.activeElement.ariaLabel === "Edit Buy oat milk");

    await page.getByRole("checkbox", { name: "Write tests" }).click();
    await reload(page);
    await shows(page, "Write tests", "Buy oat milk");
    assert.ok(await page.getByRole("checkbox", { name: "Write tests" }).isChecked());
    assert.ok(await page.getByText("in a browser").isVisible());
    await isAccessible(page, "list");
    await screenshot(page, "nextjs");
    await screenshot(page, "nextjs-phone", { width: 390, height: 640, colorScheme: "dark" });
  });

  await t.test("filter and order are in the URL and survive a reload", async () => {
    await page.getByLabel("Oldest first").or(page.getByLabel("Order")).selectOption("asc");
    await shows(page, "Buy oat milk", "Write tests");
    await page.getByLabel("Completed").check();
    await shows(page, "Write tests");
    await reload(page);
    await shows(page, "Write tests");
    assert.equal(new URL(page.url()).search, "?status=completed&order=asc");
    // A task that no longer matches leaves the list, and the focus stays on the page.
    await page.getByRole("checkbox", { name: "Write tests" }).click();
    await page.getByText("No tasks.").waitFor();
    await page.waitForFunction(() => document.activeElement.tagName === "H1");
    await page.getByLabel("All").check();
    await shows(page, "Buy oat milk", "Write tests");
  });

  await t.test("the server's messages are at their fields, and the text stays", async () => {
    await add(page, "   ", "kept");
    const form = page.getByRole("form", { name: "New task" });
    const title = form.getByLabel("Title");
    await form.getByText("Title is required and cannot be empty").waitFor();
    assert.equal(await title.getAttribute("aria-invalid"), "true");
    const described = await title.getAttribute("aria-describedby");
    assert.equal(await page.locator(`[id="${described}"]`).innerText(), "Title is required and cannot be empty");
    assert.equal(await form.getByLabel("Description").inputValue(), "kept");
    await isAccessible(page, "invalid field");
    await shows(page, "Buy oat milk", "Write tests");
    await add(page, "Valid", "");
    await shows(page, "Buy oat milk", "Write tests", "Valid");
    await page.getByRole("button", { name: "Delete Valid" }).click();
    await shows(page, "Buy oat milk", "Write tests");
    assert.equal(await page.getByRole("alert").filter({ hasText: /./ }).count(), 0);
    assert.equal(errors.filter((it) => !it.includes("status of 422")).length, 0, errors.join());
    errors.length = 0;
  });

  await t.test("the first HTML has the tasks, a nonce for each script, and no token", async () => {
    const response = await context.request.get(app.url);
    const html = await response.text();
    assert.ok(html.includes("Buy oat milk"));
    const nonce = response.headers()["content-security-policy"].match(/'nonce-([^']+)'/)[1];
    assert.ok(html.match(/<script/g).length > 0);
    for (const tag of html.match(/<script[^>]*>/g)) assert.ok(tag.includes(`nonce="${nonce}"`), tag);
    assert.ok(!response.headers()["content-security-policy"].includes("unsafe"));
    const [, icon] = html.match(/<link rel="icon" href="([^"]+)"/);
    assert.equal((await context.request.get(new URL(icon, app.url).href)).status(), 200);
    assert.ok(!/eyJ[\w-]+\.eyJ/.test(html), "the token of the server stays there");
    const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    assert.ok(!stored.includes("eyJ") && !stored.includes("session_token"), stored);
    assert.ok(requests.every(({ origin }) => origin === app.url), "nothing is fetched from elsewhere");
    assert.ok(requests.every(({ href }) => !href.includes("horse")), "no password in a URL");
  });

  await t.test("two tabs see each other's changes, and sign out together", async () => {
    const second = await open(context, app.url);
    await second.page.getByRole("button", { name: "Delete Write tests" }).click();
    await shows(second.page, "Buy oat milk");
    // The first tab still shows the task, and learns from the 404 that it is gone.
    await page.getByRole("button", { name: "Edit Write tests" }).click();
    await page.getByRole("form", { name: "Edit Write tests" }).getByRole("button", { name: "Save" }).click();
    await alert(page, "Task not found");
    await shows(page, "Buy oat milk");
    await add(page, "From the first tab");
    await shows(page, "Buy oat milk", "From the first tab");
    await second.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    await second.page.getByText("From the first tab").waitFor();
    await second.page.getByRole("button", { name: "Sign out" }).click();
    for (const tab of [second.page, page]) {
      await tab.getByRole("button", { name: "Sign in" }).waitFor();
      await hydrated(tab);
    }
    await signIn(page, "ann@example.com");
    await shows(page, "From the first tab", "Buy oat milk");
    await second.page.close();
  });

  await t.test("two users see nothing of each other", async () => {
    const other = await browser.newContext();
    const { page: theirs } = await open(other, app.url);
    await signUp(theirs, "bob@example.com", "Bob");
    await theirs.getByText("No tasks.").waitFor();
    await add(theirs, "Bob's");
    await shows(theirs, "Bob's");
    await reload(page);
    await shows(page, "From the first tab", "Buy oat milk");
    await other.close();
  });

  await t.test("while the database is away the list stays, a change is taken back, and all recovers by itself", async () => {
    database.kill();
    await page.getByRole("checkbox", { name: "Buy oat milk" }).click();
    await alert(page, "The server is unavailable at the moment.");
    assert.equal(await page.getByRole("checkbox", { name: "Buy oat milk" }).isChecked(), false, "taken back");
    await alert(page, "Trying again");
    await isAccessible(page, "unavailable");
    await add(page, "Not lost");
    await page.getByRole("form", { name: "New task" }).getByRole("alert").waitFor();
    assert.equal(await page.getByRole("form", { name: "New task" }).getByLabel("Title").inputValue(), "Not lost");
    // A page that is loaded now explains itself, and does not send the user to the login.
    const late = await context.newPage();
    await late.goto(app.url);
    await alert(late, "The server is unavailable at the moment.");
    assert.equal(new URL(late.url()).pathname, "/");
    database.revive();
    await page.getByText("Trying again").waitFor({ state: "detached", timeout: 30_000 });
    await page.getByRole("button", { name: "Add" }).click();
    await shows(page, "Not lost", "From the first tab", "Buy oat milk");
    await late.getByRole("button", { name: "Try again" }).click();
    await shows(late, "Not lost", "From the first tab", "Buy oat milk");
    await late.close();
  });

  await context.close();
  await app.stop();
  await database.stop();
});

test("behind one origin, with the API's built-in authentication", async (t) => {
  const app = await production({
    builtIn: true,
    startApi: (url) =>
      api({
        ROCKET_PROFILE: "release",
        ROCKET_ADDRESS: "127.0.0.1",
        BETTER_AUTH_SECRET: SECRET,
        // Tokens run out while the test waits.
        ROCKET_ISSUER: `{enabled=true,url="${url}",token_lifetime=3,trusted_proxies=["127.0.0.1"]}`,
      }),
  });
  const context = await browser.newContext();
  const { page } = await open(context, app.url);
  let tokens = 0;
  page.on("request", (request) => new URL(request.url()).pathname === "/api/auth/token" && tokens++);
  const statuses = [];
  page.on("response", (response) => new URL(response.url()).pathname.startsWith("/api/tasks") && statuses.push(response.status()));
  await signUp(page, "ann@example.com");

  await t.test("concurrent requests fetch one token, and later ones renew it before it expires", async () => {
    for (const title of ["one", "two", "three"]) {
      await add(page, title);
      await item(page, title).waitFor();
    }
    // Reloads the list from the browser in a fresh page, whose first two requests start together.
    await reload(page);
    await shows(page, "three", "two", "one");
    tokens = 0;
    await page.evaluate(() => {
      for (const box of document.querySelectorAll("li input[type=checkbox]")) box.click();
    });
    await page.waitForFunction(() => document.querySelectorAll("li input:checked").length === 3);
    await page.waitForLoadState("networkidle");
    assert.equal(tokens, 1);
    await page.waitForTimeout(4000);
    await page.getByRole("checkbox", { name: "two" }).click();
    await page.waitForLoadState("networkidle");
    assert.equal(tokens, 2);
    assert.deepEqual(statuses.filter((it) => it >= 400), [], "the API never saw an expired token");
  });

  await t.test("a 401 renews the token once", async () => {
    // Tokens of the same second are equal.
    await page.waitForTimeout(1100);
    const sent = [];
    await page.route("**/api/tasks/*", (route) => {
      const isFirst = sent.push(route.request().headers().authorization) === 1;
      return isFirst ? route.fulfill({ status: 401, json: { detail: "Token has expired" } }) : route.continue();
    });
    await page.getByRole("button", { name: "Delete three" }).click();
    await shows(page, "two", "one");
    await reload(page);
    await shows(page, "two", "one");
    assert.equal(sent.length, 2);
    assert.notEqual(sent[0], sent[1], "with another token");
    await page.unroute("**/api/tasks/*");
  });

  await t.test("the end of the session leads to the login and back", async () => {
    await page.getByLabel("Completed").check();
    await shows(page, "one");
    await context.clearCookies();
    await page.waitForTimeout(4000);
    await page.getByRole("button", { name: "Delete one" }).click();
    await page.waitForURL("**/login?next=*");
    await hydrated(page);
    await signIn(page, "ann@example.com");
    await page.waitForURL((url) => url.pathname === "/" && url.search === "?status=completed&order=desc");
    await shows(page, "one");
    for (const next of ["//evil.example", "/\\evil.example", "https://evil.example"]) {
      await page.goto(`${app.url}/login?next=${encodeURIComponent(next)}`);
      assert.equal(page.url(), `${app.url}/`, next);
    }
  });

  await context.close();
  await app.stop();
});

test("npm run dev beside cargo run: another origin is called with CORS, and a wrong one is explained", async (t) => {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const server = await api({ BETTER_AUTH_SECRET: SECRET, BETTER_AUTH_URL: url, CORS_ORIGINS: url, ROCKET_ISSUER: "{enabled=false}" });
  const local = server.url.replace("127.0.0.1", "localhost");
  const web = await development(local, port);
  // Next.js starts no second development server, so a failed test must stop its own.
  t.after(web.stop);
  const context = await browser.newContext();
  const { page } = await open(context, url);
  await signUp(page, `ann-${Date.now()}@example.com`);
  await add(page, "Across origins");
  await shows(page, "Across origins");
  const { port: apiPort } = new URL(server.url);
  await server.stop();
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
  await add(page, "Unreachable");
  await alert(page, `The API at ${local} cannot be reached.`);
  // The same API, which allows another origin only.
  const wrong = await api({ PORT: apiPort, BETTER_AUTH_SECRET: SECRET, BETTER_AUTH_URL: url, CORS_ORIGINS: "http://localhost:1" });
  await page.getByRole("button", { name: "Add" }).click();
  await alert(page, `does not allow pages of ${url}. Add this origin to its CORS_ORIGINS.`);
  await context.close();
  await wrong.stop();
});

test("npm run dev with AUTH_URL: cargo run signs users up, and the cookie belongs to the app's origin", async (t) => {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const server = await api({ CORS_ORIGINS: url });
  const local = server.url.replace("127.0.0.1", "localhost");
  const web = await development(local, port, { AUTH_URL: local });
  t.after(web.stop);
  const context = await browser.newContext();
  const { page } = await open(context, url);
  const called = new Set();
  page.on("request", (request) => called.add(new URL(request.url()).host + new URL(request.url()).pathname));
  await signUp(page, "ann@example.com");
  await add(page, "No Better Auth");
  await shows(page, "No Better Auth");
  await reload(page);
  await shows(page, "No Better Auth");
  assert.ok(called.has(`localhost:${port}/api/auth/token`) && called.has(`${new URL(local).host}/api/tasks`), [...called].join());
  await context.close();
  await server.stop();
});
