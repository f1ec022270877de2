//! The caller's tasks.

use rocket::response::status::{Created, NoContent};
use rocket::serde::json::Json;
use rocket::{Route, delete, get, patch, post, put, routes};

use super::listing::Listing;
use super::query::ListQuery;
use crate::auth::AuthUser;
use crate::problem::Problem;
use crate::request::{Body, NoBody};
use crate::store::Store;
use crate::task::{Changes, Completion, NewTask, Task, TaskId};

type Answer<T> = Result<Json<T>, Problem>;

pub(super) fn routes() -> Vec<Route> {
    routes![list, create, show, replace, update, remove, complete]
}

#[get("/tasks")]
async fn list<'r>(user: &'r AuthUser, query: ListQuery, store: &'r Store) -> Result<Listing<'r>, Problem> {
    Listing::read(user, store, query.filter).await
}

#[post("/tasks", data = "<new>")]
async fn create(user: &AuthUser, store: &Store, new: Body<NewTask>) -> Result<Created<Json<Task>>, Problem> {
    let task = store.of(user).create(&new.0).await?;
    Ok(Created::new(format!("/api/tasks/{}", task.id)).body(Json(task)))
}

#[get("/tasks/<id>")]
async fn show(user: &AuthUser, store: &Store, id: TaskId) -> Answer<Task> {
    store.of(user).show(id).await.map(Json)
}

/// `PUT` changes only the fields it is given, as `PATCH` does: frontends send it so.
#[put("/tasks/<id>", data = "<changes>")]
async fn replace(user: &AuthUser, store: &Store, id: TaskId, changes: Body<Changes>) -> Answer<Task> {
    update(user, store, id, changes).await
}

#[patch("/tasks/<id>", data = "<changes>")]
async fn update(user: &AuthUser, store: &Store, id: TaskId, changes: Body<Changes>) -> Answer<Task> {
    store.of(user).update(id, &changes.0).await.map(Json)
}

#[delete("/tasks/<id>", data = "<_body>")]
async fn remove(user: &AuthUser, store: &Store, id: TaskId, _body: NoBody) -> Result<NoContent, Problem> {
    store.of(user).delete(id).await.map(|()| NoContent)
}

#[patch("/tasks/<id>/complete", data = "<completion>")]
async fn complete(user: &AuthUser, store: &Store, id: TaskId, completion: Body<Completion>) -> Answer<Task> {
    store.of(user).complete(id, completion.0).await.map(Json)
}
