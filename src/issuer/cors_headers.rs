//! Headers in which pages of other origins find their tokens.

use rocket::async_trait;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::request::Request;
use rocket::response::Response;

const EXPOSE_HEADERS: &str = "Access-Control-Expose-Headers";

/// Adds them to those that every answer exposes.
#[derive(Debug)]
pub(super) struct ExposeAuthHeaders;

#[async_trait]
impl Fairing for ExposeAuthHeaders {
    fn info(&self) -> Info {
        Info { name: "Exposed headers", kind: Kind::Response }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let is_ours = request.uri().path().starts_with("/api/auth/");
        if let Some(exposed) = response.headers().get_one(EXPOSE_HEADERS).filter(|_| is_ours) {
            let more = format!("{exposed}, set-auth-token, set-auth-jwt, X-Retry-After");
            response.set_raw_header(EXPOSE_HEADERS, more);
        }
    }
}
