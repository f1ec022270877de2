// A third-party application: it registers at a Better Auth server, sends a user there to sign in, and gets tokens for them.
import { createHash, randomBytes } from "node:crypto";
import { SignJWT, exportJWK, generateKeyPair } from "jose";

const CALLBACK = "https://third.example/callback";
const json = { "content-type": "application/json" };

async function body(response) {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** A proof that the sender holds a key (RFC 9449). The token is then bound to it. */
async function proof(url) {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const header = { alg: "ES256", typ: "dpop+jwt", jwk: await exportJWK(publicKey) };
  const claims = { jti: randomBytes(16).toString("hex"), htm: "POST", htu: url };
  return new SignJWT(claims).setProtectedHeader(header).setIssuedAt().sign(privateKey);
}

/**
 * The tokens of a user who consents to this scope: `{ client_id, id_token, access_token }`. `session` is what the user is signed in by at `auth`,
 * `resource` is what the access token shall be for, and `dpop` binds it to a key.
 */
export async function thirdParty(auth, session, { scope = "openid", resource, dpop } = {}) {
  const signedIn = { authorization: `Bearer ${session}`, origin: auth.url };
  const registration = {
    client_name: "Third",
    redirect_uris: [CALLBACK],
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code"],
    response_types: ["code"],
    scope: "openid profile email",
  };
  const register = { method: "POST", headers: { ...json, ...signedIn }, body: JSON.stringify(registration) };
  const client = await body(await fetch(`${auth.base}/oauth2/register`, register));

  const verifier = randomBytes(32).toString("base64url");
  const question = new URLSearchParams({
    response_type: "code",
    client_id: client.client_id,
    redirect_uri: CALLBACK,
    scope,
    state: "state",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...(resource && { resource }),
  });
  const authorized = await fetch(`${auth.base}/oauth2/authorize?${question}`, { headers: signedIn, redirect: "manual" });
  const page = authorized.headers.get("location") ?? (await body(authorized)).url;
  const query = page.slice(page.indexOf("?") + 1);
  if (!page.startsWith("/consent")) throw new Error(`no consent is asked for: ${page}`);
  const code = new URLSearchParams(query).get("consent_code");
  const consent = { accept: true, ...(code ? { consent_code: code } : { oauth_query: query }) };
  const consented = { method: "POST", headers: { ...json, ...signedIn }, body: JSON.stringify(consent) };
  const back = await body(await fetch(`${auth.base}/oauth2/consent`, consented));

  const at = `${auth.base}/oauth2/token`;
  const exchange = new URLSearchParams({
    grant_type: "authorization_code",
    code: new URL(back.url ?? back.redirectURI).searchParams.get("code"),
    redirect_uri: CALLBACK,
    client_id: client.client_id,
    ...(client.client_secret && { client_secret: client.client_secret }),
    code_verifier: verifier,
    ...(resource && { resource }),
  });
  const headers = dpop ? { dpop: await proof(at) } : {};
  return { client_id: client.client_id, ...(await body(await fetch(at, { method: "POST", headers, body: exchange }))) };
}

/** The header and the claims of a token. */
export function decoded(token) {
  const [header, claims] = token.split(".").map((part) => Buffer.from(part, "base64url").toString());
  return { header: JSON.parse(header), claims: JSON.parse(claims) };
}
