//! Task routes of the enveloped dialect.

use rocket::response::status::{Created, NoContent};
use rocket::serde::json::Json;
use rocket::{Route, delete, get, patch, post, put, routes};

use super::body::V1Body;
use super::query::ListQuery;
use super::response::{Envelope, JsonResult, TaskPage, TaskWithStatus, ok};
use crate::auth::AuthUser;
use crate::error::ApiError;
use crate::request::{Body, NoBody};
use crate::store::{Store, UserTasks};
use crate::task::{Completion, NewTask, Task, TaskId, TaskPatch};

pub(super) fn routes() -> Vec<Route> {
    routes![list, create, show, replace, update, remove, complete, complete_by_post, toggle, toggle_by_post]
}

#[get("/tasks")]
async fn list(user: &AuthUser, query: ListQuery, store: &Store) -> JsonResult<TaskPage> {
    let tasks = store.for_user(user);
    let page = tasks.page(query.options, query.page).await?;
    let total = match query.page.total_if_last_page(page.len()) {
        Some(total) => total,
        None => tasks.count(query.options).await?,
    };
    Ok(ok(TaskPage::new(page, total, query.page)))
}

#[post("/tasks", data = "<new>")]
async fn create(
    user: &AuthUser,
    store: &Store,
    new: Body<V1Body<NewTask>>,
) -> Result<Created<Json<Envelope<TaskWithStatus>>>, ApiError> {
    let task = store.for_user(user).create(&new.0.into_inner()).await?;
    Ok(Created::new(format!("/api/v1/tasks/{}", task.id)).body(ok(task.into())))
}

#[get("/tasks/<id>")]
async fn show(user: &AuthUser, store: &Store, id: TaskId) -> JsonResult<TaskWithStatus> {
    let tasks = store.for_user(user);
    let task = tasks.get(id).await?;
    found(&tasks, id, task).await
}

#[put("/tasks/<id>", data = "<patch>")]
async fn replace(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    patch: Body<V1Body<TaskPatch>>,
) -> JsonResult<TaskWithStatus> {
    update(user, store, id, patch).await
}

#[patch("/tasks/<id>", data = "<patch>")]
async fn update(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    patch: Body<V1Body<TaskPatch>>,
) -> JsonResult<TaskWithStatus> {
    let tasks = store.for_user(user);
    let task = tasks.update(id, &patch.0.into_inner()).await?;
    found(&tasks, id, task).await
}

#[delete("/tasks/<id>", data = "<_body>")]
async fn remove(user: &AuthUser, store: &Store, id: TaskId, _body: NoBody) -> Result<NoContent, ApiError> {
    let tasks = store.for_user(user);
    if tasks.delete(id).await? { Ok(NoContent) } else { Err(missing_or_forbidden(&tasks, id).await?) }
}

#[patch("/tasks/<id>/complete", data = "<completion>")]
async fn complete(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    completion: Body<V1Body<Completion>>,
) -> JsonResult<TaskWithStatus> {
    let tasks = store.for_user(user);
    let task = tasks.complete(id, completion.0.into_inner()).await?;
    found(&tasks, id, task).await
}

/// `POST …/complete` and `…/toggle` do the same, because frontends differ in how they call it.
#[post("/tasks/<id>/complete", data = "<completion>")]
async fn complete_by_post(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    completion: Body<V1Body<Completion>>,
) -> JsonResult<TaskWithStatus> {
    complete(user, store, id, completion).await
}

#[patch("/tasks/<id>/toggle", data = "<completion>")]
async fn toggle(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    completion: Body<V1Body<Completion>>,
) -> JsonResult<TaskWithStatus> {
    complete(user, store, id, completion).await
}

#[post("/tasks/<id>/toggle", data = "<completion>")]
async fn toggle_by_post(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    completion: Body<V1Body<Completion>>,
) -> JsonResult<TaskWithStatus> {
    complete(user, store, id, completion).await
}

async fn found(tasks: &UserTasks<'_>, id: TaskId, task: Option<Task>) -> JsonResult<TaskWithStatus> {
    match task {
        Some(task) => Ok(ok(task.into())),
        None => Err(missing_or_forbidden(tasks, id).await?),
    }
}

/// The error for a task that the caller does not have. This dialect tells another user's task from a missing task.
async fn missing_or_forbidden(tasks: &UserTasks<'_>, id: TaskId) -> Result<ApiError, ApiError> {
    let is_forbidden = tasks.exists_for_other_user(id).await?;
    Ok(if is_forbidden { ApiError::NotOwner } else { ApiError::TaskNotFound })
}
