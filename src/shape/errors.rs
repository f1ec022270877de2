//! Errors as JSON, in each form.

use std::borrow::Cow;

use rocket::http::Status;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{Object, Type};

use crate::config::{ErrorForm, ErrorPlaceholder};
use crate::error::{ApiError, TokenError};
use crate::task::FieldError;

/// The body of an error response.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ErrorBody {
    /// `{detail, error_code}`.
    Plain(PlainError),
    /// `{data, error}`.
    Enveloped(EnvelopedError),
    /// The members of both.
    Any(AnyError),
    /// A template with its values.
    Filled(Value),
}

/// The status and the body of an error.
pub(super) fn render(form: &ErrorForm, error: &ApiError) -> (Status, ErrorBody) {
    match form {
        ErrorForm::Detail => (error.status(), ErrorBody::Plain(error.into())),
        ErrorForm::Any => (error.status(), ErrorBody::Any(error.into())),
        ErrorForm::Error => {
            let is_invalid = matches!(error, ApiError::Validation(_));
            let status = if is_invalid { Status::BadRequest } else { error.status() };
            (status, ErrorBody::Enveloped(error.into()))
        }
        ErrorForm::Template(template) => {
            (error.status(), ErrorBody::Filled(template.fill(&|it| placeholder(*it, error))))
        }
    }
}

fn placeholder(placeholder: ErrorPlaceholder, error: &ApiError) -> Value {
    match (placeholder, error) {
        (ErrorPlaceholder::Message, _) => json!(error.message()),
        (ErrorPlaceholder::Code, _) => json!(plain_code(error)),
        (ErrorPlaceholder::Status, _) => json!(error.status().code),
        (ErrorPlaceholder::Errors, ApiError::Validation(fields)) => json!(fields),
        (ErrorPlaceholder::Errors, _) => Value::Null,
    }
}

/// `{"detail": …, "error_code": …}`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub struct PlainError {
    /// One readable sentence.
    detail: Cow<'static, str>,
    /// The code for programs.
    error_code: &'static str,
    /// With status 422 only: all invalid fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    errors: Option<Vec<FieldError>>,
}

impl From<&ApiError> for PlainError {
    fn from(error: &ApiError) -> Self {
        let errors = match error {
            ApiError::Validation(fields) => Some(fields.clone()),
            _ => None,
        };
        Self { detail: error.message(), error_code: plain_code(error), errors }
    }
}

/// `{"data": null, "error": {"message": …, "code": …}}`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErrorEnvelope)]
pub struct EnvelopedError {
    /// Always null.
    #[schema(schema_with = null_schema)]
    data: (),
    #[schema(inline)]
    error: ErrorMessage,
}

#[derive(Debug, Serialize, ToSchema)]
struct ErrorMessage {
    /// One readable sentence.
    message: Cow<'static, str>,
    /// The code for programs.
    code: &'static str,
}

impl From<&ApiError> for EnvelopedError {
    fn from(error: &ApiError) -> Self {
        Self { data: (), error: ErrorMessage { message: error.message(), code: enveloped_code(error) } }
    }
}

/// `{"success": false, …}`, with the message by each name that frontends read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnyError)]
pub struct AnyError {
    /// Always false.
    success: bool,
    /// One readable sentence.
    message: Cow<'static, str>,
    #[schema(inline)]
    error: ErrorMessage,
    #[serde(flatten)]
    #[schema(inline)]
    plain: PlainError,
}

impl From<&ApiError> for AnyError {
    fn from(error: &ApiError) -> Self {
        Self {
            success: false,
            message: error.message(),
            error: ErrorMessage { message: error.message(), code: plain_code(error) },
            plain: error.into(),
        }
    }
}

/// The schema of null. utoipa has none for the unit type.
fn null_schema() -> Object {
    Object::with_type(Type::Null)
}

fn plain_code(error: &ApiError) -> &'static str {
    match error {
        ApiError::MalformedRequest | ApiError::InvalidJson(_) | ApiError::InvalidQuery(_) => "BAD_REQUEST",
        ApiError::Unauthenticated(_) => "AUTHENTICATION_REQUIRED",
        ApiError::UserMismatch
        | ApiError::NotOwner
        | ApiError::UnknownAccount
        | ApiError::OriginNotAllowed => "FORBIDDEN",
        ApiError::RouteNotFound | ApiError::TaskNotFound => "RESOURCE_NOT_FOUND",
        ApiError::MethodNotAllowed(_) => "METHOD_NOT_ALLOWED",
        ApiError::RequestTimeout => "REQUEST_TIMEOUT",
        ApiError::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
        ApiError::Validation(_) => "VALIDATION_ERROR",
        ApiError::Internal(_) => "INTERNAL_ERROR",
        ApiError::Unavailable(_) => "SERVICE_UNAVAILABLE",
    }
}

fn enveloped_code(error: &ApiError) -> &'static str {
    match error {
        ApiError::Unauthenticated(TokenError::Missing) => "MISSING_TOKEN",
        ApiError::Unauthenticated(TokenError::Expired) => "TOKEN_EXPIRED",
        ApiError::Unauthenticated(TokenError::Signature) => "INVALID_SIGNATURE",
        ApiError::Unauthenticated(TokenError::Invalid) => "INVALID_TOKEN",
        ApiError::RouteNotFound | ApiError::TaskNotFound => "NOT_FOUND",
        other => plain_code(other),
    }
}
