//! Bodies of every route that reads one.

use jsonwebtoken::{EncodingKey, Header as JwsHeader, encode};
use rocket::http::{ContentType, Header, Method};
use serde_json::{Value, json};
use todo_api_fuzz::{SECRET, service, send};

const ROUTES: &[(Method, &str)] = &[
    (Method::Post, "/api/tasks"),
    (Method::Post, "/api/v1/tasks"),
    (Method::Put, "/api/tasks/1"),
    (Method::Patch, "/api/v1/tasks/1"),
    (Method::Patch, "/api/tasks/1/complete"),
    (Method::Patch, "/api/v1/tasks/1/complete"),
    (Method::Post, "/api/auth/sign-up/email"),
    (Method::Post, "/api/auth/request-password-reset"),
    (Method::Post, "/api/auth/reset-password"),
    (Method::Post, "/api/auth/revoke-session"),
    (Method::Post, "/api/auth/login"),
    (Method::Post, "/mcp"),
];

fn main() {
    let service = service();
    let claims = json!({ "sub": "me", "exp": 4_102_444_800_i64 });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let token = encode(&JwsHeader::default(), &claims, &key).expect("a token");
    afl::fuzz!(|data: &[u8]| {
        let Some((kind, body)) = data.split_first() else { return };
        let (method, path) = ROUTES[usize::from(*kind) % ROUTES.len()];
        // A hash of a password takes all the time.
        if path.starts_with("/api/auth") && body.windows(8).any(|it| it.eq_ignore_ascii_case(b"password")) {
            return;
        }
        let kind = if kind & 0x80 == 0 { ContentType::JSON } else { ContentType::Form };
        let request = service
            .request(method, path)
            .header(kind)
            .header(Header::new("Authorization", format!("Bearer {token}")))
            .header(Header::new("Accept", "application/json, text/event-stream"))
            .body(body);
        let response = send(request);
        let status = response.status().code;
        assert!(status < 500, "{status}: {method} {path}");
        if status >= 400 {
            let body = response.into_string().unwrap_or_default();
            assert!(serde_json::from_str::<Value>(&body).is_ok(), "{method} {path}: {body}");
        }
    });
}
