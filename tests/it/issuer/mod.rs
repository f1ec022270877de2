//! `/api/auth`, as Better Auth's client uses it.

mod account;
mod hashing;
mod input;
mod keys;
mod login;
mod login_bodies;
mod login_cookie;
mod login_paths;
mod login_response;
mod protection;
mod rate_limit;
mod reset;
mod session;
mod sign_in;
mod usernames;

use serde_json::{Value, json};

use crate::harness::{Response, Server, TestClient};

const PASSWORD: &str = "correct horse battery";

/// A signed-up user with a session.
struct TestUser {
    id: String,
    email: String,
    /// Token of the session.
    token: String,
    /// Session cookie as a browser sends it: `name=value`.
    cookie: String,
}

impl TestUser {
    async fn sign_up(server: &Server, name: &str) -> Self {
        let email = format!("{name}@example.com");
        let body = json!({ "name": name, "email": email, "password": PASSWORD });
        Self::from(&server.anonymous().post("/api/auth/sign-up/email", &body).await)
    }

    /// Signs in again. The result has another session of the same user.
    async fn sign_in(&self, server: &Server) -> Self {
        Self::from(&sign_in(server, &self.email, PASSWORD).await)
    }

    fn from(response: &Response) -> Self {
        assert_eq!(response.status, 200, "{response:?}");
        let body = response.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            id: text(&body["user"]["id"]),
            email: text(&body["user"]["email"]),
            token: text(&body["token"]),
            cookie: response.cookies[0].split(';').next().unwrap().to_owned(),
        }
    }

    /// A client that sends the session token as a bearer token.
    fn bearer_client(&self, server: &Server) -> TestClient {
        server.bearer(&self.token)
    }

    /// A client that sends the session cookie, from the server's own origin.
    fn cookie_client(&self, server: &Server) -> TestClient {
        server.anonymous().with("Cookie", &self.cookie).with("Origin", &server.url)
    }

    /// Gets an API token.
    async fn jwt(&self, server: &Server) -> String {
        let response = self.bearer_client(server).get("/api/auth/token").await;
        assert_eq!(response.status, 200, "{response:?}");
        response.json()["token"].as_str().unwrap().to_owned()
    }

    async fn is_signed_in(&self, server: &Server) -> bool {
        let response = self.bearer_client(server).get("/api/auth/get-session").await;
        assert_eq!(response.status, 200, "{response:?}");
        response.json() != Value::Null
    }
}

async fn sign_in(server: &Server, email: &str, password: &str) -> Response {
    let body = json!({ "email": email, "password": password });
    server.anonymous().post("/api/auth/sign-in/email", &body).await
}

/// Asserts the exact format `2026-11-21T06:18:30.512Z`. Better Auth's client misreads other formats.
#[track_caller]
fn assert_date(value: &Value) {
    let text = value.as_str().unwrap();
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    assert_eq!(shape, "9999-99-99T99:99:99.999Z");
}

/// Names of an object's fields.
fn fields(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

const USER: [&str; 7] = ["createdAt", "email", "emailVerified", "id", "image", "name", "updatedAt"];
const SESSION: [&str; 8] =
    ["createdAt", "expiresAt", "id", "ipAddress", "token", "updatedAt", "userAgent", "userId"];
const CLEARED: [&str; 3] = [
    "better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "better-auth.session_data=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "better-auth.dont_remember=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
];

/// Claims of a JWT. The signature is not verified.
fn claims(jwt: &str) -> Value {
    use base64::Engine;
    let part = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
