//! Headers that keep browsers from doing more with an answer than an API means them to.

use std::borrow::Cow;

use rocket::async_trait;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Header;
use rocket::http::uncased::UncasedStr;
use rocket::request::Request;
use rocket::response::Response;
use rocket::shield::{Frame, NoSniff, Policy, Referrer, Shield};

/// An answer is data: it may load nothing, run nothing and be framed by nobody.
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

/// The headers every answer has. `Strict-Transport-Security` is the ingress's to send, where TLS ends.
#[must_use]
pub fn shield() -> Shield {
    Shield::new()
        .enable(NoSniff::Enable)
        .enable(Frame::Deny)
        .enable(Referrer::NoReferrer)
        .enable(ContentSecurity)
}

/// What every answer under `/api` has besides: it is somebody's own, and no cache may keep it.
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
