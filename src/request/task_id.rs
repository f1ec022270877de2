//! Task ids in paths.

use std::borrow::Cow;

use rocket::request::FromParam;

use crate::task::FieldError;
use crate::task::TaskId;

/// The error for an id that is not an integer. Rocket responds with 422 to a path parameter that fails, and drops the error.
pub(super) const NOT_A_TASK_ID: FieldError =
    FieldError { field: Cow::Borrowed("id"), message: Cow::Borrowed("Task id must be a 64-bit integer") };

impl<'a> FromParam<'a> for TaskId {
    type Error = FieldError;

    fn from_param(param: &'a str) -> Result<Self, FieldError> {
        param.parse().map(Self).map_err(|_| NOT_A_TASK_ID)
    }
}
