//! The caller's tasks.

use rocket::response::status::{Created, NoContent};
use rocket::serde::json::Json;
use rocket::{Route, delete, get, patch, post, put, routes};

use super::query::ListQuery;
use crate::auth::AuthUser;
use crate::problem::Problem;
use crate::request::Body;
use crate::store::Store;
use crate::task::{Changes, Completion, NewTask, Task, TaskId};

type Answer<T> = Result<Json<T>, Problem>;

pub(super) fn routes() -> Vec<Route> {
    routes![list, create, show, replace, update, remove, complete]
}

#[get("/tasks")]
pub(super) async fn list(user: &AuthUser, query: ListQuery, store: &Store) -> Answer<Vec<Task>> {
    store.of(user).list(query.filter).await.map(Json)
}

#[post("/tasks", data = "<new>")]
pub(super) async fn create(
    user: &AuthUser,
    store: &Store,
    new: Body<NewTask>,
) -> Result<Created<Json<Task>>, Problem> {
    let task = store.of(user).create(&new.0).await?;
    Ok(Created::new(format!("/api/tasks/{}", task.id)).body(Json(task)))
}

#[get("/tasks/<id>")]
pub(super) async fn show(user: &AuthUser, store: &Store, id: TaskId) -> Answer<Task> {
    store.of(user).show(id).await.map(Json)
}

/// `PUT` changes only the fields it is given, as `PATCH` does: frontends send it so.
#[put("/tasks/<id>", data = "<changes>")]
pub(super) async fn replace(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    changes: Body<Changes>,
) -> Answer<Task> {
    update(user, store, id, changes).await
}

#[patch("/tasks/<id>", data = "<changes>")]
pub(super) async fn update(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    changes: Body<Changes>,
) -> Answer<Task> {
    store.of(user).update(id, &changes.0).await.map(Json)
}

#[delete("/tasks/<id>")]
pub(super) async fn remove(user: &AuthUser, store: &Store, id: TaskId) -> Result<NoContent, Problem> {
    store.of(user).delete(id).await.map(|()| NoContent)
}

#[patch("/tasks/<id>/complete", data = "<completion>")]
pub(super) async fn complete(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    completion: Body<Completion>,
) -> Answer<Task> {
    store.of(user).complete(id, completion.0).await.map(Json)
}
