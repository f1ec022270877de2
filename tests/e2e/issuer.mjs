// A real Better Auth server with the plugins `jwt` and `bearer`, its data in memory or in PostgreSQL.
//
//   node issuer.mjs '{"port": 4000, "alg": "ES256", "audience": ["a", "b"], "minimal": true, "expires": "10y", "rotate": 1, "grace": 3600, "database": "postgres://…"}'
//
// `version` is "1.6" or the newest; `provider` is a plugin by which third parties get tokens (`oauthProvider`, `mcp`, `oidcProvider`),
// and `resource` what they are for. `baseURL` (null for none), `basePath`, `jwksPath` and `issuer` are Better Auth's own options.
//
// `sessionCache` caches sessions in a cookie that is signed with the "secret" or with a "published" key.
//
// It prints a line when it listens. `POST /sign` there signs the claims in its body, as `auth.api.signJWT` does for other services.
import { createServer } from "node:http";
import pg from "pg";

const options = JSON.parse(process.argv[2] ?? "{}");
const port = options.port ?? 4000;
const url = `http://127.0.0.1:${port}`;
const curve = { ES256: "P-256", ES512: "P-521", EdDSA: "Ed25519" }[options.alg];
const keyPairConfig = options.alg && { alg: options.alg, ...(curve && { crv: curve }) };
const packages = await import(options.version === "1.6" ? "./better-auth-1.6/packages.mjs" : "./packages.mjs");
const { bearer, betterAuth, getMigrations, jwt, memoryAdapter, toNodeHandler } = packages;

/** The plugin for third parties: anybody may register. */
function provider() {
  if (!options.provider) return [];
  const resource = options.resource ?? `${url}/api`;
  const common = { loginPage: "/login", consentPage: "/consent", allowDynamicClientRegistration: true };
  const unauthenticated = { ...common, allowUnauthenticatedClientRegistration: true, silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true } };
  const configured = {
    oidcProvider: { ...common, useJWTPlugin: true, requirePKCE: true },
    mcp: { ...unauthenticated, resource },
    oauthProvider: {
      ...unauthenticated,
      // The newest knows resources, to which clients are linked; 1.6 knew audiences.
      resources: [resource],
      clientRegistrationDefaultResources: [resource],
      validAudiences: [resource],
    },
  };
  return [packages[options.provider](configured[options.provider])];
}

const tables = ["user", "session", "account", "verification", "jwks", "rateLimit", "oauthApplication", "oauthClient", "oauthAccessToken"];
const others = ["oauthRefreshToken", "oauthConsent", "oauthResource", "oauthClientResource", "oauthClientAssertion", "oauthDpopReplay"];

const auth = {
  ...(options.baseURL !== null && { baseURL: options.baseURL ?? url }),
  ...(options.basePath && { basePath: options.basePath }),
  secret: process.env.BETTER_AUTH_SECRET,
  database: options.database
    ? new pg.Pool({ connectionString: options.database })
    : memoryAdapter(Object.fromEntries([...tables, ...others].map((table) => [table, []]))),
  emailAndPassword: { enabled: true, sendResetPassword: async () => {} },
  user: { deleteUser: { enabled: true } },
  trustedOrigins: options.trusted ?? [url],
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  ...(options.sessionCache && { session: { cookieCache: { enabled: true, strategy: "jwt" } } }),
  plugins: [
    bearer(),
    jwt({
      ...(options.sessionCache === "published" && { sessionCookieCache: true }),
      jwks: {
        ...(options.jwksPath && { jwksPath: options.jwksPath }),
        ...(keyPairConfig && { keyPairConfig }),
        ...(options.rotate && { rotationInterval: options.rotate, gracePeriod: options.grace }),
      },
      jwt: {
        ...(options.issuer && { issuer: options.issuer }),
        ...(options.audience && { audience: options.audience }),
        ...(options.expires && { expirationTime: options.expires }),
        ...(options.minimal && { definePayload: () => ({}) }),
        ...(options.payload && { definePayload: ({ user }) => ({ ...user, ...options.payload }) }),
      },
    }),
    ...provider(),
  ],
};

if (options.database) await (await getMigrations(auth)).runMigrations();
const server = betterAuth(auth);
const handler = toNodeHandler(server);
createServer(async (request, response) => {
  if (request.url !== "/sign") return handler(request, response);
  const payload = JSON.parse((await request.toArray()).join(""));
  const { token } = await server.api.signJWT({ body: { payload } });
  response.end(JSON.stringify({ token }));
}).listen(port, "127.0.0.1", () => console.log(`listening on ${url}`));
