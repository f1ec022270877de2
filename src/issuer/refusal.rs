//! What Better Auth's protocol can answer but success, in its words.

use std::borrow::Cow;
use std::sync::OnceLock;

use rocket::http::Status;
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;

/// Why a request to `/api/auth` is not answered as it was meant.
#[derive(Debug, Clone)]
pub(super) enum Refusal {
    /// 400: not JSON.
    NotJson,
    /// 400: not of the shape it must have.
    Validation(String),
    /// 400: no address.
    InvalidEmail,
    /// 400: fewer than 8 UTF-16 units.
    PasswordTooShort,
    /// 400: more than 128 UTF-16 units.
    PasswordTooLong,
    /// 400: not the password of whoever is signed in.
    InvalidPassword,
    /// 400: there is no password, for who signed up did so elsewhere.
    NoPassword,
    /// 400: no such link, or one that was used or is too old.
    InvalidToken,
    /// 400: nothing to change.
    NoFields,
    /// 400: an address cannot be changed.
    EmailCannotBeUpdated,
    /// 400: so old a session may not delete its user without the password.
    SessionExpired,
    /// 401: one of the two is wrong, and which is not said.
    InvalidEmailOrPassword,
    /// 401: not signed in.
    Unauthorized,
    /// 403: so old a session may not see the others.
    SessionNotFresh,
    /// 403: a page that is not trusted.
    InvalidOrigin,
    /// 403: a page that does not say what it is.
    MissingOrNullOrigin,
    /// 403: a foreign page that leads its visitor here to sign in.
    CrossSiteNavigation,
    /// 403: a link that leads to where nobody trusts.
    InvalidCallbackUrl,
    /// 403: the same, where it is called so.
    InvalidRedirectUrl,
    /// 404: no such route, or no such method of it.
    NoRoute,
    /// 415: neither JSON nor, where that may be, a form. What it is, and what it may be.
    MediaType(String, &'static str),
    /// 422: somebody has that address already.
    UserExists,
    /// 429: too often. Seconds to wait.
    TooManyRequests(u64),
    /// What is no more this protocol's than any other's.
    Other(ApiError),
}

/// `{message, code}`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuthError)]
pub(super) struct RefusalBody {
    /// One readable sentence.
    message: Cow<'static, str>,
    /// For programs. Some have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    code: Option<&'static str>,
}

impl From<ApiError> for Refusal {
    fn from(problem: ApiError) -> Self {
        match problem {
            ApiError::RouteNotFound | ApiError::MethodNotAllowed(_) => Self::NoRoute,
            ApiError::OriginNotAllowed => Self::InvalidOrigin,
            other => Self::Other(other),
        }
    }
}

impl Refusal {
    pub(super) fn status(&self) -> Status {
        match self {
            Self::NotJson
            | Self::Validation(_)
            | Self::InvalidEmail
            | Self::PasswordTooShort
            | Self::PasswordTooLong
            | Self::InvalidPassword
            | Self::NoPassword
            | Self::InvalidToken
            | Self::NoFields
            | Self::EmailCannotBeUpdated
            | Self::SessionExpired => Status::BadRequest,
            Self::InvalidEmailOrPassword | Self::Unauthorized => Status::Unauthorized,
            Self::SessionNotFresh
            | Self::InvalidOrigin
            | Self::MissingOrNullOrigin
            | Self::CrossSiteNavigation
            | Self::InvalidCallbackUrl
            | Self::InvalidRedirectUrl => Status::Forbidden,
            Self::NoRoute => Status::NotFound,
            Self::MediaType(..) => Status::UnsupportedMediaType,
            Self::UserExists => Status::UnprocessableEntity,
            Self::TooManyRequests(_) => Status::TooManyRequests,
            Self::Other(problem) => problem.status(),
        }
    }

    pub(super) fn body(&self) -> RefusalBody {
        let (code, message): (_, Cow<'static, str>) = match self {
            Self::NotJson => (Some("BAD_REQUEST"), "Invalid JSON in request body".into()),
            Self::Validation(message) => (Some("VALIDATION_ERROR"), message.clone().into()),
            Self::InvalidEmail => (Some("INVALID_EMAIL"), "Invalid email".into()),
            Self::PasswordTooShort => (Some("PASSWORD_TOO_SHORT"), "Password too short".into()),
            Self::PasswordTooLong => (Some("PASSWORD_TOO_LONG"), "Password too long".into()),
            Self::InvalidPassword => (Some("INVALID_PASSWORD"), "Invalid password".into()),
            Self::NoPassword => (Some("CREDENTIAL_ACCOUNT_NOT_FOUND"), "Credential account not found".into()),
            Self::InvalidToken => (Some("INVALID_TOKEN"), "Invalid token".into()),
            Self::NoFields => (None, "No fields to update".into()),
            Self::EmailCannotBeUpdated => {
                (Some("EMAIL_CAN_NOT_BE_UPDATED"), "Email can not be updated".into())
            }
            Self::SessionExpired => {
                (Some("SESSION_EXPIRED"), "Session expired. Re-authenticate to perform this action.".into())
            }
            Self::InvalidEmailOrPassword => {
                (Some("INVALID_EMAIL_OR_PASSWORD"), "Invalid email or password".into())
            }
            Self::Unauthorized => (Some("UNAUTHORIZED"), "Unauthorized".into()),
            Self::SessionNotFresh => (Some("SESSION_NOT_FRESH"), "Session is not fresh".into()),
            Self::InvalidOrigin => (Some("INVALID_ORIGIN"), "Invalid origin".into()),
            Self::MissingOrNullOrigin => (Some("MISSING_OR_NULL_ORIGIN"), "Missing or null Origin".into()),
            Self::CrossSiteNavigation => (
                Some("CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"),
                "Cross-site navigation login blocked. This request appears to be a CSRF attack.".into(),
            ),
            Self::InvalidCallbackUrl => (Some("INVALID_CALLBACK_URL"), "Invalid callbackURL".into()),
            Self::InvalidRedirectUrl => (Some("INVALID_REDIRECT_URL"), "Invalid redirectURL".into()),
            Self::NoRoute => (Some("NOT_FOUND"), "Not found".into()),
            Self::MediaType(is, may) => (
                Some("UNSUPPORTED_MEDIA_TYPE"),
                format!("Content-Type \"{is}\" is not allowed. Allowed types: {may}").into(),
            ),
            Self::UserExists => (
                Some("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"),
                "User already exists. Use another email.".into(),
            ),
            Self::TooManyRequests(_) => (None, "Too many requests. Please try again later.".into()),
            Self::Other(problem) => (Some(code_of(problem)), problem.message()),
        };
        RefusalBody { message, code }
    }

    /// Adds the headers HTTP wants beside the status.
    pub(super) fn add_headers(&self, response: &mut Response<'_>) {
        match self {
            Self::TooManyRequests(seconds) => {
                response.set_raw_header("Retry-After", seconds.to_string());
                // Where Better Auth's client looks.
                response.set_raw_header("X-Retry-After", seconds.to_string());
            }
            Self::Unauthorized => {
                response.set_raw_header("WWW-Authenticate", "Bearer");
            }
            Self::Other(problem) => problem.add_headers(response),
            _ => {}
        }
    }

    /// Notes the refusal on the request, for its catcher, and gives the status to fail with.
    pub(super) fn record(self, request: &Request<'_>) -> Status {
        let status = self.status();
        if let Self::Other(problem) = &self {
            // The log looks there for what was behind a 500.
            problem.clone().record(request);
        }
        let _ = recorded(request).set(self);
        status
    }

    pub(super) fn recorded<'r>(request: &'r Request<'_>) -> Option<&'r Self> {
        recorded(request).get()
    }
}

fn code_of(problem: &ApiError) -> &'static str {
    match problem.status().code {
        408 => "REQUEST_TIMEOUT",
        413 => "PAYLOAD_TOO_LARGE",
        503 => "SERVICE_UNAVAILABLE",
        500.. => "INTERNAL_SERVER_ERROR",
        _ => "BAD_REQUEST",
    }
}

fn recorded<'r>(request: &'r Request<'_>) -> &'r OnceLock<Refusal> {
    request.local_cache(OnceLock::new)
}

/// A handler that fails returns its refusal; the catcher says it.
impl<'r> Responder<'r, 'static> for Refusal {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Err(self.record(request))
    }
}
