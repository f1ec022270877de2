//! The same routes with the caller's id in the path, which [`PathUser`] compares with the token.

use rocket::response::status::{Created, NoContent};
use rocket::serde::json::Json;
use rocket::{Route, delete, get, patch, post, put, routes};

use super::body::V1Body;
use super::response::{Answer, Envelope, TaskPage, TaskWithStatus};
use super::query::ListQuery;
use super::tasks;
use crate::auth::PathUser;
use crate::error::ApiError;
use crate::request::{Body, NoBody, TaskId};
use crate::store::Store;
use crate::task::{TaskPatch, Completion, NewTask};

pub(super) fn routes() -> Vec<Route> {
    routes![list, create, show, replace, update, remove, complete]
}

#[get("/<_>/tasks", rank = 1)]
async fn list(user: PathUser<'_>, query: ListQuery, store: &Store) -> Answer<TaskPage> {
    tasks::list(user.0, query, store).await
}

#[post("/<_>/tasks", data = "<new>", rank = 1)]
async fn create(
    user: PathUser<'_>,
    store: &Store,
    new: Body<V1Body<NewTask>>,
) -> Result<Created<Json<Envelope<TaskWithStatus>>>, ApiError> {
    tasks::create(user.0, store, new).await
}

#[get("/<_>/tasks/<id>", rank = 1)]
async fn show(user: PathUser<'_>, store: &Store, id: TaskId) -> Answer<TaskWithStatus> {
    tasks::show(user.0, store, id).await
}

#[put("/<_>/tasks/<id>", data = "<changes>", rank = 1)]
async fn replace(
    user: PathUser<'_>,
    store: &Store,
    id: TaskId,
    changes: Body<V1Body<TaskPatch>>,
) -> Answer<TaskWithStatus> {
    tasks::update(user.0, store, id, changes).await
}

#[patch("/<_>/tasks/<id>", data = "<changes>", rank = 1)]
async fn update(
    user: PathUser<'_>,
    store: &Store,
    id: TaskId,
    changes: Body<V1Body<TaskPatch>>,
) -> Answer<TaskWithStatus> {
    tasks::update(user.0, store, id, changes).await
}

#[delete("/<_>/tasks/<id>", data = "<body>", rank = 1)]
async fn remove(user: PathUser<'_>, store: &Store, id: TaskId, body: NoBody) -> Result<NoContent, ApiError> {
    tasks::remove(user.0, store, id, body).await
}

#[patch("/<_>/tasks/<id>/complete", data = "<completion>", rank = 1)]
async fn complete(
    user: PathUser<'_>,
    store: &Store,
    id: TaskId,
    completion: Body<V1Body<Completion>>,
) -> Answer<TaskWithStatus> {
    tasks::complete(user.0, store, id, completion).await
}
