//! `Authorization` headers: raw, and tokens with a valid signature over the input as their claims.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use rocket::http::{Header, Method};
use serde_json::Value;
use todo_api_fuzz::{SECRET, service, is_header, send};

fn main() {
    let service = service();
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    afl::fuzz!(|data: &[u8]| {
        let Some((kind, data)) = data.split_first() else { return };
        let token = match kind % 3 {
            0 => String::from_utf8_lossy(data).into_owned(),
            1 => signed(br#"{"alg":"HS256"}"#, data, &key),
            _ => match data.split(|byte| *byte == b'\n').collect::<Vec<_>>()[..] {
                [header, claims] => signed(header, claims, &key),
                _ => return,
            },
        };
        if !is_header(&token) {
            return;
        }
        let request = service.request(Method::Get, "/api/tasks").header(Header::new("Authorization", format!("Bearer {token}")));
        let status = send(request).status().code;
        match status {
            200 => assert!(has_user(&token), "accepted: {token}"),
            401 => {}
            other => panic!("{other}: {token}"),
        }
    });
}

fn signed(header: &[u8], claims: &[u8], key: &EncodingKey) -> String {
    let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let signature = sign(message.as_bytes(), key, Algorithm::HS256).expect("HS256 signs anything");
    format!("{message}.{signature}")
}

/// Whether the claims of a token name a user and an expiry.
fn has_user(token: &str) -> bool {
    let claims = token.split('.').nth(1).and_then(|it| BASE64.decode(it).ok()).unwrap_or_default();
    let claims: Value = serde_json::from_slice(&claims).unwrap_or_default();
    let user = ["sub", "user_id", "id"].iter().map(|name| &claims[*name]).find(|it| !it.is_null());
    user.and_then(Value::as_str).is_some_and(|it| !it.is_empty()) && claims["exp"].is_number()
}
