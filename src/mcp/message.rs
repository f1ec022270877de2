//! The HTTP request of a message, as the library takes it.

use std::io::Cursor;

use http_body_util::Full;
use rmcp::model::ClientJsonRpcMessage;
use rocket::async_trait;
use rocket::data::{self, Data, FromData};
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};

use crate::error::ApiError;
use crate::request::read_body;
use crate::task::FieldError;

/// The body of a request, read within the limits of every body. It is a JSON-RPC message.
pub(super) struct Message(Vec<u8>);

#[async_trait]
impl<'r> FromData<'r> for Message {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> data::Outcome<'r, Self> {
        match read_body(request, data).await.and_then(check) {
            Ok(bytes) => Outcome::Success(Self(bytes)),
            Err(error) => Outcome::Error((error.record(request), ())),
        }
    }
}

/// Checks the message here, because the library responds with 415 to one that it cannot parse.
fn check(bytes: Vec<u8>) -> Result<Vec<u8>, ApiError> {
    match serde_json::from_slice::<ClientJsonRpcMessage>(&bytes) {
        Ok(_) => Ok(bytes),
        Err(error) if error.is_data() => Err(ApiError::Validation(vec![FieldError::new(
            "body",
            "Request body must be a single JSON-RPC 2.0 message of the Model Context Protocol",
        )])),
        Err(error) => Err(ApiError::InvalidJson(error.to_string())),
    }
}

/// The method and the headers of a request, without credentials.
pub(super) struct Head(http::request::Builder);

impl Head {
    pub(super) fn with(self, message: Message) -> http::Result<http::Request<Full<Cursor<Vec<u8>>>>> {
        self.0.body(Full::new(Cursor::new(message.0)))
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for Head {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        let mut builder = http::Request::builder().method(http::Method::POST).uri("/mcp");
        for header in request.headers().iter() {
            let is_credential = ["Authorization", "Cookie"].iter().any(|it| header.name() == *it);
            if !is_credential {
                builder = builder.header(header.name().as_str(), header.value());
            }
        }
        Outcome::Success(Self(builder))
    }
}
