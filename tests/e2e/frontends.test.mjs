// Twelve small frontends in the manner of those that exist: each works with the settings that docs/FRONTENDS.md gives for it, from sign-up
// to deletion, and nothing is lost in a reload.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SECRET, api, here, openapi } from "./lib.mjs";
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
  for (const variables of rows) assert.deepEqual([openapi(variables).stderr, openapi(variables).status], ["", 0], JSON.stringify(variables));
  assert.notEqual(openapi({ ROCKET_API: "{paths=1}" }).status, 0);
});

test("the examples of the document are the settings of these frontends", () => {
  assert.deepEqual(documented(), Object.fromEntries(frontends.map(({ file, settings }) => [file, settings])));
  assert.equal(files.length, 12);
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
      await assert.rejects(app.signUp("ann@example.com", PASSWORD, "Ann"), /exists/);
      await assert.rejects(app.signIn("ann@example.com", "wrong password"), /Invalid email or password/);
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
