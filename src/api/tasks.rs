//! Task routes of the bare dialect.

use rocket::response::status::{Created, NoContent};
use rocket::serde::json::Json;
use rocket::{Route, delete, get, patch, post, put, routes};

use super::query::ListQuery;
use super::task_stream::TaskStream;
use crate::auth::AuthUser;
use crate::error::ApiError;
use crate::request::{Body, NoBody};
use crate::store::Store;
use crate::task::{Completion, NewTask, Task, TaskId, TaskPatch};

type JsonResult<T> = Result<Json<T>, ApiError>;

pub(super) fn routes() -> Vec<Route> {
    routes![list, create, show, replace, update, remove, complete, complete_by_post, toggle, toggle_by_post]
}

#[get("/tasks")]
async fn list<'r>(
    user: &'r AuthUser,
    query: ListQuery,
    store: &'r Store,
) -> Result<TaskStream<'r>, ApiError> {
    TaskStream::open(user, store, query.options).await
}

#[post("/tasks", data = "<new>")]
async fn create(user: &AuthUser, store: &Store, new: Body<NewTask>) -> Result<Created<Json<Task>>, ApiError> {
    let task = store.for_user(user).create(&new.0).await?;
    Ok(Created::new(format!("/api/tasks/{}", task.id)).body(Json(task)))
}

#[get("/tasks/<id>")]
async fn show(user: &AuthUser, store: &Store, id: TaskId) -> JsonResult<Task> {
    found(store.for_user(user).get(id).await?)
}

/// `PUT` changes only the given fields, as `PATCH` does, because frontends send partial objects.
#[put("/tasks/<id>", data = "<patch>")]
async fn replace(user: &AuthUser, store: &Store, id: TaskId, patch: Body<TaskPatch>) -> JsonResult<Task> {
    update(user, store, id, patch).await
}

#[patch("/tasks/<id>", data = "<patch>")]
async fn update(user: &AuthUser, store: &Store, id: TaskId, patch: Body<TaskPatch>) -> JsonResult<Task> {
    found(store.for_user(user).update(id, &patch.0).await?)
}

#[delete("/tasks/<id>", data = "<_body>")]
async fn remove(user: &AuthUser, store: &Store, id: TaskId, _body: NoBody) -> Result<NoContent, ApiError> {
    let deleted = store.for_user(user).delete(id).await?;
    deleted.then_some(NoContent).ok_or(ApiError::TaskNotFound)
}

#[patch("/tasks/<id>/complete", data = "<completion>")]
async fn complete(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    completion: Body<Completion>,
) -> JsonResult<Task> {
    found(store.for_user(user).complete(id, completion.0).await?)
}

/// `POST …/complete` and `…/toggle` do the same, because frontends differ in how they call it.
#[post("/tasks/<id>/complete", data = "<completion>")]
async fn complete_by_post(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    completion: Body<Completion>,
) -> JsonResult<Task> {
    complete(user, store, id, completion).await
}

#[patch("/tasks/<id>/toggle", data = "<completion>")]
async fn toggle(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    completion: Body<Completion>,
) -> JsonResult<Task> {
    complete(user, store, id, completion).await
}

#[post("/tasks/<id>/toggle", data = "<completion>")]
async fn toggle_by_post(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    completion: Body<Completion>,
) -> JsonResult<Task> {
    complete(user, store, id, completion).await
}

fn found(task: Option<Task>) -> JsonResult<Task> {
    task.map(Json).ok_or(ApiError::TaskNotFound)
}
