//! Queries of the lists of both dialects.

use jsonwebtoken::{EncodingKey, Header as JwsHeader, encode};
use rocket::http::{ContentType, Header, Method};
use serde_json::{Value, json};
use todo_api_fuzz::{SECRET, is_header, send, service};

fn main() {
    let service = service();
    let claims = json!({ "sub": "me", "exp": 4_102_444_800_i64 });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let token = encode(&JwsHeader::default(), &claims, &key).expect("a token");
    let bearer = format!("Bearer {token}");
    for title in ["first", "second %_", "Third"] {
        let body = json!({ "title": title, "priority": title }).to_string();
        let request = service.request(Method::Post, "/api/tasks").header(Header::new("Authorization", bearer.clone()));
        assert_eq!(send(request.header(ContentType::JSON).body(body)).status().code, 201);
    }
    afl::fuzz!(|data: &[u8]| {
        let Ok(query) = str::from_utf8(data) else { return };
        // Rocket's client refuses other queries before the server sees them.
        if !is_header(query) || query.contains([' ', '\t', '#']) {
            return;
        }
        for path in ["/api/tasks", "/api/v1/tasks", "/api/me/tasks/search"] {
            let uri = format!("{path}?{query}");
            let request = service.request(Method::Get, &uri).header(Header::new("Authorization", bearer.clone()));
            let response = send(request);
            let status = response.status().code;
            assert!(status < 500, "{status}: {uri}");
            let body = response.into_string().unwrap_or_default();
            assert!(serde_json::from_str::<Value>(&body).is_ok(), "{uri}: {body}");
        }
    });
}
