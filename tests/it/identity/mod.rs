//! Only tokens that were issued for this API: each rule for published keys alone, and what the operator is told of a refusal.

mod neon;
mod rules;
mod warnings;

use serde_json::{Value, json};

use crate::harness::{Answer, Engine, Issuer, Server, Setup, Signer, now};

const INVALID: &str = "Invalid token";

/// A server that knows nothing but where its Better Auth is.
async fn server(issuer: &Issuer) -> Server {
    Setup::on(Engine::Sqlite).await.with("BETTER_AUTH_URL", &issuer.url).start().await
}

/// A server with these settings in the section `auth`, and keys at `jwks_url` alone.
async fn server_by_keys(issuer: &Issuer, auth: &str) -> Server {
    let auth = format!("{{jwks_url=\"{}/api/auth/jwks\",{auth}}}", issuer.url);
    Setup::on(Engine::Sqlite).await.with("ROCKET_AUTH", &auth).start().await
}

async fn ask(server: &Server, token: &str) -> Answer {
    server.bearer(token).get("/api/tasks").await
}

#[track_caller]
fn is_refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {answer:?}");
    answer.is_error(401, "AUTHENTICATION_REQUIRED", INVALID);
}

/// The claims of a session token of the issuer at this origin, with these changes: null takes one away.
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

/// Whether each of these is accepted: a name, the header's `typ`, changes to the claims of a session token.
type Row<'a> = (&'a str, Option<Value>, Vec<(&'a str, Value)>, bool);

async fn check_table(server: &Server, signer: &Signer, origin: &str, rows: Vec<Row<'_>>) {
    for (name, typ, changes, accepted) in rows {
        let token = signer.sign_exactly(&header(typ), &session(origin, &changes));
        let answer = ask(server, &token).await;
        if accepted {
            assert_eq!(answer.status, 200, "{name}: {answer:?}");
        } else {
            is_refused(&answer, name);
            // What was refused once is refused again, whatever is remembered.
            is_refused(&ask(server, &token).await, name);
        }
    }
}
