// Makes tests/it/fixtures/better-auth.json: real tokens of every algorithm, good for ten years, with the keys that Better Auth
// published for them.
//
//   node fixtures.mjs
import { writeFileSync } from "node:fs";
import { ALGORITHMS, issuer } from "./lib.mjs";

const fixtures = [];
async function record(name, options) {
  const server = await issuer({ expires: "10y", ...options });
  try {
    const { user, jwt } = await server.signUp();
    fixtures.push({ name, user: user.id, issuer: server.url, token: await jwt(), jwks: await server.jwks() });
  } catch (error) {
    console.error(`${name}: ${error.message}`);
  }
  await server.stop();
}

for (const alg of ALGORITHMS) await record(alg, { alg });
await record("defaults", {});
await record("minimal payload", { minimal: true });
await record("several audiences", { audience: ["https://api.example.com", "https://other.example.com"] });
writeFileSync(new URL("../it/fixtures/better-auth.json", import.meta.url), `${JSON.stringify(fixtures, null, 1)}\n`);
