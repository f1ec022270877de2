//! What can go wrong with a request, said once, where it happens.
//!
//! Whoever finds a problem notes it on the request and fails with its status; the catcher of the mount then words it in
//! its dialect. So a guard, a handler and a missing route end in the same place, and no dialect can be mixed up.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::sync::OnceLock;

use rocket::http::{Header, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Seconds after which a client may try again when the service, not the request, was at fault.
const RETRY_AFTER: u32 = 1;

/// What went wrong. The causes in [`ApiError::Internal`] and [`ApiError::Unavailable`] are for the log alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// 400: a request that is not HTTP as this server speaks it.
    MalformedRequest,
    /// 400: the body is not JSON; why, without quoting it.
    InvalidJson(String),
    /// 400: a query parameter with a value that is not allowed.
    InvalidQuery(&'static str),
    /// 401: whose request this is cannot be known.
    Unauthenticated(TokenError),
    /// 403: the path names a user who is not the caller.
    UserMismatch,
    /// 403: somebody else's task. Only the enveloped dialect tells it from none.
    NotOwner,
    /// 403: a browser's page of an origin that is not configured.
    OriginNotAllowed,
    /// 404: no such route.
    RouteNotFound,
    /// 404: no such task of the caller's.
    TaskNotFound,
    /// 405: the route exists for other methods: these, as in `Allow`.
    MethodNotAllowed(String),
    /// 408: the body did not arrive in time.
    RequestTimeout,
    /// 413: the body is larger than what a task can need.
    PayloadTooLarge,
    /// 422: well-formed, but these fields are not as they must be.
    Invalid(Vec<Invalid>),
    /// 500: our mistake.
    Internal(String),
    /// 503: not ours and not the client's: the database cannot be reached or is too busy.
    Unavailable(String),
}

/// What is wrong with a token. Clients distinguish "log in" from "refresh" by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// There is none.
    Missing,
    /// It was good until its `exp`.
    Expired,
    /// It was not signed with the key, or not as it now reads.
    Signature,
    /// Anything else.
    Invalid,
}

/// One field that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Invalid {
    /// Its name in the request.
    #[schema(example = "title")]
    pub field: &'static str,
    /// A sentence for the person who filled it in.
    #[schema(example = "Title is required and cannot be empty")]
    pub message: &'static str,
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
    /// The status of the bare dialect. The enveloped one may prefer another.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::MalformedRequest | Self::InvalidJson(_) | Self::InvalidQuery(_) => Status::BadRequest,
            Self::Unauthenticated(_) => Status::Unauthorized,
            Self::UserMismatch | Self::NotOwner | Self::OriginNotAllowed => Status::Forbidden,
            Self::RouteNotFound | Self::TaskNotFound => Status::NotFound,
            Self::MethodNotAllowed(_) => Status::MethodNotAllowed,
            Self::RequestTimeout => Status::RequestTimeout,
            Self::PayloadTooLarge => Status::PayloadTooLarge,
            Self::Invalid(_) => Status::UnprocessableEntity,
            Self::Internal(_) => Status::InternalServerError,
            Self::Unavailable(_) => Status::ServiceUnavailable,
        }
    }

    /// One sentence for the client. It quotes nothing of the request and nothing of ours.
    #[must_use]
    pub fn message(&self) -> Cow<'static, str> {
        match self {
            Self::MalformedRequest => "Malformed request".into(),
            Self::InvalidJson(why) => format!("Request body is not valid JSON: {why}").into(),
            Self::InvalidQuery(message) => (*message).into(),
            Self::Unauthenticated(token) => token.message().into(),
            Self::UserMismatch => "Not authorized to access this resource".into(),
            Self::NotOwner => "Not authorized to access this task".into(),
            Self::OriginNotAllowed => "Origin not allowed".into(),
            Self::RouteNotFound => "Not found".into(),
            Self::TaskNotFound => "Task not found".into(),
            Self::MethodNotAllowed(_) => "Method not allowed".into(),
            Self::RequestTimeout => "Request body did not arrive in time".into(),
            Self::PayloadTooLarge => "Request body must be at most 64 KiB".into(),
            Self::Invalid(fields) => joined_messages(fields).into(),
            Self::Internal(_) => "Internal server error".into(),
            Self::Unavailable(_) => "Service temporarily unavailable".into(),
        }
    }

    /// For the log alone: what happened behind a 500 or 503.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::Internal(cause) | Self::Unavailable(cause) => Some(cause),
            _ => None,
        }
    }

    /// Adds the headers HTTP wants beside the status.
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

    /// Notes the problem on the request, for its catcher, and gives the status to fail with. Of several the first
    /// counts: it is the cause of the others.
    pub fn record(self, request: &Request<'_>) -> Status {
        let status = self.status();
        let _ = recorded(request).set(self);
        status
    }

    /// What was noted on the request, if anything.
    #[must_use]
    pub fn recorded<'r>(request: &'r Request<'_>) -> Option<&'r Self> {
        recorded(request).get()
    }
}

struct Recorded(OnceLock<ApiError>);

fn recorded<'r>(request: &'r Request<'_>) -> &'r OnceLock<ApiError> {
    &request.local_cache(|| Recorded(OnceLock::new())).0
}

fn joined_messages(fields: &[Invalid]) -> String {
    let mut text = String::new();
    for (n, invalid) in fields.iter().enumerate() {
        let _ = write!(text, "{}{}", if n == 0 { "" } else { "; " }, invalid.message);
    }
    text
}

/// A handler that fails returns its problem; which words the client sees is its catcher's business.
impl<'r> Responder<'r, 'static> for ApiError {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Err(self.record(request))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cause().unwrap_or(&self.message()))
    }
}

impl std::error::Error for ApiError {}
