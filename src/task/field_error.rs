//! Validation errors of single fields.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

/// A field that is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field's name in the request.
    #[schema(value_type = String, example = "title")]
    pub field: Cow<'static, str>,
    /// A sentence for the user who filled in the field.
    #[schema(value_type = String, example = "Title is required and cannot be empty")]
    pub message: Cow<'static, str>,
}

impl FieldError {
    /// The error of a field.
    pub fn new(field: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}
