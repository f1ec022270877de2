//! The caller's tasks.

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

type Answer<T> = Result<Json<T>, ApiError>;

pub(super) fn routes() -> Vec<Route> {
    routes![list, create, show, replace, update, remove, complete]
}

#[get("/tasks")]
async fn list<'r>(
    user: &'r AuthUser,
    query: ListQuery,
    store: &'r Store,
) -> Result<TaskStream<'r>, ApiError> {
    TaskStream::read(user, store, query.filter).await
}

#[post("/tasks", data = "<new>")]
async fn create(user: &AuthUser, store: &Store, new: Body<NewTask>) -> Result<Created<Json<Task>>, ApiError> {
    let task = store.for_user(user).create(&new.0).await?;
    Ok(Created::new(format!("/api/tasks/{}", task.id)).body(Json(task)))
}

#[get("/tasks/<id>")]
async fn show(user: &AuthUser, store: &Store, id: TaskId) -> Answer<Task> {
    store.for_user(user).show(id).await.map(Json)
}

/// `PUT` changes only the fields it is given, as `PATCH` does: frontends send it so.
#[put("/tasks/<id>", data = "<changes>")]
async fn replace(user: &AuthUser, store: &Store, id: TaskId, changes: Body<TaskPatch>) -> Answer<Task> {
    update(user, store, id, changes).await
}

#[patch("/tasks/<id>", data = "<changes>")]
async fn update(user: &AuthUser, store: &Store, id: TaskId, changes: Body<TaskPatch>) -> Answer<Task> {
    store.for_user(user).update(id, &changes.0).await.map(Json)
}

#[delete("/tasks/<id>", data = "<_body>")]
async fn remove(user: &AuthUser, store: &Store, id: TaskId, _body: NoBody) -> Result<NoContent, ApiError> {
    store.for_user(user).delete(id).await.map(|()| NoContent)
}

#[patch("/tasks/<id>/complete", data = "<completion>")]
async fn complete(user: &AuthUser, store: &Store, id: TaskId, completion: Body<Completion>) -> Answer<Task> {
    store.for_user(user).complete(id, completion.0).await.map(Json)
}
