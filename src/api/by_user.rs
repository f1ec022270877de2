//! The same routes with the caller's id in the path, which [`PathUser`] compares with the token.
//!
//! They rank before those without: `/api/tasks/tasks` is the list of a user called `tasks`, since `tasks` is no task's id.

use rocket::response::status::{Created, NoContent};
use rocket::serde::json::Json;
use rocket::{Route, delete, get, patch, post, put, routes};

use super::task_stream::TaskStream;
use super::query::ListQuery;
use super::tasks;
use crate::auth::PathUser;
use crate::error::ApiError;
use crate::request::{Body, NoBody, TaskId};
use crate::store::Store;
use crate::task::{TaskPatch, Completion, NewTask, Task};

type Answer<T> = Result<Json<T>, ApiError>;

pub(super) fn routes() -> Vec<Route> {
    routes![list, create, show, replace, update, remove, complete]
}

#[get("/<_>/tasks", rank = 5)]
async fn list<'r>(user: PathUser<'r>, query: ListQuery, store: &'r Store) -> Result<TaskStream<'r>, ApiError> {
    tasks::list(user.0, query, store).await
}

#[post("/<_>/tasks", data = "<new>", rank = 5)]
async fn create(
    user: PathUser<'_>,
    store: &Store,
    new: Body<NewTask>,
) -> Result<Created<Json<Task>>, ApiError> {
    tasks::create(user.0, store, new).await
}

#[get("/<_>/tasks/<id>", rank = 5)]
async fn show(user: PathUser<'_>, store: &Store, id: TaskId) -> Answer<Task> {
    tasks::show(user.0, store, id).await
}

#[put("/<_>/tasks/<id>", data = "<changes>", rank = 5)]
async fn replace(user: PathUser<'_>, store: &Store, id: TaskId, changes: Body<TaskPatch>) -> Answer<Task> {
    tasks::update(user.0, store, id, changes).await
}

#[patch("/<_>/tasks/<id>", data = "<changes>", rank = 5)]
async fn update(user: PathUser<'_>, store: &Store, id: TaskId, changes: Body<TaskPatch>) -> Answer<Task> {
    tasks::update(user.0, store, id, changes).await
}

#[delete("/<_>/tasks/<id>", data = "<body>", rank = 5)]
async fn remove(user: PathUser<'_>, store: &Store, id: TaskId, body: NoBody) -> Result<NoContent, ApiError> {
    tasks::remove(user.0, store, id, body).await
}

#[patch("/<_>/tasks/<id>/complete", data = "<completion>", rank = 5)]
async fn complete(
    user: PathUser<'_>,
    store: &Store,
    id: TaskId,
    completion: Body<Completion>,
) -> Answer<Task> {
    tasks::complete(user.0, store, id, completion).await
}
