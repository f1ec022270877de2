//! Answers: bare JSON, and cookies with it.

use std::io::Cursor;

use rocket::http::{ContentType, Header, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use serde::Serialize;

use super::cookies;
use super::signature::Signer;
use super::site::Site;

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    status: Status,
    body: Vec<u8>,
    headers: Vec<Header<'static>>,
}

impl Reply {
    pub(super) fn json(body: &impl Serialize) -> Self {
        Self { status: Status::Ok, body: serde_json::to_vec(body).unwrap_or_default(), headers: Vec::new() }
    }

    /// To another page.
    pub(super) fn to(location: String) -> Self {
        let headers = vec![Header::new("Location", location)];
        Self { status: Status::Found, body: Vec::new(), headers }
    }

    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push(Header::new(name, value));
        self
    }

    /// Signs the browser in, and tells the token to those that have no cookies.
    pub(super) fn signed_in(self, site: &Site<'_>, signer: &Signer, token: &str, remember: bool) -> Self {
        let set = cookies::signed_in(site, signer, token, remember);
        set.into_iter()
            .fold(self.with("set-auth-token", signer.sign(token)), |reply, it| reply.with("Set-Cookie", it))
    }

    pub(super) fn signed_out(self, site: &Site<'_>) -> Self {
        cookies::signed_out(site).into_iter().fold(self, |reply, it| reply.with("Set-Cookie", it))
    }
}

impl<'r> Responder<'r, 'static> for Reply {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build();
        response.status(self.status).header(ContentType::JSON);
        for header in self.headers {
            response.header_adjoin(header);
        }
        response.sized_body(self.body.len(), Cursor::new(self.body)).ok()
    }
}
