//! Accepts only tokens issued for this API: the rules for tokens verified with published keys, and the warnings for operators.

mod embedded;
mod neon;
mod rules;
mod warnings;

use serde_json::{Value, json};

use crate::harness::{Engine, JwksServer, Response, Server, ServerConfig, Signer, now};

const INVALID: &str = "Invalid token";

/// Configures only the URL of Better Auth.
async fn server(issuer: &JwksServer) -> Server {
    ServerConfig::with_database(Engine::Sqlite).await.with("BETTER_AUTH_URL", &issuer.url).start().await
}

/// A server with these `auth` settings that trusts only the keys at `jwks_url`.
async fn server_by_keys(issuer: &JwksServer, auth: &str) -> Server {
    let auth = format!("{{jwks_url=\"{}/api/auth/jwks\",{auth}}}", issuer.url);
    ServerConfig::with_database(Engine::Sqlite).await.with("ROCKET_AUTH", &auth).start().await
}

async fn ask(server: &Server, token: &str) -> Response {
    server.bearer(token).get("/api/tasks").await
}

#[track_caller]
fn assert_rejected(response: &Response, what: &str) {
    assert_eq!(response.status, 401, "{what}: {response:?}");
    response.assert_error(401, "AUTHENTICATION_REQUIRED", INVALID);
}

/// Claims of a session token of the issuer at this origin, with changes. Null removes a claim.
fn session(origin: &str, changes: &[(&str, Value)]) -> Value {
    let mut claims = json!({ "sub": "me", "exp": now() + 600, "iat": now(), "iss": origin, "aud": origin });
    for (name, value) in changes {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(*name);
        } else {
            claims[*name] = value.clone();
        }
    }
    claims
}

fn header(typ: Option<Value>) -> Value {
    let mut header = json!({ "alg": "EdDSA", "kid": "one" });
    if let Some(typ) = typ {
        header["typ"] = typ;
    }
    header
}

/// Checks each row: name, `typ` header, changes to the claims of a session token, and whether the token is accepted.
type Row<'a> = (&'a str, Option<Value>, Vec<(&'a str, Value)>, bool);

async fn check_table(server: &Server, signer: &Signer, origin: &str, rows: Vec<Row<'_>>) {
    for (name, typ, changes, accepted) in rows {
        let token = signer.sign_exactly(&header(typ), &session(origin, &changes));
        let response = ask(server, &token).await;
        if accepted {
            assert_eq!(response.status, 200, "{name}: {response:?}");
        } else {
            assert_rejected(&response, name);
            // The token cache must not turn a rejection into acceptance.
            assert_rejected(&ask(server, &token).await, name);
        }
    }
}
