//! `/api/auth`, as a client of Better Auth's would find it.

mod account;
mod gate;
mod input;
mod keys;
mod limits;
mod plain;
mod reset;
mod session;
mod sign;
mod work;

use serde_json::{Value, json};

use crate::harness::{Response, Server, TestClient};

const PASSWORD: &str = "correct horse battery";

/// Somebody who signed up.
struct Person {
    id: String,
    email: String,
    /// Of their session.
    token: String,
    /// `name=value`, as a browser sends it back.
    cookie: String,
}

impl Person {
    async fn signs_up(server: &Server, name: &str) -> Self {
        let email = format!("{name}@example.com");
        let body = json!({ "name": name, "email": email, "password": PASSWORD });
        Self::from(&server.anonymous().post("/api/auth/sign-up/email", &body).await)
    }

    /// Again.
    async fn signs_in(&self, server: &Server) -> Self {
        Self::from(&sign_in(server, &self.email, PASSWORD).await)
    }

    fn from(answer: &Response) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        let body = answer.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            id: text(&body["user"]["id"]),
            email: text(&body["user"]["email"]),
            token: text(&body["token"]),
            cookie: answer.cookies[0].split(';').next().unwrap().to_owned(),
        }
    }

    /// As a client without cookies.
    fn by_bearer(&self, server: &Server) -> TestClient {
        server.bearer(&self.token)
    }

    /// As a page of the server's own.
    fn by_cookie(&self, server: &Server) -> TestClient {
        server.anonymous().with("Cookie", &self.cookie).with("Origin", &server.url)
    }

    /// A token for the API.
    async fn jwt(&self, server: &Server) -> String {
        let answer = self.by_bearer(server).get("/api/auth/token").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    async fn is_signed_in(&self, server: &Server) -> bool {
        let answer = self.by_bearer(server).get("/api/auth/get-session").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json() != Value::Null
    }
}

async fn sign_in(server: &Server, email: &str, password: &str) -> Response {
    let body = json!({ "email": email, "password": password });
    server.anonymous().post("/api/auth/sign-in/email", &body).await
}

/// `2026-11-21T06:18:30.512Z`, to the character: Better Auth's client reads other dates wrongly.
#[track_caller]
fn is_date(value: &Value) {
    let text = value.as_str().unwrap();
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    assert_eq!(shape, "9999-99-99T99:99:99.999Z");
}

/// The names of an object's fields.
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

/// What a JWT says.
fn claims(jwt: &str) -> Value {
    use base64::Engine;
    let part = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
