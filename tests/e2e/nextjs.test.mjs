// What users of examples/nextjs see, in Chromium: both ways of authentication, failures, several tabs and users.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import pg from "pg";
import { chromium } from "playwright-core";
import { SECRET, api, freePort, pause, postgres } from "./lib.mjs";
import { build, composeVariable, development, production } from "./nextjs.mjs";

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

/** Alerts with a text. Next.js has an empty one for its own announcements. */
const alerts = (scope) => scope.getByRole("alert").filter({ hasText: /./ });
/** Waits for an alert with this text. The form and the list may have the same at the same time. */
const alert = (page, text) => page.getByRole("alert").filter({ hasText: text }).first().waitFor({ timeout: 15_000 });

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

/** A promise and the function that resolves it. */
function gate() {
  let release;
  const opened = new Promise((resolve) => (release = resolve));
  return { opened, release };
}

/** Waits until a condition of the test itself is true. */
async function until(condition) {
  for (let attempt = 0; !condition(); attempt++) {
    assert.ok(attempt < 600, `not within 30 seconds: ${condition}`);
    await pause(50);
  }
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
        // Empty, as compose.yaml has it without BUILT_IN_AUTH.
        BETTER_AUTH_SECRET: "",
        ROCKET_AUTH: composeVariable("ROCKET_AUTH", { url, web }),
        ROCKET_ISSUER: composeVariable("ROCKET_ISSUER", { url, builtIn: false }),
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
    await screenshot(page, "nextjs", { height: 660 });
    await screenshot(page, "nextjs-phone", { width: 390, height: 720, colorScheme: "dark" });
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
    assert.equal(await alerts(page).count(), 0);
    // The field with the message gets the focus, unless the user has left the form.
    await add(page, "Long", "d".repeat(1001));
    await form.getByText("Description must be at most 1000 characters").waitFor();
    await page.waitForFunction(() => document.activeElement.name === "description");
    assert.equal(errors.filter((it) => !it.includes("status of 422")).length, 0, errors.join());
    errors.length = 0;
  });

  await t.test("a form that is being saved is sent once, keeps its text and leaves the focus to the user", async () => {
    const form = page.getByRole("form", { name: "New task" });
    const title = form.getByLabel("Title");
    const held = gate();
    let posts = 0;
    await page.route("**/api/tasks", async (route) => {
      if (route.request().method() === "POST") {
        posts++;
        await held.opened;
      }
      await route.continue();
    });
    await title.fill("Once");
    await form.getByLabel("Description").fill("");
    await title.focus();
    await page.keyboard.press("Enter");
    await page.locator("li[aria-busy=true]").waitFor();
    await page.keyboard.press("Enter");
    await page.keyboard.type(" and again");
    await page.getByLabel("All").focus();
    held.release();
    await shows(page, "Buy oat milk", "Write tests", "Once");
    assert.equal(posts, 1);
    // Text that was typed during the request is not thrown away, because the field does not accept any.
    assert.equal(await title.inputValue(), "");
    assert.equal(await page.evaluate(() => document.activeElement.name), "status");
    await reload(page);
    await shows(page, "Buy oat milk", "Write tests", "Once");
    await page.unroute("**/api/tasks");
  });

  await t.test("changes of one task reach the server in their order", async () => {
    const held = gate();
    let [patches, responses] = [0, 0];
    await page.route("**/api/tasks/*", async (route) => {
      if (++patches === 1) await held.opened;
      await route.fulfill({ response: await route.fetch() });
      responses++;
    });
    const box = page.getByRole("checkbox", { name: "Once" });
    await box.click();
    await page.waitForFunction(() => document.querySelector("li:last-child input").checked);
    await box.click();
    await page.waitForFunction(() => !document.querySelector("li:last-child input").checked);
    // Long enough for a second request that does not wait for the first one.
    await page.waitForTimeout(500);
    held.release();
    await until(() => responses === 2);
    await page.unroute("**/api/tasks/*");
    await reload(page);
    assert.equal(await box.isChecked(), false);
  });

  await t.test("a failed change is taken back without the change that follows it", async () => {
    const [update, removal] = [gate(), gate()];
    let isRemoved = false;
    await page.route("**/api/tasks/*", async (route) => {
      if (route.request().method() === "DELETE") {
        await removal.opened;
        await route.fulfill({ response: await route.fetch() });
        isRemoved = true;
        return;
      }
      await update.opened;
      return route.fulfill({ status: 403, json: { detail: "Not today" } });
    });
    await page.getByRole("checkbox", { name: "Once" }).click();
    await page.getByRole("button", { name: "Delete Once" }).click();
    await shows(page, "Buy oat milk", "Write tests");
    update.release();
    await alert(page, "Once: Not today");
    await shows(page, "Buy oat milk", "Write tests");
    await isAccessible(page, "failed change");
    removal.release();
    await until(() => isRemoved);
    await shows(page, "Buy oat milk", "Write tests");
    await page.unroute("**/api/tasks/*");
    // The next change of any task takes the message away.
    const toggle = () => Promise.all([page.waitForResponse("**/api/tasks/*"), page.getByRole("checkbox", { name: "Write tests" }).click()]);
    await toggle();
    await alerts(page).waitFor({ state: "detached" });
    await toggle();
    errors.length = 0;
  });

  await t.test("an edit sends only what has changed", async () => {
    await page.evaluate(async (path) => {
      const { token } = await (await fetch("/api/auth/token")).json();
      const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
      await fetch(path, { method: "POST", headers, body: JSON.stringify({ title: "Lines", description: "first\nsecond" }) });
    }, "/api/tasks");
    await reload(page);
    await page.getByRole("button", { name: "Edit Lines" }).click();
    const form = page.getByRole("form", { name: "Edit Lines" });
    await form.getByLabel("Title").fill("Two lines");
    const sent = [];
    await page.route("**/api/tasks/*", (route) => {
      sent.push(route.request().postDataJSON());
      return route.continue();
    });
    await form.getByRole("button", { name: "Save" }).click();
    await item(page, "Two lines").getByText("first\nsecond").waitFor();
    // Nothing changed, so nothing is sent.
    await page.getByRole("button", { name: "Edit Two lines" }).click();
    await page.getByRole("form", { name: "Edit Two lines" }).getByRole("button", { name: "Save" }).click();
    await page.waitForFunction(() => document.activeElement.ariaLabel === "Edit Two lines");
    assert.deepEqual(sent, [{ title: "Two lines" }]);
    await page.unroute("**/api/tasks/*");
  });

  await t.test("a deletion that is repeated after a 503 succeeds, although the first attempt has deleted the task", async () => {
    let deletions = 0;
    await page.route("**/api/tasks/*", async (route) => {
      if (route.request().method() !== "DELETE" || ++deletions > 1) return route.continue();
      await route.fetch();
      await route.fulfill({ status: 503, headers: { "Retry-After": "1" }, json: { detail: "Service unavailable" } });
    });
    await page.getByRole("button", { name: "Delete Two lines" }).click();
    await shows(page, "Buy oat milk", "Write tests");
    const list = page.waitForResponse("**/api/tasks?**");
    await until(() => deletions === 2);
    await list;
    assert.equal(await alerts(page).count(), 0);
    await shows(page, "Buy oat milk", "Write tests");
    await page.unroute("**/api/tasks/*");
    errors.length = 0;
  });

  await t.test("without a network, a change says so and is not lost silently", async () => {
    await context.setOffline(true);
    try {
      await add(page, "Offline");
      await page.getByRole("form", { name: "New task" }).getByText("The server cannot be reached.").waitFor();
      await page.getByRole("checkbox", { name: "Write tests" }).click();
      await item(page, "Write tests").getByText("The server cannot be reached.").waitFor();
    } finally {
      await context.setOffline(false);
    }
    await page.getByRole("button", { name: "Add" }).click();
    await shows(page, "Buy oat milk", "Write tests", "Offline");
    await page.getByRole("button", { name: "Delete Offline" }).click();
    await shows(page, "Buy oat milk", "Write tests");
    errors.length = 0;
  });

  await t.test("screen readers hear how many tasks the list has", async () => {
    const status = page.getByRole("status");
    await status.getByText("2 tasks", { exact: true }).waitFor();
    await page.getByLabel("Completed").check();
    await status.getByText("No tasks.").waitFor();
    await page.getByLabel("All").check();
    await status.getByText("2 tasks", { exact: true }).waitFor();
  });

  await t.test("a page that does not exist obeys the policy", async () => {
    const nowhere = await open(context, `${app.url}/nowhere`);
    await nowhere.page.getByRole("heading", { name: "Page not found" }).waitFor();
    await isAccessible(nowhere.page, "not found");
    assert.deepEqual(nowhere.errors.filter((it) => !it.includes("status of 404")), []);
    await nowhere.page.getByRole("link", { name: "Tasks" }).click();
    await shows(nowhere.page, "Write tests", "Buy oat milk");
    await nowhere.page.close();
  });

  await t.test("a visit on the fifth day keeps the user signed in for a week", async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`UPDATE session SET "expiresAt" = now() + interval '2 days', "updatedAt" = now() - interval '5 days'`);
    await client.end();
    const name = "better-auth.session_token";
    const find = async () => (await context.cookies()).find((it) => it.name === name);
    await context.addCookies([{ ...(await find()), expires: Date.now() / 1000 + 2 * 86_400 }]);
    const [answer] = await Promise.all([page.waitForResponse("**/api/auth/get-session"), reload(page)]);
    await answer.finished();
    assert.ok((await find()).expires > Date.now() / 1000 + 6 * 86_400, "the cookie is extended with the session");
  });

  await t.test("a server that does not respond delays the page by seconds only", async () => {
    const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    process.kill(app.api.pid, "SIGSTOP");
    try {
      const response = await fetch(app.url, { headers: { cookie }, signal: AbortSignal.timeout(60_000) });
      assert.equal(response.status, 200);
      assert.ok((await response.text()).includes("Sign out"));
    } finally {
      process.kill(app.api.pid, "SIGCONT");
    }
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
    await page.getByRole("form", { name: "Edit Write tests" }).getByLabel("Title").fill("Written");
    await page.keyboard.press("Enter");
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
    // With the order that the page had.
    await shows(page, "Buy oat milk", "From the first tab");
    await page.getByLabel("Order").selectOption("desc");
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

  await t.test("a window of one user never writes into the account of another, who signs in beside it", async () => {
    const shared = await browser.newContext();
    const [left, right] = [await open(shared, app.url), await open(shared, app.url)];
    await signUp(left.page, "left@example.com", "Left");
    await signUp(right.page, "right@example.com", "Right");
    // The cookie is now Right's, and the left window has had no token so far.
    await add(left.page, "Left's secret");
    await left.page.getByText("Right", { exact: true }).waitFor();
    await hydrated(left.page);
    await left.page.getByText("No tasks.").waitFor();
    await reload(right.page);
    await right.page.getByText("No tasks.").waitFor();
    await add(left.page, "By Right");
    await shows(left.page, "By Right");
    await shared.close();
  });

  await t.test("while the database is away the list stays, a change is taken back, and all recovers by itself", async () => {
    database.kill();
    await page.getByRole("checkbox", { name: "Buy oat milk" }).click();
    await item(page, "Buy oat milk").getByText("The server is unavailable at the moment.").waitFor();
    assert.equal(await page.getByRole("checkbox", { name: "Buy oat milk" }).isChecked(), false, "taken back");
    await alert(page, "Trying again");
    // A filter that was not read before shows what is known, and repeats neither the message nor a claim.
    await page.evaluate(() => {
      window.announced = 0;
      new MutationObserver((changes) => {
        for (const { addedNodes } of changes) for (const it of addedNodes) window.announced += it.role === "alert" ? 1 : 0;
      }).observe(document.body, { childList: true, subtree: true });
    });
    await page.getByLabel("Pending").check();
    await shows(page, "From the first tab", "Buy oat milk");
    await page.getByLabel("Completed").check();
    await shows(page);
    await alert(page, "Trying again");
    await page.evaluate(() => (window.announced = 0));
    // Several attempts, each of which asks for a token or for the list.
    for (let responses = 0; responses < 6; responses++) await page.waitForResponse("**/api/**", { timeout: 60_000 });
    assert.equal(await page.evaluate(() => window.announced), 0, "announced once");
    assert.equal(await page.getByText("No tasks.").count(), 0, "unknown");
    await page.getByLabel("All").check();
    await shows(page, "From the first tab", "Buy oat milk");
    await isAccessible(page, "unavailable");
    await add(page, "Not lost");
    await page.getByRole("form", { name: "New task" }).getByRole("alert").waitFor();
    assert.equal(await page.getByRole("form", { name: "New task" }).getByLabel("Title").inputValue(), "Not lost");
    // A page that is loaded now explains itself, and does not send the user to the login.
    const late = await context.newPage();
    await late.goto(app.url);
    await alert(late, "This page is unavailable at the moment.");
    // By this number the operator finds the error in the log.
    await late.getByText(/^Reference: \d+$/).waitFor();
    assert.equal(new URL(late.url()).pathname, "/");
    database.revive();
    await page.getByText("Trying again").waitFor({ state: "detached", timeout: 30_000 });
    await page.getByRole("button", { name: "Add" }).click();
    await shows(page, "Not lost", "From the first tab", "Buy oat milk");
    await late.getByRole("button", { name: "Try again" }).click();
    await shows(late, "Not lost", "From the first tab", "Buy oat milk");
    await late.close();
    await page.getByRole("checkbox", { name: "Buy oat milk" }).click();
    await alerts(page).waitFor({ state: "detached" });
  });

  await t.test("a gateway without its server is an outage, too, and Retry-After sets the pace of every attempt", async () => {
    let attempts = 0;
    const headers = { "Retry-After": "30" };
    await page.route("**/api/tasks?**", (route) => {
      attempts++;
      return route.fulfill({ status: 502, headers, body: "<h1>502 Bad Gateway</h1>", contentType: "text/html" });
    });
    // Times of the page stand still from here, so that the test and not the machine decides how long a wait is.
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    const pass = async (seconds) => {
      for (let step = 0; step < seconds * 2; step++) await page.clock.runFor(500);
      await page.waitForTimeout(200);
      await page.clock.runFor(10);
    };
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    await pass(20);
    const first = attempts;
    assert.ok(first >= 1);
    await alert(page, "The server is unavailable at the moment. Trying again");
    await pass(15);
    assert.equal(attempts, first + 1, "30 seconds later");
    await pass(20);
    assert.equal(attempts, first + 1, "the list waits, too");
    await pass(10);
    assert.equal(attempts, first + 2, "60 seconds later");
    await page.unroute("**/api/tasks?**");
    await pass(31);
    await page.getByText("Trying again").waitFor({ state: "detached" });
  });

  await context.close();
  await app.stop();
  await database.stop();
});

test("behind one origin, with the API's built-in authentication", async (t) => {
  const app = await production({
    builtIn: true,
    startApi: (url, web) =>
      api({
        ROCKET_PROFILE: "release",
        ROCKET_ADDRESS: "127.0.0.1",
        BETTER_AUTH_SECRET: SECRET,
        ROCKET_AUTH: composeVariable("ROCKET_AUTH", { url, web }),
        // Tokens run out while the test waits, and the addresses of the containers are not private here.
        ROCKET_ISSUER: composeVariable("ROCKET_ISSUER", { url, builtIn: true }).replace("}", ",token_lifetime=8}").replace('["', '["127.0.0.1","'),
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
    await page.waitForTimeout(9000);
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
    await page.waitForTimeout(9000);
    await page.getByRole("button", { name: "Delete one" }).click();
    await page.waitForURL("**/login?next=*");
    await hydrated(page);
    await signIn(page, "ann@example.com");
    await page.waitForURL((url) => url.pathname === "/" && url.search === "?status=completed&order=desc");
    await shows(page, "one");
    const evil = ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "/\n/evil.example", "/.//evil.example", "/\u20ac"];
    for (const next of evil) {
      await page.goto(`${app.url}/login?next=${encodeURIComponent(next)}`);
      assert.equal(page.url(), `${app.url}/`, next);
    }
  });

  await t.test("a link to a filtered list leads through the login, which leaves no trace in the history", async () => {
    const other = await browser.newContext();
    const { page: linked } = await open(other, `${app.url}/?status=completed&order=asc`);
    assert.equal(new URL(linked.url()).pathname, "/login");
    const entries = await linked.evaluate(() => history.length);
    await signIn(linked, "ann@example.com");
    assert.equal(new URL(linked.url()).search, "?status=completed&order=asc");
    assert.equal(await linked.evaluate(() => history.length), entries);
    await other.close();
  });

  await t.test("the app itself forwards /api/auth, although its build knew nothing of the API", async () => {
    const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    const response = await fetch(`${app.webUrl}/api/auth/get-session?disableCookieCache=true`, { headers: { cookie } });
    assert.equal((await response.json()).user.email, "ann@example.com");
  });

  await t.test("rate limits count the user's address, and a visitor without a session costs nothing", async () => {
    const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    let isLimited = false;
    let isDone = false;
    // Requests of the address that the web server has as well.
    const flood = async () => {
      while (!isDone) {
        const { status } = await fetch(`${app.api.url}/api/auth/get-session`);
        isLimited ||= status === 429;
      }
    };
    const floods = [flood(), flood(), flood(), flood()];
    await until(() => isLimited);
    const visit = (headers, localAddress) =>
      new Promise((resolve, reject) => get(`${app.url}/`, { headers, localAddress }, (it) => resolve(it.resume())).on("error", reject));
    const [signedIn, visitor] = [await visit({ cookie }, "127.0.0.2"), await visit({}, "127.0.0.1")];
    isDone = true;
    await Promise.all(floods);
    assert.equal(signedIn.statusCode, 200);
    assert.deepEqual([visitor.statusCode, visitor.headers.location], [307, "/login"]);
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

test("npm run dev with BUILT_IN_AUTH: cargo run signs users up, and the cookie belongs to the app's origin", async (t) => {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const server = await api({ CORS_ORIGINS: url });
  const local = server.url.replace("127.0.0.1", "localhost");
  const web = await development(local, port, { BUILT_IN_AUTH: "true" });
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
