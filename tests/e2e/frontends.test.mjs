// Thirteen small frontends in the manner of those that exist: each works with the settings that docs/FRONTENDS.md gives for it, from sign-up
// to deletion, and nothing is lost in a reload.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { buildSync } from "esbuild";
import { chromium } from "playwright-core";
import { SECRET, api, freePort, here, openapi } from "./lib.mjs";
import { page } from "./page.mjs";

const PASSWORD = "correct horse battery";
const files = readdirSync(join(here, "frontends")).sort();
const frontends = await Promise.all(files.map(async (file) => ({ file, ...(await import(`./frontends/${file}`)) })));
const document = readFileSync(join(here, "../../docs/FRONTENDS.md"), "utf8");

/** The settings of each example in the document, by the file that it links. */
function documented() {
  const examples = document.matchAll(/tests\/e2e\/frontends\/([\w-]+\.mjs)\)[^]*?```sh\n([^`]*)```/g);
  const settings = (block) => Object.fromEntries([...block.matchAll(/^(\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]));
  return Object.fromEntries([...examples].map(([, file, block]) => [file, settings(block)]));
}

/** The settings in the tables of the document: the variables of each row, once for each alternative that the row gives for a section. */
function tabulated() {
  const rows = document.split("\n").filter((line) => line.startsWith("| "));
  return rows.flatMap((row) => {
    const sections = new Map();
    for (const [, section, setting] of row.matchAll(/`(\w+)\.(\w+=[^`]*)`/g)) {
      const variable = `ROCKET_${section.toUpperCase()}`;
      sections.set(variable, [...(sections.get(variable) ?? []), `{${setting}}`]);
    }
    const count = Math.max(0, ...[...sections.values()].map((settings) => settings.length));
    return Array.from({ length: count }, (_, n) => Object.fromEntries([...sections].map(([variable, settings]) => [variable, settings[n] ?? settings[0]])));
  });
}

test("the server accepts every setting in the tables of the document", () => {
  const rows = tabulated();
  assert.ok(rows.length > 30, `${rows.length}`);
  for (const variables of rows) {
    const { status, stderr } = openapi(variables);
    assert.deepEqual([status, stderr], [0, ""], JSON.stringify(variables));
  }
  assert.notEqual(openapi({ ROCKET_API: "{paths=1}" }).status, 0);
});

test("the examples of the document are the settings of these frontends", () => {
  assert.deepEqual(documented(), Object.fromEntries(frontends.map(({ file, settings }) => [file, settings])));
  assert.equal(files.length, 13);
});

for (const { file, settings, input, change, frontend } of frontends) {
  test(`${file} works from sign-up to deletion, with settings only`, async (t) => {
    const server = await api({ BETTER_AUTH_SECRET: SECRET, ...settings });
    t.after(server.stop);
    const browser = page();
    let app = frontend(server.url, browser);
    const reload = () => (app = frontend(server.url, browser));
    const shown = async () => Object.fromEntries((await app.list()).map((task) => [app.shows(task).title, app.shows(task)]));
    const find = async (title) => (await app.list()).find((task) => app.shows(task).title === title);

    if (app.signUp) {
      await app.signUp("ann@example.com", PASSWORD, "Ann");
      await assert.rejects(app.signUp("ann@example.com", PASSWORD, "Ann"), /exists|is already taken/);
      await assert.rejects(app.signIn("ann@example.com", "wrong password"), /Invalid (email|username) or password/);
      await app.signIn("ann@example.com", PASSWORD);
    }
    assert.deepEqual(await app.list(), []);

    await app.create(input);
    await app.create({ title: "plain" });
    await assert.rejects(app.create({ title: "x".repeat(501) }), /Title must be at most \d+ characters/);
    reload();
    const first = { ...input, done: false };
    const { plain } = await shown();
    assert.deepEqual(await shown(), { [input.title]: first, plain });
    assert.equal(plain.done, false);

    const { is_completed, ...changes } = change;
    const title = change.title ?? input.title;
    await app.update(await find(input.title), change);
    reload();
    const expected = { ...first, ...changes };
    assert.deepEqual(await shown(), { [title]: expected, plain });

    await app.toggle(await find(title));
    reload();
    const { status, ...completed } = { ...expected, done: true };
    assert.deepEqual(await shown(), { [title]: completed, plain });
    await app.checks?.(assert);
    await app.toggle(await find(title));
    reload();
    assert.deepEqual(await shown(), { [title]: expected, plain });

    await app.remove(await find(title));
    reload();
    assert.deepEqual(await shown(), { plain });
    if (!app.signOut) return;
    await app.signOut();
    reload();
    await assert.rejects(app.list());
    await app.signIn("ann@example.com", PASSWORD);
    assert.deepEqual(await shown(), { plain });
  });
}

test("a page with cookies works in Chromium, and a page of another origin does not", async (t) => {
  const code = `import { frontend } from "./cookies.mjs"; window.openFrontend = (url) => frontend(url, { fetch: window.fetch.bind(window) });`;
  const { outputFiles } = buildSync({ stdin: { contents: code, resolveDir: join(here, "frontends") }, bundle: true, write: false });
  const pages = createServer((_, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><script>${outputFiles[0].text}</script>`);
  });
  const port = await freePort();
  await new Promise((resolve) => pages.listen(port, resolve));
  t.after(() => pages.close());
  const origin = `http://127.0.0.1:${port}`;
  const { settings } = frontends.find(({ file }) => file === "cookies.mjs");
  const server = await api({ BETTER_AUTH_SECRET: SECRET, CORS_ORIGINS: origin, ...settings });
  t.after(server.stop);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
  t.after(() => browser.close());
  const tab = await browser.newPage();
  const load = (address) => tab.goto(address);
  const call = (method, ...parameters) =>
    tab.evaluate(([url, method, parameters]) => window.openFrontend(url)[method](...parameters), [server.url, method, parameters]);
  const list = async () => (await call("list")).map(({ title, completed }) => [title, completed]);

  await load(origin);
  await call("signUp", "ann@example.com", PASSWORD, "Ann");
  assert.equal(await tab.evaluate(() => document.cookie), "", "scripts cannot read the token");
  await call("create", { title: "Buy milk" });
  await load(origin);
  assert.deepEqual(await list(), [["Buy milk", false]]);
  await call("toggle", (await call("list"))[0]);
  await load(origin);
  assert.deepEqual(await list(), [["Buy milk", true]]);
  await load(origin.replace("127.0.0.1", "localhost"));
  await assert.rejects(call("create", { title: "from elsewhere" }), /Failed to fetch/);
  await load(origin);
  assert.deepEqual(await list(), [["Buy milk", true]]);
  await call("signOut");
  await load(origin);
  await assert.rejects(list(), /Unauthorized/);
});
