//! Errors of `/api/auth`, with the codes and messages of Better Auth's protocol.
//!
//! They are recorded beside those of the task API ([`ApiError`]), because the catcher of the issuer renders them in another form. An error that
//! both have, such as an unavailable database, is recorded as both: the request log reads its cause from [`ApiError::recorded`].

use std::borrow::Cow;
use std::sync::OnceLock;

use rocket::http::Status;
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;

/// Error of a request to `/api/auth`. Most variants have the name of the protocol's code.
#[derive(Debug, Clone)]
pub(super) enum AuthError {
    /// 400: the body is not JSON.
    InvalidJson,
    /// 400: the body is not the form that its media type names.
    InvalidForm,
    /// 400: a field of the body has the wrong type or length.
    Validation(String),
    /// 400: sign-in with a malformed email.
    InvalidEmail,
    /// 400: fewer than 8 UTF-16 code units.
    PasswordTooShort,
    /// 400: more than 128 UTF-16 code units.
    PasswordTooLong,
    /// 400: not the password of the signed-in user.
    InvalidPassword,
    /// 400: the user has no password, because the user signed up with another provider.
    CredentialAccountNotFound,
    /// 400: the password reset token is unknown, used or expired.
    InvalidToken,
    /// 400: the update has no field.
    NoFieldsToUpdate,
    /// 400: the update has an email.
    EmailCannotBeUpdated,
    /// 400: the session is not fresh, so deleting the user needs the password.
    SessionExpired,
    /// 401: unknown email or wrong password. The response does not tell which.
    InvalidEmailOrPassword,
    /// 401: unknown user name or wrong password. The response does not tell which.
    InvalidUsernameOrPassword,
    /// 401: no session, or an expired session.
    Unauthorized,
    /// 403: the session is not fresh, so it may not list sessions.
    SessionNotFresh,
    /// 403: the origin is not trusted.
    InvalidOrigin,
    /// 403: a browser sent no origin, or `null`.
    MissingOrNullOrigin,
    /// 403: a page of another site navigates to a sign-in.
    CrossSiteNavigationLoginBlocked,
    /// 403: `callbackURL` is not of a trusted origin.
    InvalidCallbackUrl,
    /// 403: `redirectTo` is not of a trusted origin.
    InvalidRedirectUrl,
    /// 404: unknown route, or a method that the route does not have.
    RouteNotFound,
    /// 415: the request's media type, and the media types that the route accepts.
    UnsupportedMediaType(String, &'static str),
    /// 422: the email is taken.
    UserAlreadyExists,
    /// 422: the user name is taken.
    UsernameTaken,
    /// 429: rate limit exceeded. Seconds until the next attempt.
    TooManyRequests(u64),
    /// An error that is not specific to this protocol.
    Other(ApiError),
}

/// Error body: `{message, code}`, and `detail` at the login routes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuthError)]
pub(super) struct AuthErrorBody {
    /// Human-readable message.
    message: Cow<'static, str>,
    /// Machine-readable code. Some errors have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    code: Option<&'static str>,
    /// Same as `message`. Only the login routes have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<Cow<'static, str>>,
}

impl From<ApiError> for AuthError {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::RouteNotFound | ApiError::MethodNotAllowed(_) => Self::RouteNotFound,
            ApiError::OriginNotAllowed => Self::InvalidOrigin,
            other => Self::Other(other),
        }
    }
}

impl AuthError {
    pub(super) fn status(&self) -> Status {
        match self {
            Self::InvalidJson
            | Self::InvalidForm
            | Self::Validation(_)
            | Self::InvalidEmail
            | Self::PasswordTooShort
            | Self::PasswordTooLong
            | Self::InvalidPassword
            | Self::CredentialAccountNotFound
            | Self::InvalidToken
            | Self::NoFieldsToUpdate
            | Self::EmailCannotBeUpdated
            | Self::SessionExpired => Status::BadRequest,
            Self::InvalidEmailOrPassword | Self::InvalidUsernameOrPassword | Self::Unauthorized => {
                Status::Unauthorized
            }
            Self::SessionNotFresh
            | Self::InvalidOrigin
            | Self::MissingOrNullOrigin
            | Self::CrossSiteNavigationLoginBlocked
            | Self::InvalidCallbackUrl
            | Self::InvalidRedirectUrl => Status::Forbidden,
            Self::RouteNotFound => Status::NotFound,
            Self::UnsupportedMediaType(..) => Status::UnsupportedMediaType,
            Self::UserAlreadyExists | Self::UsernameTaken => Status::UnprocessableEntity,
            Self::TooManyRequests(_) => Status::TooManyRequests,
            Self::Other(error) => error.status(),
        }
    }

    pub(super) fn body(&self) -> AuthErrorBody {
        let (code, message): (_, Cow<'static, str>) = match self {
            Self::InvalidJson => (Some("BAD_REQUEST"), "Invalid JSON in request body".into()),
            Self::InvalidForm => (Some("BAD_REQUEST"), "Invalid form in request body".into()),
            Self::Validation(message) => (Some("VALIDATION_ERROR"), message.clone().into()),
            Self::InvalidEmail => (Some("INVALID_EMAIL"), "Invalid email".into()),
            Self::PasswordTooShort => (Some("PASSWORD_TOO_SHORT"), "Password too short".into()),
            Self::PasswordTooLong => (Some("PASSWORD_TOO_LONG"), "Password too long".into()),
            Self::InvalidPassword => (Some("INVALID_PASSWORD"), "Invalid password".into()),
            Self::CredentialAccountNotFound => {
                (Some("CREDENTIAL_ACCOUNT_NOT_FOUND"), "Credential account not found".into())
            }
            Self::InvalidToken => (Some("INVALID_TOKEN"), "Invalid token".into()),
            Self::NoFieldsToUpdate => (None, "No fields to update".into()),
            Self::EmailCannotBeUpdated => {
                (Some("EMAIL_CAN_NOT_BE_UPDATED"), "Email can not be updated".into())
            }
            Self::SessionExpired => {
                (Some("SESSION_EXPIRED"), "Session expired. Re-authenticate to perform this action.".into())
            }
            Self::InvalidEmailOrPassword => {
                (Some("INVALID_EMAIL_OR_PASSWORD"), "Invalid email or password".into())
            }
            Self::InvalidUsernameOrPassword => {
                (Some("INVALID_USERNAME_OR_PASSWORD"), "Invalid username or password".into())
            }
            Self::UsernameTaken => {
                (Some("USERNAME_IS_ALREADY_TAKEN"), "Username is already taken. Please try another.".into())
            }
            Self::Unauthorized => (Some("UNAUTHORIZED"), "Unauthorized".into()),
            Self::SessionNotFresh => (Some("SESSION_NOT_FRESH"), "Session is not fresh".into()),
            Self::InvalidOrigin => (Some("INVALID_ORIGIN"), "Invalid origin".into()),
            Self::MissingOrNullOrigin => (Some("MISSING_OR_NULL_ORIGIN"), "Missing or null Origin".into()),
            Self::CrossSiteNavigationLoginBlocked => (
                Some("CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"),
                "Cross-site navigation login blocked. This request appears to be a CSRF attack.".into(),
            ),
            Self::InvalidCallbackUrl => (Some("INVALID_CALLBACK_URL"), "Invalid callbackURL".into()),
            Self::InvalidRedirectUrl => (Some("INVALID_REDIRECT_URL"), "Invalid redirectURL".into()),
            Self::RouteNotFound => (Some("NOT_FOUND"), "Not found".into()),
            Self::UnsupportedMediaType(is, may) => (
                Some("UNSUPPORTED_MEDIA_TYPE"),
                format!("Content-Type \"{is}\" is not allowed. Allowed types: {may}").into(),
            ),
            Self::UserAlreadyExists => (
                Some("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"),
                "User already exists. Use another email.".into(),
            ),
            Self::TooManyRequests(_) => (None, "Too many requests. Please try again later.".into()),
            Self::Other(error) => (Some(code_of(error)), error.message()),
        };
        AuthErrorBody { message, code, detail: None }
    }

    /// The body at the login routes. Frontends of FastAPI read `detail` only.
    pub(super) fn login_body(&self) -> AuthErrorBody {
        let body = self.body();
        AuthErrorBody { detail: Some(body.message.clone()), ..body }
    }

    /// Adds the headers that HTTP requires with the status.
    pub(super) fn add_headers(&self, response: &mut Response<'_>) {
        match self {
            Self::TooManyRequests(seconds) => {
                response.set_raw_header("Retry-After", seconds.to_string());
                // Better Auth's client reads this header.
                response.set_raw_header("X-Retry-After", seconds.to_string());
            }
            Self::Unauthorized => {
                response.set_raw_header("WWW-Authenticate", "Bearer");
            }
            Self::Other(error) => error.add_headers(response),
            _ => {}
        }
    }

    /// Records the error in the request-local cache, for the catcher, and returns the status to fail with. Only the first error is kept.
    pub(super) fn record(self, request: &Request<'_>) -> Status {
        let status = self.status();
        if let Self::Other(error) = &self {
            error.clone().record(request);
        }
        let _ = error_cell(request).set(self);
        status
    }

    /// The error recorded on the request.
    pub(super) fn recorded<'r>(request: &'r Request<'_>) -> Option<&'r Self> {
        error_cell(request).get()
    }
}

fn code_of(error: &ApiError) -> &'static str {
    match error.status().code {
        408 => "REQUEST_TIMEOUT",
        413 => "PAYLOAD_TOO_LARGE",
        503 => "SERVICE_UNAVAILABLE",
        500.. => "INTERNAL_SERVER_ERROR",
        _ => "BAD_REQUEST",
    }
}

fn error_cell<'r>(request: &'r Request<'_>) -> &'r OnceLock<AuthError> {
    request.local_cache(OnceLock::new)
}

/// A handler returns its error with `?`. Rocket then calls the catcher, which formats it.
impl<'r> Responder<'r, 'static> for AuthError {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Err(self.record(request))
    }
}
