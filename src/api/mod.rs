//! The task routes. They are the same for each dialect: the shape of a request decodes its body and encodes its response.

mod list;
mod response;
mod tasks;

use std::sync::Arc;

use rocket::fairing::AdHoc;
use rocket::http::Status;
use rocket::request::Request;
use rocket::{catch, catchers};

use crate::error::ApiError;
use crate::fairings::{self, ErrorResponse};
use crate::request::{error_for, with_method_fallbacks};
use crate::shape::{Shape, Shapes};
use crate::store::UserTasks;
use crate::task::TaskId;

/// Mounts the task routes at the paths of all shapes. The catcher is registered at the root, so that errors outside of any API are JSON as
/// well.
#[must_use]
pub fn stage(shapes: Arc<Shapes>) -> AdHoc {
    AdHoc::on_ignite("API", move |rocket| async move {
        shapes
            .mounts()
            .into_iter()
            .fold(rocket, |rocket, path| rocket.mount(path, with_method_fallbacks(tasks::routes())))
            .register("/", catchers![error_response])
    })
}

#[catch(default)]
async fn error_response<'r>(status: Status, request: &'r Request<'_>) -> ErrorResponse<'r> {
    respond_in_shape(status, request).await
}

/// Renders the error of a request in its shape. The catchers of the issuer are registered at paths that task paths can begin with, and call
/// this for them.
pub(crate) async fn respond_in_shape<'r>(status: Status, request: &'r Request<'_>) -> ErrorResponse<'r> {
    let error = error_for(status, request);
    let (status, body) = Shape::of(request).map(|shape| shape.error(&error)).unzip();
    let status = status.unwrap_or(error.status());
    fairings::respond_with_error(request, status, &body, |response| error.add_headers(response)).await
}

/// The error for a task that the caller does not have. A shape may tell another user's task from a missing task.
async fn missing(tasks: &UserTasks<'_>, id: TaskId, shape: &Shape) -> ApiError {
    if !shape.config.forbid_other_users {
        return ApiError::TaskNotFound;
    }
    match tasks.exists_for_other_user(id).await {
        Ok(true) => ApiError::NotOwner,
        Ok(false) => ApiError::TaskNotFound,
        Err(error) => error,
    }
}
