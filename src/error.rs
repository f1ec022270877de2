//! The error type of the task API and of everything that its requests share with those of the issuer, which has a further type (`issuer::error`).
//!
//! The guard, handler or fairing that detects an error records it on the request and fails with its status. Rocket then calls the catcher,
//! which renders the recorded error in the shape of the request. The catcher of the issuer renders its errors in Better Auth's form.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::sync::OnceLock;

use rocket::http::{Header, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};

use crate::task::FieldError;

/// `Retry-After` of a 503, in seconds.
const RETRY_AFTER: u32 = 1;

/// An error of a request. The details of [`ApiError::Internal`] and [`ApiError::Unavailable`] are for the log only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// 400: the request is not HTTP as this server supports it, or its declared body is incomplete.
    MalformedRequest,
    /// 400: the body is not JSON. Has the parser's message, which does not quote the body.
    InvalidJson(String),
    /// 400: a query parameter has a value that is not allowed.
    InvalidQuery(Cow<'static, str>),
    /// 401: the token is missing or rejected.
    Unauthenticated(TokenError),
    /// 403: the user in the path is not the caller.
    UserMismatch,
    /// 403: the task belongs to another user. Only a shape with `forbid_other_users` tells this from a missing task.
    NotOwner,
    /// 403: the user of the token is not in the users of an adopted database, which the tasks refer to.
    UnknownAccount,
    /// 403: the browser's origin is not configured.
    OriginNotAllowed,
    /// 404: no route has this path.
    RouteNotFound,
    /// 404: the caller has no task with this id.
    TaskNotFound,
    /// 405: the path has other methods, which are listed as in `Allow`.
    MethodNotAllowed(String),
    /// 408: the body did not arrive within `body_timeout`.
    RequestTimeout,
    /// 413: the body has more than 64 KiB.
    PayloadTooLarge,
    /// 422: the JSON is well-formed, and these fields are invalid.
    Validation(Vec<FieldError>),
    /// 500: a fault of this server.
    Internal(String),
    /// 503: the database is unavailable or too busy.
    Unavailable(String),
}

/// The reason why a token is rejected. Clients tell "log in" from "refresh" by its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// The request has no bearer token.
    Missing,
    /// `exp` is in the past.
    Expired,
    /// The key is unknown, or the signature does not match.
    Signature,
    /// Any other reason.
    Invalid,
}

impl TokenError {
    fn message(self) -> &'static str {
        match self {
            Self::Missing => "Missing authorization token",
            Self::Expired => "Token has expired",
            Self::Signature => "Invalid token signature",
            Self::Invalid => "Invalid token",
        }
    }
}

impl ApiError {
    /// The status. A shape with errors in the form [`ErrorForm::Error`](crate::config::ErrorForm::Error) responds with 400 in place of 422
    /// (`shape::errors`).
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::MalformedRequest | Self::InvalidJson(_) | Self::InvalidQuery(_) => Status::BadRequest,
            Self::Unauthenticated(_) => Status::Unauthorized,
            Self::UserMismatch | Self::NotOwner | Self::UnknownAccount | Self::OriginNotAllowed => {
                Status::Forbidden
            }
            Self::RouteNotFound | Self::TaskNotFound => Status::NotFound,
            Self::MethodNotAllowed(_) => Status::MethodNotAllowed,
            Self::RequestTimeout => Status::RequestTimeout,
            Self::PayloadTooLarge => Status::PayloadTooLarge,
            Self::Validation(_) => Status::UnprocessableEntity,
            Self::Internal(_) => Status::InternalServerError,
            Self::Unavailable(_) => Status::ServiceUnavailable,
        }
    }

    /// The message for the client: a sentence that quotes neither the request nor internals.
    #[must_use]
    pub fn message(&self) -> Cow<'static, str> {
        match self {
            Self::MalformedRequest => "Malformed request".into(),
            Self::InvalidJson(why) => format!("Request body is not valid JSON: {why}").into(),
            Self::InvalidQuery(message) => message.clone(),
            Self::Unauthenticated(token) => token.message().into(),
            Self::UserMismatch => "Not authorized to access this resource".into(),
            Self::NotOwner => "Not authorized to access this task".into(),
            Self::UnknownAccount => "Your account does not exist in the database of the tasks".into(),
            Self::OriginNotAllowed => "Origin not allowed".into(),
            Self::RouteNotFound => "Not found".into(),
            Self::TaskNotFound => "Task not found".into(),
            Self::MethodNotAllowed(_) => "Method not allowed".into(),
            Self::RequestTimeout => "Request body did not arrive in time".into(),
            Self::PayloadTooLarge => "Request body must be at most 64 KiB".into(),
            Self::Validation(fields) => joined_messages(fields).into(),
            Self::Internal(_) => "Internal server error".into(),
            Self::Unavailable(_) => "Service temporarily unavailable".into(),
        }
    }

    /// The detail for the log: the cause of a 500 or 503.
    #[must_use]
    pub fn log_detail(&self) -> Option<&str> {
        match self {
            Self::Internal(detail) | Self::Unavailable(detail) => Some(detail),
            _ => None,
        }
    }

    /// Adds the headers that HTTP requires with the status.
    pub fn add_headers(&self, response: &mut Response<'_>) {
        match self {
            // RFC 6750, 3.1: no error code where no token was sent.
            Self::Unauthenticated(TokenError::Missing) => {
                response.set_header(Header::new("WWW-Authenticate", "Bearer"));
            }
            Self::Unauthenticated(_) => {
                response.set_header(Header::new("WWW-Authenticate", r#"Bearer error="invalid_token""#));
            }
            Self::MethodNotAllowed(allow) => {
                response.set_header(Header::new("Allow", allow.clone()));
            }
            Self::Unavailable(_) => {
                response.set_header(Header::new("Retry-After", RETRY_AFTER.to_string()));
            }
            _ => {}
        }
    }

    /// Records the error in the request-local cache, for the catcher, and returns the status to fail with. The first of several errors
    /// counts, because it causes the others.
    pub fn record(self, request: &Request<'_>) -> Status {
        let status = self.status();
        let _ = error_cell(request).set(self);
        status
    }

    /// The error that was recorded on the request.
    #[must_use]
    pub fn recorded<'r>(request: &'r Request<'_>) -> Option<&'r Self> {
        error_cell(request).get()
    }
}

fn error_cell<'r>(request: &'r Request<'_>) -> &'r OnceLock<ApiError> {
    request.local_cache(OnceLock::new)
}

fn joined_messages(fields: &[FieldError]) -> String {
    let mut text = String::new();
    for (n, error) in fields.iter().enumerate() {
        let _ = write!(text, "{}{}", if n == 0 { "" } else { "; " }, error.message);
    }
    text
}

/// A handler returns its error, and the catcher renders it.
impl<'r> Responder<'r, 'static> for ApiError {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Err(self.record(request))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.log_detail().unwrap_or(&self.message()))
    }
}

impl std::error::Error for ApiError {}
