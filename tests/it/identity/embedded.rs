//! Tokens signed with the embedded issuer's keys. A Better Auth server on the same database signs tokens for other applications with them.

use serde_json::json;

use super::{Row, check_table};
use crate::harness::{Engine, Server, ServerConfig, Signer};

const ORIGIN: &str = "https://tasks.example";

/// A server with these `auth` settings, and a key that another server has added to its keys.
async fn server_with_shared_key(auth: &str) -> (Server, Signer) {
    let config = ServerConfig::with_database(Engine::Sqlite).await.with("ROCKET_AUTH", auth);
    let server = config.with("ROCKET_ISSUER", "{alg=\"EdDSA\"}").start().await;
    let signer = Signer::new("one");
    let jwk = signer.jwk();
    let public = json!({ "crv": jwk["crv"], "kty": jwk["kty"], "x": jwk["x"] });
    let insert = format!(
        "INSERT INTO jwks (id, \"publicKey\", \"privateKey\", \"createdAt\", alg)
         VALUES ('{}', '{public}', 'not decryptable', '2026-01-01T00:00:00.000+00:00', 'EdDSA')",
        signer.kid
    );
    server.execute_sql(&insert).await;
    (server, signer)
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_issuers_keys_verify_session_tokens_only() {
    let (server, signer) = server_with_shared_key("{}").await;
    let rows: Vec<Row<'_>> = vec![
        ("a session token", None, vec![], true),
        ("with a typ", Some(json!("JWT")), vec![], true),
        ("several audiences", None, vec![("aud", json!(["https://other.example", ORIGIN]))], true),
        ("an id_token", None, vec![("aud", json!("client-1"))], false),
        ("no issuer", None, vec![("iss", json!(null))], false),
        ("no audience", None, vec![("aud", json!(null))], false),
        ("an access token", Some(json!("at+jwt")), vec![], false),
        ("an authorized party", None, vec![("azp", json!("client-1"))], false),
        ("a client", None, vec![("client_id", json!("client-1"))], false),
        ("a bound key", None, vec![("cnf", json!({ "jkt": "x" }))], false),
        ("a cached session", Some(json!("better-auth.session-cache+jwt")), vec![], false),
    ];
    check_table(&server, &signer, ORIGIN, rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn configured_issuer_or_audience_decides_about_the_embedded_issuers_tokens() {
    let (server, signer) = server_with_shared_key("{audience=\"api\"}").await;
    let rows: Vec<Row<'_>> = vec![
        ("the audience", None, vec![("aud", json!("api"))], true),
        ("another audience", None, vec![], false),
        ("an access token", Some(json!("at+jwt")), vec![("aud", json!("api"))], false),
    ];
    check_table(&server, &signer, ORIGIN, rows).await;
    let (server, signer) = server_with_shared_key(&format!("{{issuer=\"{ORIGIN}\"}}")).await;
    let rows: Vec<Row<'_>> = vec![
        ("the issuer", None, vec![("aud", json!("any"))], true),
        ("another issuer", None, vec![("iss", json!("https://other.example"))], false),
    ];
    check_table(&server, &signer, ORIGIN, rows).await;
}
