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

/// What went wrong. The causes in [`Problem::Internal`] and [`Problem::Unavailable`] are for the log alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// 400: a request that is not HTTP as this server speaks it.
    Malformed,
    /// 400: the body is not JSON; why, without quoting it.
    NotJson(String),
    /// 400: a query parameter with a value that is not allowed.
    BadQuery(&'static str),
    /// 401: whose request this is cannot be known.
    Unauthenticated(TokenProblem),
    /// 403: the path names a user who is not the caller.
    NotTheCaller,
    /// 403: somebody else's task. Only the enveloped dialect tells it from none.
    NotTheOwner,
    /// 403: a browser's page of an origin that is not configured.
    ForeignOrigin,
    /// 404: no such route.
    NoRoute,
    /// 404: no such task of the caller's.
    NoTask,
    /// 405: the route exists for other methods: these, as in `Allow`.
    MethodNotAllowed(String),
    /// 408: the body did not arrive in time.
    TooSlow,
    /// 413: the body is larger than what a task can need.
    TooLarge,
    /// 422: well-formed, but these fields are not as they must be.
    Invalid(Vec<Invalid>),
    /// 500: our mistake.
    Internal(String),
    /// 503: not ours and not the client's: the database cannot be reached or is too busy.
    Unavailable(String),
}

/// What is wrong with a token. Clients distinguish "log in" from "refresh" by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenProblem {
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

impl TokenProblem {
    fn message(self) -> &'static str {
        match self {
            Self::Missing => "Missing authorization token",
            Self::Expired => "Token has expired",
            Self::Signature => "Invalid token signature",
            Self::Invalid => "Invalid token",
        }
    }
}

impl Problem {
    /// The status of the bare dialect. The enveloped one may prefer another.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::Malformed | Self::NotJson(_) | Self::BadQuery(_) => Status::BadRequest,
            Self::Unauthenticated(_) => Status::Unauthorized,
            Self::NotTheCaller | Self::NotTheOwner | Self::ForeignOrigin => Status::Forbidden,
            Self::NoRoute | Self::NoTask => Status::NotFound,
            Self::MethodNotAllowed(_) => Status::MethodNotAllowed,
            Self::TooSlow => Status::RequestTimeout,
            Self::TooLarge => Status::PayloadTooLarge,
            Self::Invalid(_) => Status::UnprocessableEntity,
            Self::Internal(_) => Status::InternalServerError,
            Self::Unavailable(_) => Status::ServiceUnavailable,
        }
    }

    /// One sentence for the client. It quotes nothing of the request and nothing of ours.
    #[must_use]
    pub fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Malformed => "Malformed request".into(),
            Self::NotJson(why) => format!("Request body is not valid JSON: {why}").into(),
            Self::BadQuery(message) => (*message).into(),
            Self::Unauthenticated(token) => token.message().into(),
            Self::NotTheCaller => "Not authorized to access this resource".into(),
            Self::NotTheOwner => "Not authorized to access this task".into(),
            Self::ForeignOrigin => "Origin not allowed".into(),
            Self::NoRoute => "Not found".into(),
            Self::NoTask => "Task not found".into(),
            Self::MethodNotAllowed(_) => "Method not allowed".into(),
            Self::TooSlow => "Request body did not arrive in time".into(),
            Self::TooLarge => "Request body must be at most 64 KiB".into(),
            Self::Invalid(fields) => sentences(fields).into(),
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
            Self::Unauthenticated(TokenProblem::Missing) => {
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
    pub fn note(self, request: &Request<'_>) -> Status {
        let status = self.status();
        let _ = noted(request).set(self);
        status
    }

    /// What was noted on the request, if anything.
    #[must_use]
    pub fn noted<'r>(request: &'r Request<'_>) -> Option<&'r Self> {
        noted(request).get()
    }
}

struct Noted(OnceLock<Problem>);

fn noted<'r>(request: &'r Request<'_>) -> &'r OnceLock<Problem> {
    &request.local_cache(|| Noted(OnceLock::new())).0
}

fn sentences(fields: &[Invalid]) -> String {
    let mut text = String::new();
    for (n, invalid) in fields.iter().enumerate() {
        let _ = write!(text, "{}{}", if n == 0 { "" } else { "; " }, invalid.message);
    }
    text
}

/// A handler that fails returns its problem; which words the client sees is its catcher's business.
impl<'r> Responder<'r, 'static> for Problem {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Err(self.note(request))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cause().unwrap_or(&self.message()))
    }
}

impl std::error::Error for Problem {}
