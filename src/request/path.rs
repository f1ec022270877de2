//! A task's id in a path.

use std::convert::Infallible;

use rocket::request::FromParam;

use crate::error::{FieldError, ApiError};
use crate::task::TaskId;

/// What stands in a path where a task's id should. A parameter that fails makes Rocket try the next route, and some next
/// route would always take the path for something else; so this one does not fail until it is asked.
#[derive(Debug, Clone, Copy)]
pub struct TaskId(Option<TaskId>);

impl TaskId {
    /// The id, if it is one.
    pub fn get(self) -> Result<TaskId, ApiError> {
        let none = FieldError { field: "id", message: "Task id must be a 64-bit integer" };
        self.0.ok_or_else(|| ApiError::Validation(vec![none]))
    }
}

impl<'a> FromParam<'a> for TaskId {
    type Error = Infallible;

    fn from_param(param: &'a str) -> Result<Self, Infallible> {
        Ok(Self(param.parse().ok().map(TaskId)))
    }
}
