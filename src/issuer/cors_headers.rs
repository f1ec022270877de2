//! `Access-Control-Expose-Headers` for the headers that carry tokens.

use rocket::async_trait;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::request::Request;
use rocket::response::Response;

use crate::fairings::is_login_path;

const EXPOSE_HEADERS: &str = "Access-Control-Expose-Headers";

/// Lets scripts of allowed origins read the tokens in the issuer's responses. Extends the list of the CORS fairing, which is attached before
/// and so runs before.
#[derive(Debug)]
pub(super) struct ExposeAuthHeaders;

#[async_trait]
impl Fairing for ExposeAuthHeaders {
    fn info(&self) -> Info {
        Info { name: "Exposed auth headers", kind: Kind::Response }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let is_auth = request.uri().path().starts_with("/api/auth/") || is_login_path(request);
        if let Some(exposed) = response.headers().get_one(EXPOSE_HEADERS).filter(|_| is_auth) {
            let extended = format!("{exposed}, set-auth-token, set-auth-jwt, X-Retry-After");
            response.set_raw_header(EXPOSE_HEADERS, extended);
        }
    }
}
