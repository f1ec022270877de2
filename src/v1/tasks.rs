//! The caller's tasks.

use rocket::response::status::{Created, NoContent};
use rocket::serde::json::Json;
use rocket::{Route, delete, get, patch, post, put, routes};

use super::body::V1Body;
use super::query::ListQuery;
use super::response::{Answer, Envelope, TaskPage, TaskWithStatus, data};
use crate::auth::AuthUser;
use crate::error::ApiError;
use crate::request::{Body, NoBody};
use crate::store::{Store, UserTasks};
use crate::task::{Completion, NewTask, TaskId, TaskPatch};

pub(super) fn routes() -> Vec<Route> {
    routes![list, create, show, replace, update, remove, complete]
}

#[get("/tasks")]
async fn list(user: &AuthUser, query: ListQuery, store: &Store) -> Answer<TaskPage> {
    let found = store.for_user(user);
    let tasks = found.page(query.filter, query.page).await?;
    let total = match query.page.total_if_last_page(tasks.len()) {
        Some(total) => total,
        None => found.count(query.filter).await?,
    };
    Ok(data(TaskPage::new(tasks, total, query.page)))
}

#[post("/tasks", data = "<new>")]
async fn create(
    user: &AuthUser,
    store: &Store,
    new: Body<V1Body<NewTask>>,
) -> Result<Created<Json<Envelope<TaskWithStatus>>>, ApiError> {
    let task = store.for_user(user).create(&new.0.0).await?;
    Ok(Created::new(format!("/api/v1/tasks/{}", task.id)).body(data(task.into())))
}

#[get("/tasks/<id>")]
async fn show(user: &AuthUser, store: &Store, id: TaskId) -> Answer<TaskWithStatus> {
    let tasks = store.for_user(user);
    let task = or_forbidden(&tasks, id, tasks.show(id).await).await?;
    Ok(data(task.into()))
}

#[put("/tasks/<id>", data = "<changes>")]
async fn replace(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    changes: Body<V1Body<TaskPatch>>,
) -> Answer<TaskWithStatus> {
    update(user, store, id, changes).await
}

#[patch("/tasks/<id>", data = "<changes>")]
async fn update(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    changes: Body<V1Body<TaskPatch>>,
) -> Answer<TaskWithStatus> {
    let tasks = store.for_user(user);
    let task = or_forbidden(&tasks, id, tasks.update(id, &changes.0.0).await).await?;
    Ok(data(task.into()))
}

#[delete("/tasks/<id>", data = "<_body>")]
async fn remove(user: &AuthUser, store: &Store, id: TaskId, _body: NoBody) -> Result<NoContent, ApiError> {
    let tasks = store.for_user(user);
    or_forbidden(&tasks, id, tasks.delete(id).await).await?;
    Ok(NoContent)
}

#[patch("/tasks/<id>/complete", data = "<completion>")]
async fn complete(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    completion: Body<V1Body<Completion>>,
) -> Answer<TaskWithStatus> {
    let tasks = store.for_user(user);
    let task = or_forbidden(&tasks, id, tasks.complete(id, completion.0.0).await).await?;
    Ok(data(task.into()))
}

/// This dialect tells somebody else's task from none. It is asked only when there is none of the caller's.
async fn or_forbidden<T>(
    tasks: &UserTasks<'_>,
    id: TaskId,
    result: Result<T, ApiError>,
) -> Result<T, ApiError> {
    match result {
        Err(ApiError::TaskNotFound) if tasks.exists_for_other_user(id).await? => Err(ApiError::NotOwner),
        other => other,
    }
}
