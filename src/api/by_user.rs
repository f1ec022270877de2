//! The same routes with the caller's id in the path, which [`PathUser`] compares with the token.
//!
//! They rank after those without: of the two that `/tasks/<id>` and `/<user>/tasks` are for `/tasks/tasks`, the first
//! gives way, since `tasks` is no id.

use rocket::response::status::{Created, NoContent};
use rocket::serde::json::Json;
use rocket::{Route, delete, get, patch, post, put, routes};

use super::query::ListQuery;
use super::tasks;
use crate::auth::PathUser;
use crate::problem::Problem;
use crate::request::Body;
use crate::store::Store;
use crate::task::{Changes, Completion, NewTask, Task, TaskId};

type Answer<T> = Result<Json<T>, Problem>;

pub(super) fn routes() -> Vec<Route> {
    routes![list, create, show, replace, update, remove, complete]
}

#[get("/<_>/tasks", rank = 1)]
async fn list(user: PathUser<'_>, query: ListQuery, store: &Store) -> Answer<Vec<Task>> {
    tasks::list(user.0, query, store).await
}

#[post("/<_>/tasks", data = "<new>", rank = 1)]
async fn create(
    user: PathUser<'_>,
    store: &Store,
    new: Body<NewTask>,
) -> Result<Created<Json<Task>>, Problem> {
    tasks::create(user.0, store, new).await
}

#[get("/<_>/tasks/<id>", rank = 1)]
async fn show(user: PathUser<'_>, store: &Store, id: TaskId) -> Answer<Task> {
    tasks::show(user.0, store, id).await
}

#[put("/<_>/tasks/<id>", data = "<changes>", rank = 1)]
async fn replace(user: PathUser<'_>, store: &Store, id: TaskId, changes: Body<Changes>) -> Answer<Task> {
    tasks::update(user.0, store, id, changes).await
}

#[patch("/<_>/tasks/<id>", data = "<changes>", rank = 1)]
async fn update(user: PathUser<'_>, store: &Store, id: TaskId, changes: Body<Changes>) -> Answer<Task> {
    tasks::update(user.0, store, id, changes).await
}

#[delete("/<_>/tasks/<id>", rank = 1)]
async fn remove(user: PathUser<'_>, store: &Store, id: TaskId) -> Result<NoContent, Problem> {
    tasks::remove(user.0, store, id).await
}

#[patch("/<_>/tasks/<id>/complete", data = "<completion>", rank = 1)]
async fn complete(
    user: PathUser<'_>,
    store: &Store,
    id: TaskId,
    completion: Body<Completion>,
) -> Answer<Task> {
    tasks::complete(user.0, store, id, completion).await
}
