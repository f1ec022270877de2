//! Validation errors of single fields.

use serde::Serialize;
use utoipa::ToSchema;

/// A field that is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field's name in the request.
    #[schema(example = "title")]
    pub field: &'static str,
    /// A sentence for the user who filled in the field.
    #[schema(example = "Title is required and cannot be empty")]
    pub message: &'static str,
}
