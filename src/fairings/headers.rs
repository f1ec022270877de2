//! Security headers of every response, and `Cache-Control` for the API.

use std::borrow::Cow;

use rocket::async_trait;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Header;
use rocket::http::uncased::UncasedStr;
use rocket::request::Request;
use rocket::response::Response;
use rocket::shield::{Frame, NoSniff, Policy, Referrer, Shield};

/// `Content-Security-Policy` for responses that are data: no resources, no scripts, no framing.
#[derive(Default)]
struct ContentSecurity;

impl Policy for ContentSecurity {
    const NAME: &'static str = "Content-Security-Policy";

    fn header(&self) -> Header<'static> {
        Header {
            name: UncasedStr::new(Self::NAME).into(),
            value: Cow::Borrowed("default-src 'none'; frame-ancestors 'none'"),
        }
    }
}

/// Rocket's shield with the security headers of every response. The ingress sends `Strict-Transport-Security`, because TLS ends there.
#[must_use]
pub fn shield() -> Shield {
    Shield::new()
        .enable(NoSniff::Enable)
        .enable(Frame::Deny)
        .enable(Referrer::NoReferrer)
        .enable(ContentSecurity)
}

/// Adds `Cache-Control: no-store` to responses of the API and the MCP server, because they contain private data of a user.
#[derive(Debug)]
pub struct ApiHeaders;

#[async_trait]
impl Fairing for ApiHeaders {
    fn info(&self) -> Info {
        Info { name: "API headers", kind: Kind::Response }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        apply(request, response);
    }
}

pub(super) fn apply(request: &Request<'_>, response: &mut Response<'_>) {
    if super::is_api(request) {
        response.set_header(Header::new("Cache-Control", "no-store"));
    }
}
