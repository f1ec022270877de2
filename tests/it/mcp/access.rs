//! Who may call, and where a client without a token is sent.

use serde_json::{Value, json};

use super::Agent;
use crate::harness::{Engine, JwksServer, Server, ServerConfig, Signer, claims, signed};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

async fn metadata(server: &Server) -> Value {
    let [whole, of_path] = [
        server.anonymous().get(WELL_KNOWN).await,
        server.anonymous().get(&format!("{WELL_KNOWN}/mcp")).await,
    ];
    assert_eq!((whole.status, whole.header("content-type")), (200, Some("application/json")));
    assert_eq!(whole.json(), of_path.json());
    whole.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn request_without_a_valid_token_is_401_and_names_the_metadata() {
    let server = Server::start(Engine::Sqlite).await;
    let host = server.address();
    let challenge = format!(r#"Bearer resource_metadata="http://{host}{WELL_KNOWN}/mcp""#);
    let mut expired = claims("me");
    expired["exp"] = json!(1);
    for (client, message, error) in [
        (server.anonymous(), "Missing authorization token", ""),
        (server.bearer("x.y.z"), "Invalid token", r#", error="invalid_token""#),
        (server.bearer(&signed(&expired)), "Token has expired", r#", error="invalid_token""#),
    ] {
        // A token's problem precedes any problem of the message.
        for body in [json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }), json!([])] {
            let response = Agent::with(&client).0.post("/mcp", &body).await;
            assert_eq!(response.status, 401);
            assert_eq!(response.header("www-authenticate"), Some(format!("{challenge}{error}").as_str()));
            assert_eq!(
                response.json(),
                json!({ "jsonrpc": "2.0", "error": { "code": -32600, "message": message } })
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_names_this_resource_and_its_issuer() {
    let server = Server::start(Engine::Sqlite).await;
    let origin = server.url.clone();
    let document = metadata(&server).await;
    let expected = json!({
        "resource": format!("{origin}/mcp"), "resource_name": "Tasks", "authorization_servers": [origin],
        "bearer_methods_supported": ["header"],
    });
    assert_eq!(document, expected, "the built-in authentication of this server");
    let elsewhere = server.anonymous().with("Host", "api.example.com").get(WELL_KNOWN).await;
    assert_eq!(elsewhere.json()["resource"], "https://api.example.com/mcp", "TLS ends at the ingress");
    assert_eq!(server.anonymous().post(WELL_KNOWN, &json!({})).await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_names_better_auth_the_audience_and_the_scopes() {
    let jwks = JwksServer::with(vec![]).await;
    let resource = "https://api.example.com/mcp";
    let config = ServerConfig::with_database(Engine::Sqlite).await;
    let server = config
        .with("BETTER_AUTH_URL", &jwks.url)
        .with(
            "ROCKET_AUTH",
            &format!(r#"{{audience=["{}","{resource}"],scope="tasks:read tasks:write"}}"#, jwks.url),
        )
        .start()
        .await;
    let document = metadata(&server).await;
    assert_eq!(document["resource"], resource);
    assert_eq!(document["authorization_servers"], json!([format!("{}/api/auth", jwks.url)]));
    assert_eq!(document["scopes_supported"], json!(["tasks:read", "tasks:write"]));
    let response = server.anonymous().post("/mcp", &json!({})).await;
    let challenge = format!(
        r#"Bearer resource_metadata="https://api.example.com{WELL_KNOWN}/mcp", scope="tasks:read tasks:write""#
    );
    assert_eq!(response.header("www-authenticate"), Some(challenge.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn access_token_is_accepted_only_for_the_configured_audience() {
    let signer = Signer::new("k");
    let jwks = JwksServer::with(vec![signer.jwk()]).await;
    let issuer = format!("{}/api/auth", jwks.url);
    let resource = "https://api.example.com/mcp";
    let access_token = |aud: &str| {
        let mut token = claims("ann");
        token["iss"] = json!(issuer);
        token["aud"] = json!(aud);
        token["client_id"] = json!("some-agent");
        signer.sign_exactly(&json!({ "alg": "EdDSA", "kid": "k", "typ": "at+jwt" }), &token)
    };
    let config = ServerConfig::with_database(Engine::Sqlite).await.with("BETTER_AUTH_URL", &jwks.url);
    let strict = config.clone().start().await;
    let refused = Agent::with(&strict.bearer(&access_token(resource))).send("tools/list", json!({})).await;
    assert_eq!(refused.status, 401, "no agent is let in until the operator names the audience");

    let auth = format!(r#"{{issuer="{issuer}",audience="{resource}"}}"#);
    let server = config.with("ROCKET_AUTH", &auth).start().await;
    Agent::with(&server.bearer(&access_token(resource))).add("by an agent").await;
    let other = Agent::with(&server.bearer(&access_token("https://other.example.com/mcp")));
    assert_eq!(other.send("tools/list", json!({})).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_configured_and_loopback_origins_may_call() {
    let server = Server::start(Engine::Sqlite).await;
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let call = async |host: &str, origin: &str| {
        let client = Agent::of(&server, "me").0.with("Host", host).with("Origin", origin);
        client.post("/mcp", &message).await
    };
    let address = server.address();
    for (host, origin, status) in [
        (address, "http://localhost:3000", 200),
        (address, &format!("http://{address}"), 200),
        ("localhost:9", "http://localhost:9", 200),
        ("[::1]:9", "http://[::1]:9", 200),
        (address, "https://evil.example", 403),
        (address, "null", 403),
        // A page whose name was bound to this server's address.
        ("evil.example", "http://evil.example", 403),
        ("localhost.evil.example:9", "http://localhost.evil.example:9", 403),
    ] {
        let response = call(host, origin).await;
        assert_eq!(response.status, status, "{host} {origin}");
        if status == 403 {
            assert_eq!(response.json()["error"]["message"], "Origin not allowed");
        }
    }
    let preflight = server
        .anonymous()
        .with("Origin", "http://localhost:3000")
        .with("Access-Control-Request-Method", "POST")
        .with(
            "Access-Control-Request-Headers",
            "authorization,content-type,mcp-protocol-version,mcp-method,mcp-name",
        )
        .call("OPTIONS", "/mcp", None)
        .await;
    assert_eq!(
        (preflight.status, preflight.header("access-control-allow-origin")),
        (204, Some("http://localhost:3000"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_405_because_there_are_no_sessions() {
    let server = Server::start(Engine::Sqlite).await;
    for client in [server.anonymous(), server.client_for("me")] {
        for method in ["GET", "DELETE", "PUT", "PATCH", "HEAD", "TRACE", "PROPFIND"] {
            let response = client.call(method, "/mcp", None).await;
            assert_eq!((response.status, response.header("allow")), (405, Some("POST, OPTIONS")), "{method}");
        }
    }
    assert_eq!(server.anonymous().get("/mcp/x").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_server_has_no_such_paths() {
    let config = ServerConfig::with_database(Engine::Sqlite).await;
    for config in [
        config.clone().with("ROCKET_MCP", "false"),
        config.with("ROCKET_PROFILE", "release").with("ROCKET_ADDRESS", "127.0.0.1"),
    ] {
        let server = config.start().await;
        let me = server.client_for("me");
        for path in ["/mcp", WELL_KNOWN, "/.well-known/oauth-protected-resource/mcp"] {
            me.get(path).await.assert_error(404, "RESOURCE_NOT_FOUND", "Not found");
        }
        me.post("/mcp", &json!({})).await.assert_error(404, "RESOURCE_NOT_FOUND", "Not found");
    }
}
