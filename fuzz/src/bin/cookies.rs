//! `Cookie` headers of the routes that read a session.

use rocket::http::{Header, Method};
use todo_api_fuzz::{service, is_header, send};

fn main() {
    let service = service();
    afl::fuzz!(|data: &[u8]| {
        let Ok(cookie) = str::from_utf8(data) else { return };
        if !is_header(cookie) {
            return;
        }
        for path in ["/api/auth/get-session", "/api/auth/token", "/api/auth/me"] {
            let response = send(service.request(Method::Get, path).header(Header::new("Cookie", cookie.to_owned())));
            let status = response.status().code;
            assert!(status < 500, "{status}: {path}");
            let body = response.into_string().unwrap_or_default();
            let is_nobody = if path.ends_with("get-session") { body == "null" } else { status == 401 };
            assert!(is_nobody, "{path}: {body}");
        }
    });
}
