// The whole OAuth flow of an agent: from the URL of the server alone to its tools, with a real Better Auth.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";
import { api, freePort, issuer } from "../lib.mjs";
import { useAllTools } from "./client.mjs";

const CALLBACK = "http://localhost:9/callback";

/** What a client keeps of the flow. `visit` is the user's browser. */
function provider(visit) {
  const kept = {};
  return {
    kept,
    redirectUrl: CALLBACK,
    clientMetadata: {
      client_name: "Agent",
      redirect_uris: [CALLBACK],
      grant_types: ["authorization_code"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    },
    state: () => "state",
    clientInformation: () => kept.client,
    saveClientInformation: (client) => void (kept.client = client),
    tokens: () => kept.tokens,
    saveTokens: (tokens) => void (kept.tokens = tokens),
    codeVerifier: () => kept.verifier,
    saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
    saveDiscoveryState: (state) => void (kept.discovery = state),
    discoveryState: () => kept.discovery,
    redirectToAuthorization: async (url) => void (kept.redirected = await visit(url)),
  };
}

/** A signed-in user who consents. Returns the URL to which the browser is sent back. */
const consenting = (auth, session) => async (url) => {
  const headers = { authorization: `Bearer ${session}`, origin: auth.url };
  const authorized = await fetch(url, { headers, redirect: "manual" });
  const page = authorized.headers.get("location") ?? (await authorized.json()).url;
  assert.match(page, /^\/consent/, "the user is asked");
  const body = JSON.stringify({ accept: true, oauth_query: page.slice(page.indexOf("?") + 1) });
  const consent = { method: "POST", headers: { ...headers, "content-type": "application/json" }, body };
  const consented = await (await fetch(`${auth.base}/oauth2/consent`, consent)).json();
  return new URL(consented.url ?? consented.redirectURI);
};

for (const plugin of ["mcp", "oauthProvider"]) {
  test(`discovery, registration, PKCE and consent with Better Auth's ${plugin}, then all five tools`, async () => {
    const port = await freePort();
    const resource = `http://127.0.0.1:${port}/mcp`;
    const auth = await issuer({ provider: plugin, resource });
    const ann = await auth.signUp();
    const server = await api({
      PORT: `${port}`,
      BETTER_AUTH_URL: auth.url,
      ROCKET_AUTH: `{issuer=["${auth.base}","${auth.url}"],audience=["${resource}","${auth.url}"]}`,
    });
    const authProvider = provider(consenting(auth, ann.session));
    const client = new Client({ name: "agent", version: "1" }, { versionNegotiation: { mode: "auto" } });
    const first = new StreamableHTTPClientTransport(new URL(resource), { authProvider });
    await assert.rejects(client.connect(first), UnauthorizedError);
    await first.finishAuth(authProvider.kept.redirected.searchParams);

    const second = new Client({ name: "agent", version: "1" }, { versionNegotiation: { mode: "auto" } });
    await second.connect(new StreamableHTTPClientTransport(new URL(resource), { authProvider }));
    await useAllTools((name, args) => second.callTool({ name, arguments: args }));
    const made = await second.callTool({ name: "add_task", arguments: { title: "By Ann's agent" } });
    await second.close();

    const { body } = await server.call(await ann.jwt());
    assert.deepEqual(body.map((it) => [it.id, it.user_id]), [[made.structuredContent.id, ann.user.id]], "it acts for Ann");
    const bob = await auth.signUp("bob");
    assert.deepEqual((await server.call(await bob.jwt())).body, []);
  });
}
