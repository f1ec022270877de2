//! JSON responses with cookies and headers.

use std::io::Cursor;

use rocket::http::{ContentType, Header, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use serde::Serialize;

use super::cookie_signer::CookieSigner;
use super::cookies;
use super::request_context::RequestContext;

/// A successful response of `/api/auth`, with extra headers.
#[derive(Debug)]
pub(super) struct AuthResponse {
    status: Status,
    body: Vec<u8>,
    headers: Vec<Header<'static>>,
}

impl AuthResponse {
    /// A 200 with this body. The bodies in [`super::response_bodies`] have only keys and values that JSON can represent, so none fails.
    pub(super) fn json(body: &impl Serialize) -> Self {
        Self { status: Status::Ok, body: serde_json::to_vec(body).unwrap_or_default(), headers: Vec::new() }
    }

    /// A 302 redirect.
    pub(super) fn redirect(location: String) -> Self {
        let headers = vec![Header::new("Location", location)];
        Self { status: Status::Found, body: Vec::new(), headers }
    }

    pub(super) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push(Header::new(name, value));
        self
    }

    /// Sets the session cookies, and `set-auth-token` for clients without cookies.
    pub(super) fn signed_in(
        self,
        context: &RequestContext<'_>,
        signer: &CookieSigner,
        session_token: &str,
        remember_me: bool,
    ) -> Self {
        let response = self.with_header("set-auth-token", signer.sign(session_token));
        response.with_cookies(cookies::signed_in(context, signer, session_token, remember_me))
    }

    /// Clears the session cookies.
    pub(super) fn signed_out(self, context: &RequestContext<'_>) -> Self {
        self.with_cookies(cookies::signed_out(context))
    }

    pub(super) fn with_cookies(self, cookies: impl IntoIterator<Item = String>) -> Self {
        cookies.into_iter().fold(self, |response, cookie| response.with_header("Set-Cookie", cookie))
    }
}

impl<'r> Responder<'r, 'static> for AuthResponse {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build();
        response.status(self.status).header(ContentType::JSON);
        for header in self.headers {
            response.header_adjoin(header);
        }
        response.sized_body(self.body.len(), Cursor::new(self.body)).ok()
    }
}
