// A real Better Auth server with the plugins `jwt` and `bearer`, its data in memory or in PostgreSQL.
//
//   node issuer.mjs '{"port": 4000, "alg": "ES256", "audience": ["a", "b"], "minimal": true, "expires": "10y", "rotate": 1, "grace": 3600, "database": "postgres://…"}'
//
// It prints a line when it listens.
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { bearer, jwt } from "better-auth/plugins";
import pg from "pg";

const options = JSON.parse(process.argv[2] ?? "{}");
const port = options.port ?? 4000;
const url = `http://127.0.0.1:${port}`;
const curve = { ES256: "P-256", ES512: "P-521", EdDSA: "Ed25519" }[options.alg];
const keyPairConfig = options.alg && { alg: options.alg, ...(curve && { crv: curve }) };

const auth = {
  baseURL: url,
  secret: process.env.BETTER_AUTH_SECRET,
  database: options.database
    ? new pg.Pool({ connectionString: options.database })
    : memoryAdapter({ user: [], session: [], account: [], verification: [], jwks: [] }),
  emailAndPassword: { enabled: true, sendResetPassword: async () => {} },
  user: { deleteUser: { enabled: true } },
  trustedOrigins: options.trusted ?? [],
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  plugins: [
    bearer(),
    jwt({
      jwks: {
        ...(keyPairConfig && { keyPairConfig }),
        ...(options.rotate && { rotationInterval: options.rotate, gracePeriod: options.grace }),
      },
      jwt: {
        ...(options.audience && { audience: options.audience }),
        ...(options.expires && { expirationTime: options.expires }),
        ...(options.minimal && { definePayload: () => ({}) }),
      },
    }),
  ],
};

if (options.database) await (await getMigrations(auth)).runMigrations();
createServer(toNodeHandler(betterAuth(auth))).listen(port, "127.0.0.1", () => console.log(`listening on ${url}`));
